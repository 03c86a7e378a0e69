#pragma once

#include "logic/detection/features.hpp"
#include "logic/detection/random.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::logic::detection {

/// An even sample of a stream of rows in bounded memory: reservoir sampling
/// with skips (Li 1994, algorithm L), so that most rows cost one comparison.
/// Not thread-safe.
class SampleReservoir {
public:
  SampleReservoir(std::size_t capacity, std::uint64_t seed);

  void offer(const FeatureRow& row);

  /// Rows held, one after another; the reservoir starts anew.
  std::vector<float> take();

  std::size_t size() const noexcept { return values_.size() / feature_count; }
  std::uint64_t offered() const noexcept { return offered_; }

private:
  void skip_ahead();

  std::size_t capacity_;
  Random random_;
  std::vector<float> values_;
  std::uint64_t offered_ = 0;
  std::uint64_t next_kept_ = 0; ///< number of the next row to keep
  double weight_ = 1.0;
};

} // namespace millrace::logic::detection
