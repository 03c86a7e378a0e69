#pragma once

#include "logic/records/enriched_batch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::detection {

/// Columns of the row that the forest sees of a login event; meaning, unit
/// and range of each in docs/detection.md.
enum class Feature : std::uint8_t {
  hour_sine,
  hour_cosine,
  gap,
  travel,
  burst,
  failures,
  novelty,
  rarity,
};

inline constexpr std::size_t feature_count = 8;

using FeatureRow = std::array<float, feature_count>;

/// "hour_sine", "hour_cosine", ...
std::string_view to_string(Feature feature) noexcept;

/// The names of all columns, in order.
std::vector<std::string> feature_names();

/// The base-2 logarithm for positive finite numbers, exact at powers of two
/// and off by at most 0.01 between; the same bits on every machine.
float quick_log2(float value) noexcept;

/// Sine and cosine of the time of day (UTC) as an angle, in steps of a
/// quarter of an hour; both 0 for a time before 1970.
struct DayPhase {
  float sine = 0.0F;
  float cosine = 0.0F;
};
DayPhase day_phase(std::int64_t event_time_ms) noexcept;

/// How rare a word is among the recent ones, in bits. Counts live in 256
/// cells chosen by hash and are halved together when they reach 65,536, so
/// the memory is about that of the last hundred thousand words.
class RarityCounter {
public:
  /// -log2 of the word's share so far; 0 for the very first.
  float surprise_bits(std::uint64_t word_hash) const noexcept;
  void count(std::uint64_t word_hash) noexcept;

private:
  static constexpr std::size_t cells = 256;
  static constexpr std::uint32_t ceiling = 65536;

  std::array<std::uint32_t, cells> counts_{};
  std::uint32_t total_ = 0;
};

} // namespace millrace::logic::detection
