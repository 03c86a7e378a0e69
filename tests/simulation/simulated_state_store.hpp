#pragma once

#include "logic/detection/state_store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace millrace::tests {

/// What outlives a simulated node of its detection state, and what its store
/// does next.
struct StateScript {
  std::uint32_t shards = 4;
  std::map<std::uint32_t, std::vector<logic::detection::StateRecord>> logs;
  logic::detection::StateGeneration generation = 0;
  bool full = false; ///< nothing can be appended
  bool closed = false;
  std::set<std::uint32_t> released;
  std::vector<logic::detection::StateStoreEvent> events;
  std::function<void()> wake;

  void happen(logic::detection::StateStoreEvent event) {
    events.push_back(std::move(event));
    if (wake)
      wake();
  }

  void assign(std::uint32_t shard) {
    happen(logic::detection::ShardAssigned{shard, generation});
    happen(logic::detection::ShardRecords{shard, logs[shard]});
    happen(logic::detection::ShardLoaded{shard});
  }
};

/// A store that has all shards and answers at once.
class SimulatedStateStore final : public logic::detection::StateStore {
public:
  explicit SimulatedStateStore(std::shared_ptr<StateScript> script)
    : script_(std::move(script)) {
    script_->wake = nullptr;
    script_->events.clear();
    script_->closed = false;
    ++script_->generation;
    for (std::uint32_t shard = 0; shard != script_->shards; ++shard)
      script_->assign(shard);
  }

  void on_ready(std::function<void()> wake) override {
    script_->wake = std::move(wake);
    if (!script_->events.empty())
      script_->wake();
  }

  std::vector<logic::detection::StateStoreEvent> take_events() override {
    return std::exchange(script_->events, {});
  }

  void append(std::uint32_t shard, std::uint64_t number,
              std::vector<logic::detection::StateRecord> records) override {
    logic::detection::StateAppended answer{shard, number, {}};
    if (script_->full) {
      const logic::Error full{logic::ErrorCode::no_space, "the disk is full"};
      answer.outcome = full;
      script_->happen(logic::detection::StateStoreTrouble{full});
    } else {
      auto& log = script_->logs[shard];
      log.insert(log.end(), std::make_move_iterator(records.begin()),
                 std::make_move_iterator(records.end()));
    }
    script_->happen(std::move(answer));
  }

  void release(std::uint32_t shard) override {
    script_->released.insert(shard);
  }

  void close(std::chrono::milliseconds) override {
    script_->closed = true;
    script_->wake = nullptr;
  }

private:
  std::shared_ptr<StateScript> script_;
};

} // namespace millrace::tests
