#include "logic/detection/forest_kernel.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define MILLRACE_AVX2 __attribute__((target("avx2")))
#define MILLRACE_AVX2_INLINE                                                   \
  __attribute__((target("avx2"), always_inline)) inline

namespace millrace::logic::detection::kernel {

namespace {

/// 32 events, a byte each.
using Bytes = __m256i;

constexpr std::size_t register_events = 32;

MILLRACE_AVX2_INLINE Bytes table(const std::uint8_t* bytes) {
  return _mm256_broadcastsi128_si256(
    _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

/// Bit `7 - Shift` of each byte, moved to where the blend looks for it.
/// The neighbour's bits that come along end up below.
template <int Shift>
MILLRACE_AVX2_INLINE Bytes bit(Bytes value) {
  return _mm256_slli_epi16(value, Shift);
}

/// `zero` where the top bit of `choice` is 0, else `one`.
MILLRACE_AVX2_INLINE Bytes blend(Bytes choice, Bytes zero, Bytes one) {
  return _mm256_blendv_epi8(zero, one, choice);
}

/// The bits above the fourth of an index, ready for `blend`.
struct UpperBits {
  Bytes bit_4;
  Bytes bit_5;
  Bytes bit_6;
};

template <std::size_t Size>
MILLRACE_AVX2_INLINE Bytes read(const std::uint8_t* bytes, Bytes index,
                                const UpperBits& upper) {
  if constexpr (Size == 16)
    return _mm256_shuffle_epi8(table(bytes), index);
  else {
    const auto low = read<Size / 2>(bytes, index, upper);
    const auto high = read<Size / 2>(bytes + Size / 2, index, upper);
    if constexpr (Size == 32)
      return blend(upper.bit_4, low, high);
    else if constexpr (Size == 64)
      return blend(upper.bit_5, low, high);
    else
      return blend(upper.bit_6, low, high);
  }
}

/// The rank of each event in the feature that `feature` names for it.
template <std::size_t Features>
MILLRACE_AVX2_INLINE Bytes pick(const Bytes* ranks, Bytes feature) {
  if constexpr (Features == 2)
    return blend(bit<7>(feature), ranks[0], ranks[1]);
  else {
    constexpr std::size_t half = Features / 2;
    constexpr int shift = half == 2 ? 6 : half == 4 ? 5 : 4;
    return blend(bit<shift>(feature), pick<half>(ranks, feature),
                 pick<half>(ranks + half, feature));
  }
}

/// Twice the index, plus one where the event goes right.
MILLRACE_AVX2_INLINE Bytes descend(Bytes index, Bytes rank, Bytes threshold) {
  const auto right = _mm256_cmpeq_epi8(_mm256_max_epu8(rank, threshold), rank);
  return _mm256_sub_epi8(_mm256_add_epi8(index, index), right);
}

/// One level of `Size` nodes that starts at heap index `Size`; `index` is
/// the position in the level.
template <std::size_t Size, std::size_t Features>
MILLRACE_AVX2_INLINE Bytes step(const std::uint8_t* features,
                                const std::uint8_t* thresholds,
                                const Bytes* ranks, Bytes index) {
  const UpperBits upper{bit<3>(index), bit<2>(index), bit<1>(index)};
  const auto feature = read<Size>(features + Size, index, upper);
  const auto threshold = read<Size>(thresholds + Size, index, upper);
  return descend(index, pick<Features>(ranks, feature), threshold);
}

/// Path lengths of 32 events in one tree.
template <std::size_t Features>
MILLRACE_AVX2_INLINE Bytes walk(const std::uint8_t* features,
                                const Bytes* ranks) {
  constexpr std::size_t nodes = std::size_t{1} << vector_levels;
  const auto* thresholds = features + nodes;
  const auto* lengths = thresholds + nodes;
  const auto low_bits = _mm256_set1_epi8(0x0F);
  const auto top_features = table(features);
  const auto top_thresholds = table(thresholds);
  auto index = descend(_mm256_set1_epi8(1), ranks[features[1]],
                       _mm256_set1_epi8(static_cast<char>(thresholds[1])));
  for (int level = 1; level != 4; ++level) {
    const auto rank = pick<Features>(ranks,
                                     _mm256_shuffle_epi8(top_features, index));
    index = descend(index, rank, _mm256_shuffle_epi8(top_thresholds, index));
  }
  index = _mm256_and_si256(index, low_bits);
  index = step<16, Features>(features, thresholds, ranks, index);
  index = step<32, Features>(features, thresholds, ranks, index);
  index = step<64, Features>(features, thresholds, ranks, index);
  index = step<128, Features>(features, thresholds, ranks, index);
  const UpperBits upper{bit<3>(index), bit<2>(index), bit<1>(index)};
  // A set top bit would make the shuffle return zero.
  const auto low = _mm256_and_si256(index, low_bits);
  return blend(index, read<128>(lengths, low, upper),
               read<128>(lengths + 128, low, upper));
}

template <std::size_t Features>
MILLRACE_AVX2 void
sum_paths(const Trees& trees, const RankBlock& block, SumBlock& sums) noexcept {
  for (std::size_t first = 0; first != block_events; first += register_events) {
    Bytes ranks[Features];
    for (std::size_t feature = 0; feature != Features; ++feature)
      ranks[feature] = _mm256_load_si256(reinterpret_cast<const __m256i*>(
        block.of_feature[feature].data() + first));
    auto even = _mm256_setzero_si256();
    auto odd = _mm256_setzero_si256();
    for (std::size_t tree = 0; tree != trees.count; ++tree) {
      const auto lengths = walk<Features>(
        trees.bytes + tree * (std::size_t{3} << vector_levels), ranks);
      even = _mm256_add_epi16(
        even, _mm256_and_si256(lengths, _mm256_set1_epi16(0x00FF)));
      odd = _mm256_add_epi16(odd, _mm256_srli_epi16(lengths, 8));
    }
    alignas(32) std::array<std::uint16_t, 16> evens;
    alignas(32) std::array<std::uint16_t, 16> odds;
    _mm256_store_si256(reinterpret_cast<__m256i*>(evens.data()), even);
    _mm256_store_si256(reinterpret_cast<__m256i*>(odds.data()), odd);
    for (std::size_t pair = 0; pair != evens.size(); ++pair) {
      sums.of_event[first + 2 * pair] = evens[pair];
      sums.of_event[first + 2 * pair + 1] = odds[pair];
    }
  }
}

} // namespace

void sum_paths_avx2(const Trees& trees, const RankBlock& ranks,
                    SumBlock& sums) noexcept {
  if (trees.features <= 4)
    sum_paths<4>(trees, ranks, sums);
  else if (trees.features <= 8)
    sum_paths<8>(trees, ranks, sums);
  else
    sum_paths<16>(trees, ranks, sums);
}

} // namespace millrace::logic::detection::kernel

#endif
