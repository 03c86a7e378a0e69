#define CAF_SUITE state_keeping

#include "logic/detection/state_keeping.hpp"

#include "tests/logic/detection/saved_shard.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <set>

using namespace millrace;
using namespace millrace::logic::detection;
using namespace std::chrono_literals;

namespace {

constexpr auto start = StateKeeping::Time{} + 1h;
constexpr std::uint32_t shards = 4;

DetectionConfig some_config() {
  DetectionConfig config;
  config.shards = shards;
  config.max_users = 4096;
  config.max_addresses = 1024;
  config.snapshot_interval = 1s;
  return config;
}

/// The keeping between a detector and a store that do as they are told, unless
/// they are told otherwise.
struct Node {
  StateKeeping keeping{{some_config(), true}};
  std::map<std::uint32_t, ShardHandover> hosted;
  std::map<std::uint32_t, tests::Log> logs;
  std::set<std::uint32_t> released;
  StateKeeping::Time now = start;
  std::size_t snapshots = 0;
  bool detector_hears = true;
  bool disk_full = false;

  void take(StateStoreEvent event) {
    StateOrders orders;
    keeping.take(std::move(event), now, orders);
    carry_out(orders);
  }

  void assign(std::uint32_t shard, StateGeneration generation) {
    take(ShardAssigned{shard, generation});
    take(ShardRecords{shard, logs[shard]});
    take(ShardLoaded{shard});
  }

  void pass(std::chrono::milliseconds time) {
    for (const auto end = now + time; now < end;
         now += keeping.tick_interval()) {
      StateOrders orders;
      keeping.tick(now, orders);
      carry_out(orders);
    }
  }

  void end() {
    StateOrders orders;
    keeping.end(now, orders);
    carry_out(orders);
  }

  void log_in(std::uint32_t shard, std::uint64_t hash) {
    ++hosted.at(shard).state->users.touch(hash).logins;
  }

  /// As the next node, or the next life of this one, finds it.
  tests::RestoredShard found(std::uint32_t shard) {
    return tests::restored(logs[shard], 1024,
                           shape_of(some_config(), shard, shards));
  }

  void carry_out(const StateOrders& orders) {
    if (detector_hears) {
      for (const auto& order : orders.host)
        host(order);
      for (const auto& order : orders.settle)
        if (const auto known = hosted.find(order.shard); known != hosted.end())
          known->second.writer->settle(order.attempt, order.saved);
      for (const auto& order : orders.save)
        save(order);
      for (const auto shard : orders.give_up)
        hosted.erase(shard);
    }
    released.insert(orders.release.begin(), orders.release.end());
    for (const auto& order : orders.append)
      append(order);
  }

  void host(const StateOrders::Host& order) {
    if (order.handover->state)
      hosted[order.shard] = std::move(*order.handover);
    order.handover->state = nullptr;
    keeping.hosted(order.shard);
  }

  void save(const StateOrders::Save& order) {
    Snapshot snapshot;
    if (const auto known = hosted.find(order.shard); known != hosted.end()) {
      auto& [state, writer] = known->second;
      if (writer->under_way())
        writer->failed();
      snapshot = writer->take(*state, 0, order.last);
    }
    StateOrders more;
    keeping.answered(order, std::move(snapshot), more);
    carry_out(more);
  }

  void append(const StateOrders::Append& order) {
    StateAppended answer{order.shard, order.number, {}};
    if (disk_full)
      answer.outcome = logic::Error{logic::ErrorCode::no_space, "full"};
    else
      logs[order.shard].insert(logs[order.shard].end(), order.records.begin(),
                               order.records.end());
    snapshots += order.number == 0 ? 0 : 1;
    take(answer);
  }
};

} // namespace

CAF_TEST(a_shard_begins_with_a_record_of_its_generation_and_is_hosted) {
  Node node;
  node.assign(2, 5);
  CAF_CHECK(node.hosted.contains(2));
  CAF_REQUIRE_EQUAL(node.logs[2].size(), 1u);
  const auto key = decode_key(node.logs[2].front().key);
  CAF_REQUIRE(key);
  CAF_CHECK(key->kind == StateKind::generation);
  CAF_CHECK_EQUAL(key->generation, 5u);
  const auto restored = node.keeping.take_restored();
  CAF_REQUIRE_EQUAL(restored.size(), 1u);
  CAF_CHECK_EQUAL(restored.front().shard, 2u);
  CAF_CHECK(!restored.front().report.restored);
  CAF_CHECK(node.keeping.take_restored().empty());
}

CAF_TEST(each_shard_is_saved_once_in_an_interval_at_its_own_time) {
  Node node;
  for (std::uint32_t shard = 0; shard != shards; ++shard)
    node.assign(shard, 1);
  node.pass(100ms);
  CAF_CHECK_EQUAL(node.snapshots, 0u);
  node.pass(500ms);
  CAF_CHECK_EQUAL(node.snapshots, 2u);
  node.pass(450ms);
  CAF_CHECK_EQUAL(node.snapshots, 4u);
  node.pass(10s);
  CAF_CHECK_GREATER_OR_EQUAL(node.snapshots, 40u);
  CAF_CHECK_LESS_OR_EQUAL(node.snapshots, 44u);
  CAF_REQUIRE(node.keeping.oldest_save());
  CAF_CHECK_LESS_OR_EQUAL(node.now - *node.keeping.oldest_save(), 1100ms);
}

CAF_TEST(what_was_saved_is_there_in_the_next_life) {
  Node node;
  node.assign(1, 1);
  node.log_in(1, 42);
  node.pass(1s);
  node.log_in(1, 42);
  Node next; // after a crash
  next.logs = node.logs;
  next.assign(1, 2);
  CAF_CHECK_EQUAL(next.hosted.at(1).state->users.find(42)->logins, 1u);
  const auto report = next.keeping.take_restored().front().report;
  CAF_CHECK(report.restored);
  CAF_CHECK(!report.orderly);
  next.log_in(1, 42);
  next.pass(3s);
  CAF_CHECK_EQUAL(next.found(1).state.users.find(42)->logins, 2u);
  // All is of the new generation: the former keys are deleted.
  for (const auto& record : tests::compacted(next.logs[1]))
    CAF_CHECK_EQUAL(decode_key(record.key)->generation, 2u);
}

CAF_TEST(a_store_that_counts_anew_does_not_stay_behind_its_log) {
  Node node;
  node.assign(1, 57);
  node.log_in(1, 42);
  node.pass(1s);
  Node next;
  next.logs = node.logs;
  next.assign(1, 1);
  next.log_in(1, 42);
  next.pass(1s);
  const auto found = next.found(1);
  CAF_CHECK_EQUAL(found.newest, 58u);
  CAF_CHECK_EQUAL(found.state.users.find(42)->logins, 2u);
}

CAF_TEST(an_orderly_end_saves_the_last_state_of_all) {
  Node node;
  for (std::uint32_t shard = 0; shard != shards; ++shard)
    node.assign(shard, 1);
  node.pass(1s);
  node.log_in(3, 42);
  CAF_CHECK_EQUAL(node.keeping.unfinished(), std::size_t{shards});
  node.end();
  CAF_CHECK_EQUAL(node.keeping.unfinished(), 0u);
  const auto found = node.found(3);
  CAF_CHECK(found.report.orderly);
  CAF_CHECK(found.state.users.find(42) != nullptr);
  const auto snapshots = node.snapshots;
  node.pass(3s);
  CAF_CHECK_EQUAL(node.snapshots, snapshots);
}

CAF_TEST(a_last_snapshot_that_fails_is_tried_again) {
  Node node;
  node.assign(0, 1);
  node.log_in(0, 42);
  node.disk_full = true;
  node.end();
  node.pass(2s);
  CAF_CHECK_EQUAL(node.keeping.unfinished(), 1u);
  CAF_CHECK(!node.found(0).report.restored);
  node.disk_full = false;
  node.pass(2s);
  CAF_CHECK_EQUAL(node.keeping.unfinished(), 0u);
  CAF_CHECK(node.found(0).report.orderly);
  CAF_CHECK(node.found(0).state.users.find(42) != nullptr);
}

CAF_TEST(a_full_disk_costs_nothing_but_time) {
  Node node;
  node.assign(0, 1);
  node.log_in(0, 1);
  node.pass(2s);
  node.disk_full = true;
  node.log_in(0, 2);
  node.pass(5s);
  CAF_CHECK(node.found(0).state.users.find(2) == nullptr);
  CAF_CHECK_GREATER(node.now - *node.keeping.oldest_save(), 4s);
  node.disk_full = false;
  node.pass(2s);
  CAF_CHECK(node.found(0).state.users.find(2) != nullptr);
}

CAF_TEST(a_revoked_shard_is_given_up_with_its_last_state) {
  Node node;
  node.assign(0, 1);
  node.assign(1, 1);
  node.log_in(1, 42);
  node.take(ShardRevoked{1, false});
  CAF_CHECK(node.hosted.contains(0));
  CAF_CHECK(node.released.contains(1));
  CAF_CHECK_EQUAL(node.keeping.owned(), 1u);
  CAF_CHECK(node.found(1).report.orderly);
  CAF_CHECK(node.found(1).state.users.find(42) != nullptr);
  // It comes back.
  node.assign(1, 3);
  CAF_CHECK(node.hosted.at(1).state->users.find(42) != nullptr);
}

CAF_TEST(who_gave_a_shard_up_answers_for_it_until_its_next_owner_is_there) {
  using Owned = std::vector<OwnedShard>;
  Node node;
  node.assign(0, 4);
  node.assign(1, 5);
  node.take(ShardRevoked{1, false});
  CAF_CHECK(node.released.contains(1));
  CAF_CHECK(node.hosted.contains(1));
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{0, 4}, {1, 5}}));
  CAF_CHECK_EQUAL(node.keeping.orphans(), 1u);
  StateOrders orders;
  node.keeping.outdone({0, 1}, orders); // 0 was not given up
  node.carry_out(orders);
  CAF_CHECK(!node.hosted.contains(1));
  CAF_CHECK(node.hosted.contains(0));
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{0, 4}}));
}

CAF_TEST(nobody_answers_for_a_shard_without_a_next_owner_for_ever) {
  Node node;
  node.assign(1, 5);
  node.take(ShardRevoked{1, false});
  node.pass(9s);
  CAF_CHECK(node.hosted.contains(1));
  node.pass(2s);
  CAF_CHECK(!node.hosted.contains(1));
  CAF_CHECK(node.keeping.serving().empty());
}

CAF_TEST(a_shard_that_comes_back_answers_as_before_until_it_is_put_together) {
  using Owned = std::vector<OwnedShard>;
  Node node;
  node.assign(1, 5);
  node.log_in(1, 42);
  node.take(ShardRevoked{1, false});
  node.take(ShardAssigned{1, 6});
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{1, 5}}));
  node.take(ShardRecords{1, node.logs[1]});
  node.take(ShardLoaded{1});
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{1, 6}}));
  CAF_CHECK_EQUAL(node.keeping.orphans(), 0u);
  CAF_CHECK(node.hosted.at(1).state->users.find(42) != nullptr);
}

CAF_TEST(a_node_that_ends_answers_for_what_it_gave_up) {
  using Owned = std::vector<OwnedShard>;
  Node node;
  node.assign(0, 4);
  node.end();
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{0, 4}}));
  node.keeping.ended(node.now);
  CAF_CHECK_EQUAL(node.keeping.serving(), (Owned{{0, 4}}));
  CAF_CHECK_EQUAL(node.keeping.orphans(), 1u);
  CAF_CHECK_EQUAL(node.keeping.owned(), 0u);
  StateOrders orders;
  node.keeping.outdone({0}, orders);
  CAF_CHECK_EQUAL(node.keeping.orphans(), 0u);
}

CAF_TEST(a_lost_shard_is_dropped_without_a_word_to_the_store) {
  Node node;
  node.assign(1, 1);
  const auto before = node.logs[1].size();
  node.take(ShardRevoked{1, true});
  CAF_CHECK(!node.hosted.contains(1));
  CAF_CHECK(node.released.empty());
  CAF_CHECK_EQUAL(node.logs[1].size(), before);
  CAF_CHECK_EQUAL(node.keeping.owned(), 0u);
}

CAF_TEST(a_shard_that_is_revoked_while_it_is_read_is_let_go) {
  Node node;
  node.take(ShardAssigned{1, 1});
  CAF_CHECK_EQUAL(node.keeping.loading(), 1u);
  node.take(ShardRevoked{1, false});
  CAF_CHECK(node.released.contains(1));
  node.take(ShardLoaded{1}); // was under way
  CAF_CHECK(node.hosted.empty());
}

CAF_TEST(what_a_dead_detector_did_not_hear_is_said_again) {
  Node node;
  node.detector_hears = false;
  node.assign(1, 1);
  node.pass(3s);
  CAF_CHECK(node.hosted.empty());
  node.detector_hears = true;
  StateOrders orders;
  node.keeping.detector_replaced(0, 2, orders); // not the one of this shard
  CAF_CHECK(orders.host.empty());
  node.keeping.detector_replaced(1, 2, orders);
  node.carry_out(orders);
  CAF_REQUIRE(node.hosted.contains(1));
  node.log_in(1, 42);
  // A question that nobody heard is asked again.
  node.detector_hears = false;
  node.pass(3s);
  node.detector_hears = true;
  node.pass(2s);
  CAF_CHECK(node.found(1).state.users.find(42) != nullptr);
  // What it took it keeps: nothing is handed over twice.
  StateOrders none;
  node.keeping.detector_replaced(1, 2, none);
  CAF_CHECK(none.host.empty());
}

CAF_TEST(a_shard_whose_last_answer_was_lost_is_released_all_the_same) {
  Node node;
  node.assign(1, 1);
  node.detector_hears = false;
  node.take(ShardRevoked{1, false});
  node.hosted.clear(); // it gave it up, and died
  node.detector_hears = true;
  node.pass(2s);
  CAF_CHECK(node.released.contains(1));
}

CAF_TEST(an_answer_that_comes_twice_does_no_harm) {
  Node node;
  node.assign(1, 1);
  node.log_in(1, 1);
  auto& [state, writer] = node.hosted.at(1);
  const StateOrders::Save order{1, false};
  auto first = writer->take(*state, 0);
  node.log_in(1, 2);
  writer->failed();
  auto second = writer->take(*state, 0);
  StateOrders orders;
  node.keeping.answered(order, std::move(first), orders);
  node.keeping.answered(order, std::move(second), orders);
  CAF_CHECK_EQUAL(orders.append.size(), 1u);
  node.carry_out(orders);
  // The first was saved; what only the second held is still to be.
  node.pass(3s);
  CAF_CHECK(node.found(1).state.users.find(2) != nullptr);
}

CAF_TEST(without_a_store_that_keeps_nothing_is_saved) {
  StateKeeping keeping{{some_config(), false}};
  StateOrders orders;
  keeping.take(ShardAssigned{0, 1}, start, orders);
  keeping.take(ShardLoaded{0}, start, orders);
  CAF_CHECK_EQUAL(orders.host.size(), 1u);
  keeping.tick(start + 1h, orders);
  keeping.end(start + 1h, orders);
  CAF_CHECK(orders.append.empty());
  CAF_CHECK(orders.save.empty());
  CAF_CHECK_EQUAL(keeping.unfinished(), 0u);
  CAF_CHECK(!keeping.oldest_save());
}
