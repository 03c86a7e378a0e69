#pragma once

#include "logic/dead_letters/dead_letter.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::logic {

/// What dead letters are counted by.
enum class HistogramKind : std::uint8_t { reason, stage, partition, hour };

inline constexpr std::array<std::string_view, 4> histogram_names{
  "reason", "stage", "partition", "hour"};

/// The kind of that name.
std::optional<HistogramKind> parse_histogram(std::string_view name) noexcept;

/// Counts dead letters by reason, stage, source partition and hour (UTC) in
/// which they were given up.
class DeadLetterHistogram {
public:
  /// Rows of each kind; what comes beyond is counted together.
  static constexpr std::size_t max_rows = 10'000;

  void add(const DeadLetter& letter);
  std::uint64_t total() const noexcept { return total_; }

  /// A table for people: reasons and stages by count, the others in order.
  std::string text(HistogramKind kind) const;

private:
  using Rows = std::map<std::pair<std::string, std::int64_t>, std::uint64_t>;

  void count(HistogramKind kind, std::string name, std::int64_t number);

  std::array<Rows, histogram_names.size()> rows_;
  std::array<std::uint64_t, histogram_names.size()> others_{};
  std::uint64_t total_ = 0;
};

} // namespace millrace::logic
