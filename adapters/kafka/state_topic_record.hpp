#pragma once

#include "logic/detection/state_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::adapters::kafka {

using logic::detection::StateGeneration;

/// Header of every record but a claim: the generation of who wrote it.
inline constexpr char generation_header[] = "generation";

/// A record of the state topic as it lies in the log, in views.
struct StateTopicMessage {
  std::int64_t offset = 0;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value; ///< none: deleted
  StateGeneration generation = 0; ///< from the header; 0: none
};

/// What a key of the state topic says. All of them can be read by people:
///
///   BASE/KEY             a record that the store was given under KEY
///   owner/RANDOM         somebody takes the shard over
///   released/GENERATION  its owner of that generation has given it back
struct StateTopicKey {
  enum class Kind : std::uint8_t { foreign, state, claim, release };
  Kind kind = Kind::foreign;
  StateGeneration base = 0; ///< of `state`
  std::string_view key; ///< of `state`, without the base
};

StateTopicKey parse_state_topic_key(std::string_view key) noexcept;

std::string to_state_key(StateGeneration base, std::string_view key);
std::string to_claim_key(std::uint64_t random);
std::string to_release_key(StateGeneration generation);

/// Value of a claim.
struct StateClaim {
  /// Of Kafka's group when it assigned the partition.
  std::int64_t group_generation = 0;
  /// The newest owner known to who claims, where the group has confirmed the
  /// assignment since; else 0.
  StateGeneration after = 0;
};

std::string to_text(const StateClaim& claim);
std::optional<StateClaim> parse_state_claim(std::string_view text) noexcept;

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

} // namespace millrace::adapters::kafka
