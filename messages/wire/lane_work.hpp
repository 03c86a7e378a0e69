#pragma once

#include "messages/wire/judgements.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// Work of a lane, done by a node of the role `worker` for one that reads and
/// writes. Numbers are the asker's own: no two of its batches have the same,
/// over all its lives.
namespace millrace::messages::wire {

/// A batch, what is asked about it, and what was made of it are each at most
/// that long.
inline constexpr std::size_t max_lane_bytes = max_judgement_bytes;
/// By `logic::footprint_bytes` an upper estimate of the three.
inline constexpr std::uint64_t max_lane_footprint = max_lane_bytes;
inline constexpr std::size_t max_stage_bytes = 64;
inline constexpr std::size_t max_failure_bytes = 1'024;
inline constexpr std::size_t max_insight_bytes = 1U << 20U;

// -- To a worker --------------------------------------------------------------

/// How much may I send? Answered by `LaneWindow`. What I sent before is of no
/// interest any more.
struct LaneOpen {};

/// Work on that.
struct LaneWork {
  std::uint64_t number = 0;
  bool first_try = true; ///< of somebody: it is counted then only
  std::string batch; ///< in the form of `logic::encode_batch`
};

/// The answer to a `LaneQuestion`.
struct LaneAnswer {
  std::uint64_t number = 0;
  std::string judgements; ///< in the form of `encode_judgements`
};

/// Nobody waits for that batch any more.
struct LaneDrop {
  std::uint64_t number = 0;
};

// -- From a worker ------------------------------------------------------------

/// So much may be with me at a time, by `logic::footprint_bytes`. Of another
/// life than the last one I know nothing of what was sent before.
struct LaneWindow {
  std::uint64_t life = 0;
  std::uint64_t bytes = 0; ///< 0: nothing more for now
};

/// Have the logins of that batch judged.
struct LaneQuestion {
  std::uint64_t number = 0;
  std::string rows; ///< in the form of `encode_rows`, of all shards
};

/// What was made of that batch.
struct LaneResult {
  std::uint64_t number = 0;
  std::string additions; ///< in the form of `logic::encode_additions`
};

/// That try came to nothing.
struct LaneFailed {
  std::uint64_t number = 0;
  bool guilty = false; ///< the batch is to blame
  std::string stage;
  std::string text;
};

/// A record for the insights topic, which the worker cannot write itself.
struct LaneInsight {
  std::string json;
};

} // namespace millrace::messages::wire
