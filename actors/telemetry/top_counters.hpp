#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace millrace::actors {

/// How often a value occurred in a window.
struct ValueCount {
  std::string_view value; ///< UTF-8
  std::uint64_t count = 0;
};

/// Counters of one dimension whose values come from the input, and must not
/// grow without bound: the most frequent values have a series each, the rest
/// is counted as "other". A value takes the place of the weakest one when a
/// window holds more than twice of it than that one's fading count. Any
/// thread.
class TopCounters {
public:
  using Family = prometheus::Family<prometheus::Counter>;

  TopCounters(Family& family, std::string dimension, std::size_t limit);

  /// Adds a window (of a batch, or of some seconds).
  void add(std::span<const ValueCount> window);

private:
  struct Series {
    prometheus::Counter* counter = nullptr;
    double recent = 0.0; ///< halved with each window
  };

  prometheus::Counter& series(const std::string& value);
  void admit(const ValueCount& entry);

  Family& family_;
  std::string dimension_;
  std::size_t limit_;
  std::mutex mutex_;
  prometheus::Counter& other_;
  std::map<std::string, Series, std::less<>> shown_;
};

} // namespace millrace::actors
