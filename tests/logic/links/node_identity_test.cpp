#define CAF_SUITE node_identity

#include "logic/links/node_identity.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace::logic::links;

namespace {

NodeIdentity node(const std::string& name, std::uint64_t incarnation) {
  NodeIdentity identity;
  identity.cluster = "logins";
  identity.topics = 5;
  identity.name = name;
  identity.incarnation = incarnation;
  identity.version = "0.4.1";
  identity.settings = {{"detection", 11}, {"validation", 12}};
  return identity;
}

bool says(const std::optional<Refusal>& refusal, const std::string& words) {
  return refusal && refusal->text.find(words) != std::string::npos;
}

struct Fixture {
  NodeIdentity mine = node("a", 1);
  NodeIdentity theirs = node("b", 2);
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(node_identity_tests, Fixture)

CAF_TEST(nodes_that_agree_link_whatever_their_role_and_capacity) {
  theirs.role = NodeRole::worker;
  theirs.capacity = 64;
  CAF_CHECK(!refusal_of(mine, theirs));
}

CAF_TEST(a_worker_needs_no_topics_and_must_write_the_same_outputs) {
  theirs.topics = 6;
  theirs.settings.push_back({"output.provenance", 1});
  CAF_CHECK(refusal_of(mine, theirs)->reason == RefusalReason::other_topics);
  mine.topics = 6;
  CAF_CHECK(!refusal_of(mine, theirs));
  theirs.role = NodeRole::worker;
  mine.topics = 5;
  CAF_CHECK(says(refusal_of(mine, theirs), "output.provenance"));
  CAF_CHECK(says(refusal_of(theirs, mine), "output.provenance"));
  mine.settings.push_back({"output.provenance", 1});
  CAF_CHECK(!refusal_of(mine, theirs));
}

CAF_TEST(a_patch_version_apart_links_and_more_does_not) {
  theirs.version = "0.4.9";
  CAF_CHECK(!refusal_of(mine, theirs));
  theirs.version = "0.5.1";
  const auto refusal = refusal_of(mine, theirs);
  CAF_CHECK(says(refusal, "'0.5.1' on b and '0.4.1' on a"));
  theirs.version = "0.40.1";
  CAF_CHECK(refusal_of(mine, theirs).has_value());
}

CAF_TEST(each_difference_is_named_with_both_values) {
  theirs.cluster = "payments";
  CAF_CHECK(
    says(refusal_of(mine, theirs), "'payments' on b and 'logins' on a"));
  theirs = node("b", 2);
  mine.protocol = 1;
  theirs.protocol = 2;
  CAF_CHECK(says(refusal_of(mine, theirs), "'2' on b and '1' on a"));
  mine = node("a", 1);
  theirs = node("b", 2);
  theirs.topics = 6;
  CAF_CHECK(refusal_of(mine, theirs)->reason == RefusalReason::other_topics);
}

CAF_TEST(settings_that_differ_or_are_unknown_to_one_are_named) {
  theirs.settings = {{"validation", 13}, {"geoip", 1}};
  const auto refusal = refusal_of(mine, theirs);
  CAF_REQUIRE(refusal.has_value());
  CAF_CHECK(refusal->reason == RefusalReason::other_settings);
  CAF_CHECK(says(refusal, "detection, validation, geoip"));
  theirs.settings = {{"validation", 12}, {"detection", 11}};
  CAF_CHECK(!refusal_of(mine, theirs));
}

CAF_TEST(both_sides_refuse_for_the_same_reason) {
  theirs.version = "0.5.0";
  theirs.settings.clear();
  CAF_CHECK(refusal_of(mine, theirs)->reason
            == refusal_of(theirs, mine)->reason);
}

CAF_TEST(roles_are_read_as_they_are_written) {
  for (const auto role : {NodeRole::all, NodeRole::ingest, NodeRole::worker})
    CAF_CHECK(parse_node_role(to_string(role)) == role);
  CAF_CHECK(!parse_node_role("lord"));
  CAF_CHECK_EQUAL(to_string(static_cast<NodeRole>(9)), "unknown");
}

CAF_TEST_FIXTURE_SCOPE_END()
