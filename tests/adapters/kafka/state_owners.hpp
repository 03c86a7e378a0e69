#pragma once

#include "adapters/kafka/state_topic.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::adapters::kafka::test {

namespace detection = logic::detection;

/// A node as the store of state sees it: what it was told, by shard.
struct StateOwner {
  using Clock = std::chrono::steady_clock;

  struct Shard {
    detection::StateGeneration generation = 0;
    bool loaded = false;
    Clock::time_point loaded_at{};
    std::size_t records = 0;
    std::map<std::string, std::string> state; ///< the last of each key
  };

  void open(const KafkaConfig& config, const StateTopicParameters& parameters) {
    auto opened = open_state_topic(config, parameters);
    if (!opened)
      throw std::runtime_error{opened.error().text};
    store = *std::move(opened);
  }

  void look() {
    for (auto& event : store->take_events())
      std::visit([this](auto& it) { on(it); }, event);
  }

  void on(detection::ShardAssigned& event) {
    if (shards.contains(event.shard))
      faults.push_back("assigned twice");
    shards[event.shard].generation = event.generation;
    ++assigned;
  }
  void on(detection::ShardRecords& event) {
    const auto shard = shards.find(event.shard);
    if (shard == shards.end() || shard->second.loaded) {
      faults.push_back("records of a shard that is not being loaded");
      return;
    }
    for (auto& record : event.records) {
      ++shard->second.records;
      shard->second.state[record.key] = record.value;
    }
  }
  void on(detection::ShardLoaded& event) {
    const auto shard = shards.find(event.shard);
    if (shard == shards.end() || shard->second.loaded) {
      faults.push_back("loaded a shard that is not being loaded");
      return;
    }
    shard->second.loaded = true;
    shard->second.loaded_at = Clock::now();
  }
  void on(detection::ShardRevoked& event) {
    if (event.lost)
      ++lost;
    else if (before_release && shards[event.shard].loaded)
      before_release(event.shard);
    if (shards.erase(event.shard) != 1)
      faults.push_back("revoked a shard that was not assigned");
    if (!event.lost && releases)
      store->release(event.shard);
  }
  void on(detection::StateAppended& event) {
    appended[event.number] = event.outcome;
  }
  void on(detection::StateStoreTrouble& event) {
    troubled = !event.state;
    if (troubled)
      troubles.push_back(event.state.error());
  }

  std::uint64_t append(std::uint32_t shard,
                       std::vector<detection::StateRecord> records) {
    for (const auto& record : records)
      if (const auto held = shards.find(shard); held != shards.end())
        held->second.state[record.key] = record.value;
    store->append(shard, ++number, std::move(records));
    return number;
  }

  bool is_written(std::uint64_t append) const {
    const auto found = appended.find(append);
    return found != appended.end() && found->second;
  }

  std::size_t loaded() const {
    std::size_t count = 0;
    for (const auto& [shard, it] : shards)
      count += it.loaded ? 1 : 0;
    return count;
  }

  bool says(const std::string& words) const {
    for (const auto& trouble : troubles)
      if (trouble.text.find(words) != std::string::npos)
        return true;
    return false;
  }

  std::unique_ptr<detection::StateStore> store;
  bool frozen = false; ///< looks for no events
  bool releases = true;
  std::function<void(std::uint32_t)> before_release;
  std::map<std::uint32_t, Shard> shards;
  std::map<std::uint64_t, logic::Result<void>> appended;
  std::vector<logic::Error> troubles;
  bool troubled = false;
  std::vector<std::string> faults; ///< of the store's manners
  std::uint64_t number = 0;
  int assigned = 0;
  int lost = 0;
};

/// Several of them, served by one thread.
struct StateOwners {
  StateOwner& open(const KafkaConfig& config,
                   const StateTopicParameters& parameters) {
    auto& owner = owners.emplace_back();
    owner.open(config, parameters);
    owner.store->on_ready([this] {
      const std::lock_guard guard{mutex};
      woken = true;
      ready.notify_one();
    });
    return owner;
  }

  void close(StateOwner& owner,
             std::chrono::milliseconds deadline = std::chrono::seconds{5}) {
    owner.store->close(deadline);
    kill(owner);
  }

  /// As if its process had died.
  void kill(StateOwner& owner) {
    owners.remove_if([&owner](const auto& each) { return &each == &owner; });
  }

  /// Serves them until it is so; false when it does not come true in time.
  template <class Done>
  bool wait_until(const Done& done,
                  std::chrono::milliseconds limit = std::chrono::seconds{60}) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
      for (auto& owner : owners)
        if (!owner.frozen)
          owner.look();
      if (done())
        return true;
      std::unique_lock lock{mutex};
      if (std::chrono::steady_clock::now() >= until)
        return false;
      ready.wait_for(lock, std::chrono::milliseconds{100},
                     [this] { return woken; });
      woken = false;
    }
  }

  /// Whether so many shards are loaded, each by one owner, and no more held.
  bool all_loaded(std::size_t count) const {
    std::map<std::uint32_t, int> owned;
    std::size_t held = 0;
    for (const auto& owner : owners)
      if (!owner.frozen)
        for (const auto& [shard, it] : owner.shards) {
          ++held;
          owned[shard] += it.loaded ? 1 : 0;
        }
    for (const auto& [shard, times] : owned)
      if (times != 1)
        return false;
    return owned.size() == count && held == count;
  }

  /// The newest of each key of all shards, as their owners know it.
  std::map<std::string, std::string> state() const {
    std::map<std::string, std::string> result;
    for (const auto& owner : owners)
      if (!owner.frozen)
        for (const auto& [shard, it] : owner.shards)
          for (const auto& [key, value] : it.state)
            result[std::to_string(shard) + "/" + key] = value;
    return result;
  }

  std::list<StateOwner> owners;
  std::mutex mutex;
  std::condition_variable ready;
  bool woken = false;
};

} // namespace millrace::adapters::kafka::test
