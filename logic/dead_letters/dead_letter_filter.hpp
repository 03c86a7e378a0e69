#pragma once

#include "logic/core/result.hpp"
#include "logic/dead_letters/dead_letter.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Which dead letters are meant; an empty list means all. A record of somebody
/// else has neither reason, stage nor source.
struct DeadLetterFilter {
  std::vector<std::string> reasons = {};
  std::vector<std::string> stages = {};
  std::vector<std::string> source_topics = {};
  std::vector<std::int32_t> partitions = {}; ///< of the dead-letter topic
  std::optional<std::int64_t> since_ms = {}; ///< given up then or later
  std::optional<std::int64_t> until_ms = {}; ///< given up before

  friend bool operator==(const DeadLetterFilter&, const DeadLetterFilter&)
    = default;
};

bool matches(const DeadLetterFilter& filter, const DeadLetter& letter);

/// Sorts the lists, each entry once, so that equal filters are equal texts.
void normalize(DeadLetterFilter& filter);

/// Whether such a reason or stage may stand in a dead letter; the error names
/// the nearest one.
Result<void> check_reason(std::string_view name);
Result<void> check_stage(std::string_view name);

/// `2026-11-30`, `2026-11-30T14:05`, `2026-11-30T14:05:09.123Z` (all UTC), or
/// milliseconds since 1970. Nothing for anything else.
std::optional<std::int64_t> parse_time(std::string_view text);

} // namespace millrace::logic
