#pragma once

#include "logic/detection/state_store.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace millrace::logic::detection {

/// Owns all shards and keeps nothing: their state ends with the process. One
/// thread at a time; wakes from within `on_ready` and `append`.
class MemoryStateStore final : public StateStore {
public:
  explicit MemoryStateStore(std::uint32_t shards) {
    for (std::uint32_t shard = 0; shard != shards; ++shard) {
      events_.push_back(ShardAssigned{shard, 1});
      events_.push_back(ShardLoaded{shard});
    }
  }

  void on_ready(std::function<void()> wake) override {
    wake_ = std::move(wake);
    if (!events_.empty() && wake_)
      wake_();
  }

  std::vector<StateStoreEvent> take_events() override {
    return std::exchange(events_, {});
  }

  void append(std::uint32_t shard, std::uint64_t number,
              std::vector<StateRecord>) override {
    events_.push_back(StateAppended{shard, number, {}});
    if (events_.size() == 1 && wake_)
      wake_();
  }

  void release(std::uint32_t) override {}
  void close(std::chrono::milliseconds) override { wake_ = nullptr; }

private:
  std::vector<StateStoreEvent> events_;
  std::function<void()> wake_;
};

} // namespace millrace::logic::detection
