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
  brute_force, ///< too many failed logins of one user in a window
  brute_force_success, ///< a success right after those
  password_spray, ///< one address fails at many users
  new_country, ///< a country this established user never came from
};

inline constexpr std::size_t rule_count = 8;

/// "isolation_forest", "velocity", "impossible_travel", "new_device",
/// "brute_force", "brute_force_success", "password_spray", "new_country".
std::string_view to_string(Rule rule) noexcept;

/// A set of rules, bit `1 << Rule`.
using RuleBits = std::uint8_t;
static_assert(rule_count <= 8 * sizeof(RuleBits));

constexpr RuleBits bit_of(Rule rule) noexcept {
  return static_cast<RuleBits>(1U << static_cast<unsigned>(rule));
}

/// How much a finding weighs. Low ones are told and do not make an event
/// anomalous by themselves. Names are output.
enum class Severity : std::uint8_t { low, medium, high };

/// "low", "medium", "high".
std::string_view to_string(Severity severity) noexcept;

/// What the detector says of one event.
struct Judgement {
  float score = 0.0F; ///< isolation forest score in [0, 1], 0 without one
  RuleBits rules = 0; ///< that fired
  bool scored = false; ///< a forest was present
  RuleBits low_rules = 0; ///< of `rules`, those of low severity
  /// False where nobody could: who knows the user did not answer in time.
  bool judged = true;

  bool anomalous() const noexcept {
    return (rules & static_cast<RuleBits>(~low_rules)) != 0;
  }
  bool has(Rule rule) const noexcept { return (rules & bit_of(rule)) != 0; }
};

/// What one rule found on one event. Without personal data but for places.
struct Finding {
  std::uint32_t event = 0; ///< index into `ValidatedBatch::events`
  Rule rule = Rule::forest;
  Severity severity = Severity::medium;
  /// A sentence fragment for people, for example "5278 km in 1.0 h, from PT
  /// to US".
  std::string text;
  /// The same as data: members of a JSON object, ready to be copied into an
  /// output record, for example `"distance_km":5278,"minutes":60.0`.
  std::string evidence;
};

/// What the owner of some shards says of a batch: of the events of its users
/// all, and of those from its addresses what it found.
struct ShardJudgements {
  std::vector<std::uint32_t> events; ///< of its users: indices, in no order
  std::vector<Judgement> judgements; ///< parallel to `events`
  /// Behind each rule in `judgements`, by event.
  std::vector<Finding> findings;
  /// On addresses: their events may belong to users of any shard. By event.
  std::vector<Finding> address_findings;
  /// Names the forest that scored; empty without one.
  std::string model_id;
  /// Shards that were asked about and are not here: their events are not
  /// judged, and somebody else may know of them. Rising.
  std::vector<std::uint32_t> absent;
  /// Shards whose last snapshot was taken before: their next owner has not
  /// seen these rows. Rising.
  std::vector<std::uint32_t> handed_over;
};

using ShardJudgementsPtr = std::shared_ptr<const ShardJudgements>;

/// The shard of a user, or of an address.
constexpr std::uint32_t shard_of(std::uint64_t hash,
                                 std::uint32_t shard_count) noexcept {
  // Multiply-shift keeps the division out of the loop (Lemire 2019).
  return static_cast<std::uint32_t>(((hash >> 32) * shard_count) >> 32);
}

} // namespace millrace::logic
