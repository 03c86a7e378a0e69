#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Rules that can fire on an event, as bits. Append only: names are output.
enum class Rule : std::uint8_t {
  forest, ///< isolation forest score at or above the threshold
  velocity, ///< too many logins of one user in a window
  impossible_travel, ///< faster than any flight since the last login
  new_device, ///< a device this established user never used
};

inline constexpr std::size_t rule_count = 4;

/// "isolation_forest", "velocity", "impossible_travel", "new_device".
std::string_view to_string(Rule rule) noexcept;

/// What the detector says of one event.
struct Judgement {
  float score = 0.0F; ///< isolation forest score in [0, 1], 0 without one
  std::uint8_t rules = 0; ///< bit `1 << Rule`
  bool scored = false; ///< a forest was present

  bool anomalous() const noexcept { return rules != 0; }
  bool has(Rule rule) const noexcept {
    return (rules & (1U << static_cast<unsigned>(rule))) != 0;
  }
};

/// A sentence fragment for people on one anomalous event, for example
/// "8012 km from Lisbon in 1.2 h". Without personal data.
struct JudgementDetail {
  std::uint32_t event = 0; ///< index into `ValidatedBatch::events`
  std::string text;
};

/// Judgements of one shard on the events of a batch that belong to it.
struct ShardJudgements {
  std::uint32_t shard = 0;
  std::vector<std::uint32_t> events; ///< indices, rising
  std::vector<Judgement> judgements; ///< parallel to `events`
  std::vector<JudgementDetail> details;
  /// Names the forest that scored; empty without one.
  std::string model_id;
};

using ShardJudgementsPtr = std::shared_ptr<const ShardJudgements>;

/// The shard of a user.
constexpr std::uint32_t shard_of(std::uint64_t user_hash,
                                 std::uint32_t shard_count) noexcept {
  // Multiply-shift keeps the division out of the loop (Lemire 2019).
  return static_cast<std::uint32_t>(((user_hash >> 32) * shard_count) >> 32);
}

} // namespace millrace::logic
