#pragma once

#include "logic/records/enriched_batch.hpp"
#include "logic/records/reason.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::logic {

/// Counts of the values of one dimension, bounded: once `max_values` are
/// known, every further value counts as "other". Text comes from the
/// outside, so the bound is what keeps memory and metrics small.
class ValueCounts {
public:
  static constexpr std::size_t max_values = 256;
  static constexpr std::size_t max_value_bytes = 64;

  void add(std::string_view value, std::uint64_t count = 1);
  void merge(const ValueCounts& other);
  void clear() noexcept;

  /// Largest first, equal counts by name.
  std::vector<std::pair<std::string, std::uint64_t>> sorted() const;

private:
  struct Entry {
    std::string value;
    std::uint64_t count = 0;
  };

  static constexpr std::size_t bucket_count = 4 * max_values;

  std::uint16_t& bucket_of(std::string_view value);

  std::vector<Entry> entries_;
  /// Open addressing: index into `entries_` plus one, 0 where free.
  std::array<std::uint16_t, bucket_count> buckets_{};
  std::size_t last_ = 0; ///< logins repeat the same few values in a row
};

enum class InsightDimension : std::uint8_t {
  app_version,
  device_type,
  locale,
  country,
};

inline constexpr std::size_t insight_dimension_count = 4;

/// "app_version", "device_type", "locale", "country".
std::string_view to_string(InsightDimension dimension) noexcept;

/// Rolling counts over logins. Not thread-safe; lanes count apart and merge.
struct InsightTally {
  std::array<ValueCounts, insight_dimension_count> dimensions;
  std::array<std::uint64_t, reason_count> rejections{};
  std::uint64_t logins = 0;
  std::uint64_t watched = 0;
  /// Pseudonyms of some users on watched versions, each once. Not published.
  std::vector<std::string> watched_users;

  static constexpr std::size_t max_watched_users = 5;

  /// Takes the user in if there is room.
  void note_watched_user(const std::string& pseudonym);
  void add(const EnrichedBatch& batch);
  void merge(const InsightTally& other);
  void clear() noexcept;
  bool empty() const noexcept;

  /// One JSON object for the insights topic: `window_start`, `window_end`
  /// (RFC 3339), `node`, `logins`, `watched`, and counts by dimension.
  std::string to_json(std::string_view node, std::int64_t window_start_ms,
                      std::int64_t window_end_ms) const;
};

} // namespace millrace::logic
