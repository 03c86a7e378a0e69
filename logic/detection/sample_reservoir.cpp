#include "logic/detection/sample_reservoir.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace millrace::logic::detection {

SampleReservoir::SampleReservoir(std::size_t capacity, std::uint64_t seed)
  : capacity_(std::max<std::size_t>(capacity, 1)), random_(seed) {
  constexpr std::size_t usual_rows = 8192;
  values_.reserve(std::min(capacity_, usual_rows) * feature_count);
}

void SampleReservoir::offer(const FeatureRow& row) {
  const auto number = offered_++;
  if (size() < capacity_) {
    values_.insert(values_.end(), row.begin(), row.end());
    if (size() == capacity_)
      skip_ahead();
    return;
  }
  if (number < next_kept_)
    return;
  const auto place = random_.below(capacity_);
  std::copy(row.begin(), row.end(),
            values_.begin()
              + static_cast<std::ptrdiff_t>(place * feature_count));
  skip_ahead();
}

std::vector<float> SampleReservoir::take() {
  std::vector<float> taken;
  taken.reserve(values_.capacity());
  std::swap(taken, values_);
  offered_ = 0;
  next_kept_ = 0;
  weight_ = 1.0;
  return taken;
}

void SampleReservoir::skip_ahead() {
  // 1 - unit() lies in (0, 1], so the logarithms are finite.
  weight_ *= std::exp(std::log(1.0 - random_.unit())
                      / static_cast<double>(capacity_));
  const auto skipped = std::floor(std::log(1.0 - random_.unit())
                                  / std::log1p(-weight_));
  constexpr double far_ahead = 1e15;
  next_kept_ = offered_
               + static_cast<std::uint64_t>(
                 skipped >= 0.0 && skipped < far_ahead ? skipped : far_ahead);
}

} // namespace millrace::logic::detection
