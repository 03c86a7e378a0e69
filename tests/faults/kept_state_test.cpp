#define CAF_SUITE kept_state

// What is known of users outlives actors and nodes.

#include "logic/detection/state_codec.hpp"
#include "messages/lifecycle.hpp"
#include "messages/state.hpp"
#include "tests/faults/fault_fixture.hpp"
#include "tests/simulation/simulated_state_store.hpp"

#include <algorithm>
#include <memory>

using namespace millrace;
using namespace std::chrono_literals;
using namespace logic::detection;

namespace {

/// A node with a store that outlives it.
struct Life : tests::FaultFixture {
  std::shared_ptr<tests::StateScript> script;

  explicit Life(std::shared_ptr<tests::StateScript> store)
    : script(std::move(store)) {
    config.detection.shards = script->shards;
    config.detection.max_users = 4096;
    config.detection.max_addresses = 1024;
    config.detection.snapshot_interval = 1s;
    state_store = std::make_shared<tests::SimulatedStateStore>(script);
  }

  /// Some of one user, at once.
  void log_in(int times) {
    auto& next = fed[0];
    arrive(tests::make_batch(
      std::vector<std::string>(static_cast<std::size_t>(times),
                               tests::login_json("u-hasty")),
      next, 0));
    next += times;
    run_until_idle();
  }

  double bursts() const {
    return metric("millrace_anomalies_total", "velocity");
  }

  /// As the shutdown does, when nothing is judged any more.
  std::size_t close() {
    auto asked = self->request(topology->state_keeper(), caf::infinite,
                               messages::CloseState{3s});
    pass(4s);
    std::size_t unsaved = 999;
    asked.receive(
      [&](const messages::StateClosed& answer) {
        unsaved = answer.unsaved_shards;
      },
      [](const caf::error&) {});
    return unsaved;
  }

  bool
  all_saved_since(const std::map<std::uint32_t, std::size_t>& sizes) const {
    return std::all_of(sizes.begin(), sizes.end(), [this](const auto& each) {
      return script->logs.at(each.first).size() > each.second;
    });
  }
};

std::shared_ptr<tests::StateScript> some_store() {
  return std::make_shared<tests::StateScript>();
}

/// Crashes the actor at that step while shards are read and records flow.
bool survives(const std::string& actor, std::size_t step) {
  Life life{some_store()};
  life.start();
  life.happen(logic::ClientEvent::Kind::assigned, 1);
  life.steps(step);
  life.feed();
  life.crash(actor);
  life.pass(200ms);
  const auto unjudged = life.metric("millrace_events_unjudged_total");
  life.feed();
  std::map<std::uint32_t, std::size_t> sizes;
  for (const auto& [shard, log] : life.script->logs)
    sizes[shard] = log.size();
  life.pass(3s);
  if (life.recovers()
      && life.metric("millrace_state_shards") == life.script->shards
      && life.metric("millrace_events_unjudged_total") == unjudged
      && sizes.size() == life.script->shards && life.all_saved_since(sizes))
    return true;
  life.tell_story();
  std::cerr << "after crashing " << actor << " at step " << step << '\n';
  return false;
}

} // namespace

CAF_TEST(what_comes_right_after_the_start_is_judged) {
  Life life{some_store()};
  life.start();
  life.log_in(8);
  CAF_CHECK_EQUAL(life.metric("millrace_events_unjudged_total"), 0.0);
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 1.0);
  // A new router knows it as soon.
  life.crash("judgement_router");
  life.pass(100ms);
  life.log_in(8);
  CAF_CHECK_EQUAL(life.metric("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(history_outlives_an_orderly_end) {
  const auto store = some_store();
  {
    Life life{store};
    life.start();
    life.log_in(8);
    CAF_CHECK_EQUAL(life.bursts(), 0.0);
    CAF_CHECK_EQUAL(life.close(), 0u);
    CAF_CHECK(store->closed);
  }
  Life life{store};
  life.start();
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 1.0);
  CAF_CHECK_EQUAL(life.metric("millrace_state_lost_seconds"), 0.0);
  life.fed[0] = 8;
  life.log_in(8);
  CAF_CHECK_GREATER(life.bursts(), 0.0);
}

CAF_TEST(what_was_read_again_counts_once) {
  const auto store = some_store();
  {
    Life life{store};
    life.start();
    life.log_in(8);
    life.close();
  }
  Life life{store};
  life.start();
  life.log_in(8); // the same offsets
  CAF_CHECK_EQUAL(life.bursts(), 0.0);
}

CAF_TEST(a_crash_loses_what_came_after_the_last_snapshot_and_says_so) {
  const auto store = some_store();
  {
    Life life{store};
    life.start();
    life.log_in(6);
    life.pass(2s);
    life.log_in(6);
    life.pass(10ms);
  }
  Life life{store};
  life.clock->advance(5s);
  life.start();
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 1.0);
  CAF_CHECK_GREATER(life.metric("millrace_state_lost_seconds"), 2.0);
  CAF_CHECK_LESS(life.metric("millrace_state_lost_seconds"), 6.0);
  life.fed[0] = 12;
  life.log_in(4);
  CAF_CHECK_EQUAL(life.bursts(), 0.0); // six and four
  life.log_in(4);
  CAF_CHECK_GREATER(life.bursts(), 0.0);
}

CAF_TEST(damaged_history_is_told_and_counted) {
  const auto store = some_store();
  {
    Life life{store};
    life.start();
    life.log_in(6);
    life.close();
  }
  for (auto& [shard, log] : store->logs)
    for (auto& record : log)
      record.value.back() = static_cast<char>(record.value.back() ^ 1);
  Life life{store};
  life.start();
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 0.0);
  CAF_CHECK_GREATER(life.metric("millrace_state_records_refused_total"), 0.0);
  CAF_CHECK_GREATER(life.log->count("history is not whole"), 0u);
  life.log_in(3);
  CAF_CHECK_EQUAL(life.metric("millrace_events_unjudged_total"), 0.0);
}

CAF_TEST(a_full_disk_holds_nobody_up) {
  const auto store = some_store();
  Life life{store};
  life.begin();
  life.feed();
  store->full = true;
  life.pass(3s);
  life.feed();
  CAF_CHECK(life.recovers());
  CAF_CHECK_GREATER(life.metric("millrace_state_snapshots_total", "failure"),
                    0.0);
  CAF_CHECK_GREATER(life.metric("millrace_state_age_seconds"), 2.0);
  CAF_CHECK_GREATER(life.log->count("history cannot be saved, and is tried "
                                    "again"),
                    0u);
  CAF_CHECK_EQUAL(life.close(), std::size_t{store->shards});
}

CAF_TEST(a_shard_moves_away_with_its_history_and_comes_back) {
  const auto store = some_store();
  Life life{store};
  life.start();
  life.log_in(8);
  for (std::uint32_t shard = 0; shard != store->shards; ++shard)
    store->happen(ShardRevoked{shard, false});
  life.run_until_idle();
  CAF_CHECK_EQUAL(store->released.size(), std::size_t{store->shards});
  CAF_CHECK_EQUAL(life.metric("millrace_state_shards"), 0.0);
  // It answers for them until their next owner is there, or not for ever.
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 1.0);
  life.log_in(1);
  CAF_CHECK_EQUAL(life.metric("millrace_events_unjudged_total"), 0.0);
  life.pass(11s);
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 0.0);
  ++store->generation;
  for (std::uint32_t shard = 0; shard != store->shards; ++shard)
    store->assign(shard);
  life.run_until_idle();
  CAF_CHECK_EQUAL(life.metric("millrace_detector_users"), 1.0);
  life.log_in(8);
  CAF_CHECK_GREATER(life.bursts(), 0.0);
}

CAF_TEST(the_keeper_and_the_detectors_may_crash_at_any_moment) {
  for (const auto* actor :
       {"state_keeper", "anomaly_detector 0", "anomaly_detector 1"})
    for (std::size_t step = 0; step < 80; step += 4)
      CAF_REQUIRE(survives(actor, step));
}
