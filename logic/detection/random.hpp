#pragma once

#include <cstdint>

namespace millrace::logic::detection {

/// Seeded numbers that are the same on every machine, which the standard
/// distributions are not. SplitMix64 (Steele, Lea, Flood: Fast splittable
/// pseudorandom number generators, OOPSLA 2014). Not thread-safe.
class Random {
public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

  /// Evenly from [0, 1), in steps of 2^-53.
  double unit() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

  /// Evenly from 0 to `bound - 1`; `bound` below 2^32, not 0.
  std::uint64_t below(std::uint64_t bound) noexcept {
    return ((next() >> 32) * bound) >> 32;
  }

private:
  std::uint64_t state_;
};

} // namespace millrace::logic::detection
