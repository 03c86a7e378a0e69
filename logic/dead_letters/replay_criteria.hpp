#pragma once

#include "logic/dead_letters/dead_letter_filter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Which dead letters a replay sends, and where to.
struct ReplayCriteria {
  DeadLetterFilter filter; ///< normalized
  std::uint32_t cap = 3; ///< replays per record, all runs together
  std::string to; ///< a topic; empty: where each record came from

  friend bool operator==(const ReplayCriteria&, const ReplayCriteria&)
    = default;
};

/// As it is kept beside a committed offset: `cap=3 to=x reason=a,b ...`.
/// Without the partitions: what is kept is of one partition.
std::string to_text(const ReplayCriteria& criteria);

/// Nothing for what `to_text` does not write.
std::optional<ReplayCriteria> parse_criteria(std::string_view text);

/// Why a dead letter is sent, or is not.
enum class ReplayVerdict : std::uint8_t {
  send,
  filtered, ///< the filter does not mean it
  replayed_before, ///< an earlier run of this group has sent it
  foreign, ///< not written by a node: nobody knows whence it comes
  own_topic, ///< comes from the dead-letter topic itself: a loop
  reference, ///< written without its value
  tombstone, ///< has no value to send
  over_cap, ///< was replayed so often already
};

inline constexpr std::size_t replay_verdict_count = 8;

/// For a report, as the rest of a sentence: "are not meant by the filter".
std::string_view to_text(ReplayVerdict verdict) noexcept;

/// The topic that the record would be sent to; of a foreign one without
/// `--to` empty.
std::string_view destination_of(const DeadLetter& letter,
                                const ReplayCriteria& criteria) noexcept;

/// Whether criteria send a dead letter, were it the first time.
ReplayVerdict judge(const DeadLetter& letter, const ReplayCriteria& criteria,
                    std::string_view dead_letter_topic);

} // namespace millrace::logic
