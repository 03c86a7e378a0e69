#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace millrace::logic {

/// Times that RFC 3339 can write: the years 1970 to 9999 here.
inline constexpr std::int64_t max_event_time_ms = 253'402'300'799'999;

/// Longest text that `TimeFormatter` writes: 2024-07-10T05:34:57.123Z
inline constexpr std::size_t max_time_bytes = 24;

/// Writes times as RFC 3339 in UTC. Remembers the last day, as neighbours in
/// a stream share it. Not thread-safe.
class TimeFormatter {
public:
  /// Writes "2024-07-10T05:34:57Z", with ".123" before the Z where the time
  /// is no whole second; returns the end. `time_ms` in
  /// [0, max_event_time_ms] (asserted), room for `max_time_bytes`.
  char* write(char* to, std::int64_t time_ms) noexcept;

  /// As `write`, always with milliseconds.
  char* write_milliseconds(char* to, std::int64_t time_ms) noexcept;

private:
  char* write_seconds(char* to, std::int64_t time_ms) noexcept;

  std::int64_t day_ = std::numeric_limits<std::int64_t>::min();
  char date_[11] = {}; ///< "2024-07-10T" of `day_`
};

/// "2024-07-10T05:34:57.123Z"; for what is not written often.
std::string format_time(std::int64_t time_ms);

} // namespace millrace::logic
