#define CAF_SUITE poison

#include "logic/delivery/outgoing_record.hpp"
#include "tests/faults/fault_fixture.hpp"

#include <random>

using namespace millrace;
using namespace std::chrono_literals;
using logic::Destination;

namespace {

std::string poison_json() {
  return R"({"user_id":"POISON","app_version":"1","device_type":"x"})";
}

struct Fixture : tests::FaultFixture {
  Fixture() {
    config.fault_injection.enabled = true;
    batch_size = 8;
    batches = 3;
  }

  /// Offsets of partition 0 that became dead letters for that reason.
  std::vector<std::int64_t> poisoned() const {
    std::vector<std::int64_t> offsets;
    for (const auto& record : sent(Destination::dead_letters)) {
      const auto note = logic::read_dead_letter_note(record.headers);
      if (note->reason == logic::Reason::poison)
        offsets.push_back(note->source.offset.value);
    }
    return offsets;
  }
};

bool found(const std::string& stage, const std::vector<std::int64_t>& offsets) {
  Fixture node;
  node.begin();
  node.arm("poison " + stage + " POISON");
  std::map<std::pair<std::int32_t, std::int64_t>, std::string> special;
  for (const auto offset : offsets)
    special[{0, offset}] = poison_json();
  node.feed(special);
  return node.recovers() && node.poisoned() == offsets
         && node.metric("millrace_poison_records_total")
              == static_cast<double>(offsets.size());
}

const std::vector<std::string> stages{"validator", "enricher",
                                      "anomaly_detector", "encoder"};

} // namespace

CAF_TEST(poison_is_found_wherever_it_stands) {
  for (const auto& stage : stages) {
    CAF_CHECK(found(stage, {0}));
    CAF_CHECK(found(stage, {3}));
    CAF_CHECK(found(stage, {7}));
    CAF_CHECK(found(stage, {8}));
    CAF_CHECK(found(stage, {23}));
  }
}

CAF_TEST(several_poison_records_in_a_batch_are_all_found) {
  for (const auto& stage : stages) {
    CAF_CHECK(found(stage, {1, 2}));
    CAF_CHECK(found(stage, {0, 7}));
    CAF_CHECK(found(stage, {1, 3, 4, 6, 9, 15, 16}));
  }
}

CAF_TEST(a_batch_of_nothing_but_poison_ends) {
  for (const auto& stage : stages)
    CAF_CHECK(found(stage, {8, 9, 10, 11, 12, 13, 14, 15}));
}

CAF_TEST(poison_is_found_while_actors_crash) {
  std::mt19937_64 random{8};
  for (int round = 0; round != 60; ++round) {
    Fixture node;
    node.begin();
    node.arm("poison validator POISON");
    node.feed({{{0, 5}, poison_json()}, {{1, 9}, poison_json()}});
    const auto actors = node.actors();
    for (int crash = 0; crash != 5; ++crash) {
      node.steps(random() % 60);
      node.crash(actors[random() % actors.size()]);
      node.pass(10ms);
    }
    CAF_REQUIRE(node.recovers(20s));
    CAF_REQUIRE_EQUAL(node.poisoned().size(), 2u);
  }
}

CAF_TEST_FIXTURE_SCOPE(poison_tests, Fixture)

CAF_TEST(the_dead_letter_names_stage_and_error) {
  begin();
  arm("poison encoder POISON");
  feed({{{0, 2}, poison_json()}});
  pass(5s);
  const auto dead = sent(Destination::dead_letters);
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead[0].value, poison_json());
  const auto note = logic::read_dead_letter_note(dead[0].headers);
  CAF_CHECK_EQUAL(note->stage, "encoder");
  CAF_CHECK(note->detail.find("a record matches") != std::string::npos);
}

CAF_TEST(garbled_answers_are_noticed_and_asked_for_again) {
  for (const auto* order :
       {"corrupt enricher 0", "corrupt encoder 1", "corrupt anomaly_detector 0",
        "corrupt anomaly_detector 1"}) {
    Fixture node;
    node.begin();
    node.arm(order);
    node.feed();
    CAF_CHECK(node.recovers());
    CAF_CHECK(node.metric("millrace_redispatched_batches_total") >= 1.0);
  }
}

CAF_TEST(consumer_and_dispatcher_crash_after_so_many_batches) {
  for (const auto* actor : {"consumer", "dispatcher"}) {
    Fixture node;
    node.begin();
    node.arm("crash " + std::string{actor} + " after 2");
    node.feed();
    CAF_CHECK(node.recovers());
    CAF_CHECK_EQUAL(node.metric("millrace_restarts_total", actor), 1.0);
  }
}

CAF_TEST(credit_that_is_lost_on_the_way_is_found_again) {
  begin();
  arm("drop credit times 3");
  feed();
  run_until_idle();
  CAF_CHECK_GREATER(credit("consumer", "used"), 0.0);
  CAF_CHECK(recovers());
}

CAF_TEST(without_any_credit_nothing_is_read) {
  config.flow.memory_budget.bytes = 32 * 1024;
  begin();
  arm("exhaust credit for 2s");
  feed();
  run_until_idle();
  CAF_CHECK(sink->sent.size() < 48);
  CAF_CHECK(recovers());
}

CAF_TEST_FIXTURE_SCOPE_END()
