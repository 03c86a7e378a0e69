#define CAF_SUITE status_page

#include "node/endpoint/status_page.hpp"

#include "node/endpoint/readiness.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::node;

namespace {

messages::PartitionStatus partition(std::int32_t number) {
  messages::PartitionStatus status;
  status.partition = logic::PartitionId{number};
  status.read = logic::Offset{90};
  status.finished = logic::Offset{90};
  status.lag_records = 5;
  return status;
}

NodeStatus sound_node() {
  NodeStatus status;
  status.consumer.emplace();
  status.consumer->assigned = true;
  status.consumer->credit_bytes = 1'000;
  status.consumer->partitions = {partition(0), partition(3), partition(7)};
  status.producer.emplace();
  return status;
}

} // namespace

CAF_TEST(a_circuit_that_is_tried_is_not_closed_yet) {
  auto status = sound_node();
  status.producer->circuit = logic::CircuitState::half_open;
  CAF_CHECK(!readiness_of(status).ready);
  status.producer->circuit = logic::CircuitState::closed;
  CAF_CHECK(readiness_of(status).ready);
  status.producer->dead_letter_circuit = logic::CircuitState::half_open;
  CAF_CHECK(!readiness_of(status).ready);
}

CAF_TEST(a_partition_that_does_not_move_is_named_with_what_it_waits_for) {
  auto node = sound_node();
  CAF_CHECK(readiness_of(node).ready);
  auto& stalled = node.consumer->partitions[1];
  stalled.stalled = true;
  const auto reason = [&] { return readiness_of(node).reason; };
  const std::string where
    = "partition 3 stands still at offset 90 with a lag of 5: ";
  CAF_CHECK(!readiness_of(node).ready);
  CAF_CHECK_EQUAL(readiness_of(node).cause, "stalled");
  CAF_CHECK_EQUAL(reason(), where + "the brokers hand out nothing of it");
  node.consumer->rate_limited = true;
  CAF_CHECK_EQUAL(reason(), where + "flow.rate_limit lets nothing in");
  node.consumer->credit_bytes = 0;
  CAF_CHECK_EQUAL(
    reason(),
    where + "nothing is read, as all of the memory budget is in flight");
  stalled.leaving = true;
  CAF_CHECK_EQUAL(reason(), where + "it is being given back");
  stalled.read = logic::Offset{94};
  CAF_CHECK_EQUAL(reason(),
                  where + "what was read, up to offset 94, is not delivered");
  node.consumer->partitions[2].stalled = true;
  CAF_CHECK(reason().ends_with("is not delivered; so do 1 more"));
}

CAF_TEST(a_node_that_may_pass_records_over_is_not_ready) {
  auto node = sound_node();
  node.consumer->placed = false;
  CAF_CHECK(!readiness_of(node).ready);
  CAF_CHECK_EQUAL(readiness_of(node).cause, "unplaced");
}

CAF_TEST(a_partition_of_which_nothing_came_is_named_without_an_offset) {
  auto node = sound_node();
  auto& silent = node.consumer->partitions[1];
  silent.stalled = true;
  silent.read.reset();
  silent.finished.reset();
  silent.lag_records.reset();
  CAF_CHECK_EQUAL(readiness_of(node).reason,
                  "partition 3 has given neither a record nor its end since it "
                  "was assigned: the brokers hand out nothing of it");
}

CAF_TEST(the_status_has_the_reason_of_each_stall) {
  auto node = sound_node();
  node.consumer->partitions[1].stalled = true;
  const auto document = boost::json::parse(status_json(node));
  const auto& lines = document.at("consumer").at("partitions").as_array();
  CAF_CHECK_EQUAL(lines[0].at("stall_reason").as_string(), "");
  CAF_CHECK_EQUAL(lines[1].at("stall_reason").as_string(),
                  "the brokers hand out nothing of it");
}

CAF_TEST(a_dead_letter_that_pins_a_partition_goes_before_its_stall) {
  auto node = sound_node();
  node.consumer->partitions[1].stalled = true;
  node.producer->pinned.push_back(
    {logic::PartitionId{3}, logic::Offset{90}, "too large"});
  CAF_CHECK_EQUAL(readiness_of(node).cause, "pinned");
  CAF_CHECK_EQUAL(readiness_of(node).reason,
                  "partition 3 stands still at offset 90, whose dead letter "
                  "cannot be written: too large");
}

CAF_TEST(every_cause_is_named_in_words_and_known_to_the_metric) {
  using Break = void (*)(NodeStatus&);
  struct Case {
    const char* cause;
    const char* words;
    Break it;
  };
  const std::vector<Case> cases{
    {"ending", "disk full",
     [](NodeStatus& node) { node.failure = "disk full"; }},
    {"draining", "draining",
     [](NodeStatus& node) { node.consumer->draining = true; }},
    {"consumer", "GROUP_AUTHORIZATION_FAILED",
     [](NodeStatus& node) {
       node.consumer->fault = "GROUP_AUTHORIZATION_FAILED";
     }},
    {"producer", "no such topic",
     [](NodeStatus& node) { node.producer->fault = "no such topic"; }},
    {"output_circuit", "its circuit is open: TOPIC_AUTHORIZATION_FAILED",
     [](NodeStatus& node) {
       node.producer->circuit = logic::CircuitState::open;
       node.producer->circuit_reason = "TOPIC_AUTHORIZATION_FAILED";
     }},
    {"dead_letter_circuit", "take records: TOPIC_AUTHORIZATION_FAILED",
     [](NodeStatus& node) {
       node.producer->dead_letter_circuit = logic::CircuitState::open;
       node.producer->dead_letter_circuit_reason = "TOPIC_AUTHORIZATION_FAILED";
     }},
    {"pinned", "whose dead letter cannot be written: too large",
     [](NodeStatus& node) {
       node.producer->pinned.push_back(
         {logic::PartitionId{3}, logic::Offset{90}, "too large"});
     }},
    {"unassigned", "no partitions",
     [](NodeStatus& node) { node.consumer->assigned = false; }},
    {"unplaced", "from where to read",
     [](NodeStatus& node) { node.consumer->placed = false; }},
    {"stalled", "partition 3 stands still",
     [](NodeStatus& node) { node.consumer->partitions[1].stalled = true; }}};
  CAF_CHECK_EQUAL(cases.size(), unready_causes.size());
  for (const auto& [cause, words, it] : cases) {
    auto node = sound_node();
    it(node);
    const auto readiness = readiness_of(node);
    CAF_CHECK(!readiness.ready);
    CAF_CHECK_EQUAL(readiness.cause, cause);
    CAF_CHECK(readiness.reason.find(words) != std::string::npos);
    CAF_CHECK_EQUAL(std::ranges::count(unready_causes, readiness.cause), 1);
    const auto page = boost::json::parse(status_json(node)).as_object();
    CAF_CHECK_EQUAL(page.at("reason").as_string(), readiness.reason);
  }
}

CAF_TEST(who_owns_what_and_who_judged_is_told) {
  auto node = sound_node();
  auto& links = node.links.emplace();
  links.links.emplace_back().node.name = "b";
  links.links.back().node.incarnation = 7;
  links.links.back().granted_bytes = 1'000;
  auto& judgements = node.judgements.emplace();
  judgements.shard_count = 8;
  judgements.owners = {{0, {0, 1, 2}}, {7, {3, 5, 6}}};
  judgements.unowned = {4, 7};
  judgements.peers = {{7, 300, 2'000, true}};
  judgements.here = 60;
  judgements.elsewhere = 39;
  judgements.unjudged = 1;
  const auto page = boost::json::parse(status_json(node)).as_object();
  const auto& shown = page.at("links").as_object();
  CAF_CHECK_EQUAL(shown.at("shards").as_string(), "0-2");
  const auto& peer = shown.at("nodes").as_array().at(0).as_object();
  CAF_CHECK_EQUAL(peer.at("shards").as_string(), "3,5-6");
  CAF_CHECK_EQUAL(peer.at("shard_count").to_number<int>(), 3);
  CAF_CHECK_EQUAL(peer.at("asked_bytes").to_number<int>(), 300);
  CAF_CHECK_EQUAL(peer.at("credit_bytes").to_number<int>(), 2'000);
  CAF_CHECK_EQUAL(peer.at("granted_bytes").to_number<int>(), 1'000);
  CAF_CHECK(peer.at("late").as_bool());
  const auto& counts = page.at("judgements").as_object();
  CAF_CHECK_EQUAL(counts.at("unowned").as_string(), "4,7");
  CAF_CHECK_EQUAL(counts.at("elsewhere").to_number<int>(), 39);
}
