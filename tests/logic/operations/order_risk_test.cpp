#define CAF_SUITE order_risk

#include "logic/operations/order_risk.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;

namespace {

PartitionRaise raise_of(TopicRole role, KeyUse keys) {
  PartitionRaise raise;
  raise.topic = "logins";
  raise.role = role;
  raise.from = 4;
  raise.to = 8;
  raise.keys = keys;
  raise.input_partitions = 4;
  return raise;
}

bool at_risk(const PartitionRaise& raise) {
  return !order_risks(raise).empty();
}

} // namespace

CAF_TEST(records_with_keys_lose_their_order) {
  CAF_CHECK(at_risk(raise_of(TopicRole::input, KeyUse::some)));
  CAF_CHECK(at_risk(raise_of(TopicRole::none, KeyUse::some)));
}

CAF_TEST(what_cannot_be_read_is_taken_to_have_keys) {
  CAF_CHECK(at_risk(raise_of(TopicRole::input, KeyUse::unknown)));
  CAF_CHECK(at_risk(raise_of(TopicRole::none, KeyUse::unknown)));
}

CAF_TEST(records_without_keys_or_no_records_have_no_order_to_lose) {
  for (const auto role : {TopicRole::input, TopicRole::none}) {
    CAF_CHECK(!at_risk(raise_of(role, KeyUse::none)));
    CAF_CHECK(!at_risk(raise_of(role, KeyUse::empty)));
  }
  CAF_CHECK(!at_risk(raise_of(TopicRole::output, KeyUse::empty)));
}

CAF_TEST(several_nodes_of_a_group_know_their_users_each_by_itself) {
  auto raise = raise_of(TopicRole::input, KeyUse::some);
  raise.group_members = 1;
  CAF_CHECK_EQUAL(order_risks(raise).size(), 1u);
  raise.group_members = 2;
  CAF_CHECK_EQUAL(order_risks(raise).size(), 2u);
}

CAF_TEST(outputs_by_their_source_stay_where_no_source_goes_elsewhere) {
  auto raise = raise_of(TopicRole::output, KeyUse::some);
  CAF_CHECK(!at_risk(raise)); // sources 0 to 3 go to 0 to 3
  raise.input_partitions = 5;
  CAF_CHECK(at_risk(raise)); // source 4 went to 0 and goes to 4
  raise.input_partitions.reset();
  CAF_CHECK(at_risk(raise));
  raise.role = TopicRole::dead_letters;
  CAF_CHECK(at_risk(raise));
}

CAF_TEST(outputs_by_their_key_go_elsewhere) {
  auto raise = raise_of(TopicRole::output, KeyUse::some);
  raise.partitioned_by_key = true;
  CAF_CHECK(at_risk(raise));
  raise.keys = KeyUse::none;
  CAF_CHECK(!at_risk(raise));
}

CAF_TEST(counts_have_no_order_and_shards_no_other_number) {
  CAF_CHECK(!at_risk(raise_of(TopicRole::insights, KeyUse::some)));
  CAF_CHECK(at_risk(raise_of(TopicRole::state, KeyUse::empty)));
}
