#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace millrace::logic::generation {

/// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2021), seeded by splitmix64. The same numbers on every
/// machine. Not for secrets.
class RandomStream {
public:
  explicit RandomStream(std::uint64_t seed) noexcept {
    for (auto& word : state_) {
      seed += 0x9E3779B97F4A7C15U;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
      mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
      word = mixed ^ (mixed >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23)
                                 + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Below `bound` (at least 1, below 2^32), by multiply-shift (Lemire 2019,
  /// without the rejection: a bias below 2^-32 * bound does not matter here).
  std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }

  /// In [0, 1).
  double unit() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

private:
  std::array<std::uint64_t, 4> state_{};
};

} // namespace millrace::logic::generation
