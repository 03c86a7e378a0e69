#pragma once

#include "logic/links/node_identity.hpp"

#include <caf/type_id.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// How two nodes meet, keep in touch and part.
namespace millrace::messages::wire {

/// The first message on a link, from whoever dialled, to the other's door.
struct Hello {
  logic::links::NodeIdentity node;
};

/// The answer that makes the link, from the actor that keeps its other end.
struct Welcome {
  logic::links::NodeIdentity node;
};

inline constexpr std::size_t max_reason_bytes = 1'024;

/// No link, or no longer. Answers a hello, or is said at any time.
struct Refused {
  std::uint8_t reason = 0; ///< a `RefusalReason`, maybe of a later version
  std::string text;
  std::uint64_t incarnation = 0; ///< of the sender
};

/// Asks how long the way is, from time to time; answered by `Pong`.
struct Ping {
  std::uint64_t number = 0;
};

struct Pong {
  std::uint64_t number = 0; ///< of the ping
};

/// A shard that the sender owns, and since which generation of the group: of
/// two that say so, the higher one is right.
struct ShardClaim {
  std::uint32_t shard = 0;
  std::uint64_t generation = 0;

  friend bool operator==(const ShardClaim&, const ShardClaim&) = default;
};

inline constexpr std::size_t max_shards = 4'096;

/// All shards that the sender owns; replaces what it said before.
struct ShardOwners {
  std::vector<ShardClaim> shards;

  friend bool operator==(const ShardOwners&, const ShardOwners&) = default;
};

/// The sender answers so many bytes of questions at once: whoever is told puts
/// no more, but for one question at a time, which always passes. Replaces what
/// was said before.
struct QuestionCredit {
  std::uint64_t bytes = 0;
};

} // namespace millrace::messages::wire
