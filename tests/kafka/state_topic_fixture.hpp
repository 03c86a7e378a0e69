#pragma once

#include "adapters/kafka/state_topic.hpp"
#include "tests/adapters/kafka/state_owners.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace millrace::tests {

/// Owners of state on the real broker, with a topic and a group of this test.
struct StateTopicFixture : RealKafkaFixture {
  using StateOwner = adapters::kafka::test::StateOwner;

  StateTopicFixture()
    : parameters(adapters::kafka::to_state_topic_parameters(kafka)) {}

  StateOwner& open() { return nodes.open(kafka, parameters); }

  bool all_loaded() {
    return nodes.wait_until(
      [this] { return nodes.all_loaded(parameters.shards); });
  }

  bool is_written(StateOwner& owner, std::uint64_t append) {
    return nodes.wait_until([&] { return owner.is_written(append); });
  }

  /// Every key of every shard, whoever owns it.
  void write_all(const std::string& value) {
    for (auto& owner : nodes.owners) {
      if (owner.frozen)
        continue;
      std::uint64_t last = owner.number;
      for (auto& [shard, it] : owner.shards)
        last = owner.append(shard, {{"a", value}, {"b", value}, {"c", value}});
      CAF_REQUIRE(nodes.wait_until([&] {
        for (auto number = last; number > last - owner.shards.size(); --number)
          if (!owner.is_written(number))
            return false;
        return true;
      }));
    }
  }

  std::map<std::string, std::string> all(const std::string& value) const {
    std::map<std::string, std::string> result;
    for (std::uint32_t shard = 0; shard != parameters.shards; ++shard)
      for (const auto* key : {"a", "b", "c"})
        result[std::to_string(shard) + "/" + key] = value;
    return result;
  }

  void no_faults() const {
    for (const auto& owner : nodes.owners)
      CAF_CHECK_EQUAL(owner.faults, std::vector<std::string>{});
  }

  static void tell(const std::string& what,
                   std::chrono::steady_clock::duration took) {
    using std::chrono::milliseconds;
    CAF_MESSAGE(what << ": "
                     << std::chrono::duration_cast<milliseconds>(took).count()
                     << " ms");
  }

  adapters::kafka::StateTopicParameters parameters;
  adapters::kafka::test::StateOwners nodes;
};

} // namespace millrace::tests
