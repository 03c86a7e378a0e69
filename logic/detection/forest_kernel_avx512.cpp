#include "logic/detection/forest_kernel.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define MILLRACE_AVX512 __attribute__((target("avx512f,avx512bw")))
#define MILLRACE_AVX512_INLINE                                                 \
  __attribute__((target("avx512f,avx512bw"), always_inline)) inline

namespace millrace::logic::detection::kernel {

namespace {

/// 64 events, a byte each.
using Bytes = __m512i;

/// Sixteen bytes of a table in each quarter of the register, as the
/// in-quarter shuffle reads them.
MILLRACE_AVX512_INLINE Bytes table(const std::uint8_t* bytes) {
  // The form with a (full) mask: the plain one warns falsely in GCC 12.
  return _mm512_maskz_broadcast_i32x4(
    0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

MILLRACE_AVX512_INLINE __mmask64 bit(Bytes value, char which) {
  return _mm512_test_epi8_mask(value, _mm512_set1_epi8(which));
}

/// `low[index & 15]`, or `high` of it where `upper`.
MILLRACE_AVX512_INLINE Bytes read_32(const std::uint8_t* bytes, Bytes index,
                                     __mmask64 upper) {
  return _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(table(bytes), index),
                                  upper, table(bytes + 16), index);
}

MILLRACE_AVX512_INLINE Bytes read_64(const std::uint8_t* bytes, Bytes index,
                                     __mmask64 bit_4, __mmask64 bit_5) {
  return _mm512_mask_blend_epi8(bit_5, read_32(bytes, index, bit_4),
                                read_32(bytes + 32, index, bit_4));
}

MILLRACE_AVX512_INLINE Bytes read_128(const std::uint8_t* bytes, Bytes index,
                                      __mmask64 bit_4, __mmask64 bit_5,
                                      __mmask64 bit_6) {
  return _mm512_mask_blend_epi8(bit_6, read_64(bytes, index, bit_4, bit_5),
                                read_64(bytes + 64, index, bit_4, bit_5));
}

/// The rank of each event in the feature that `feature` names for it.
template <std::size_t Features>
MILLRACE_AVX512_INLINE Bytes pick(const Bytes* ranks, Bytes feature) {
  if constexpr (Features == 2) {
    return _mm512_mask_blend_epi8(bit(feature, 1), ranks[0], ranks[1]);
  } else {
    constexpr std::size_t half = Features / 2;
    return _mm512_mask_blend_epi8(bit(feature, static_cast<char>(half)),
                                  pick<half>(ranks, feature),
                                  pick<half>(ranks + half, feature));
  }
}

/// Twice the index, plus one where the event goes right.
MILLRACE_AVX512_INLINE Bytes descend(Bytes index, Bytes rank, Bytes threshold) {
  const auto right = _mm512_cmpge_epu8_mask(rank, threshold);
  const auto left_child = _mm512_add_epi8(index, index);
  return _mm512_mask_sub_epi8(left_child, right, left_child,
                              _mm512_set1_epi8(-1));
}

/// Path lengths of 64 events in one tree. Walks by heap index while a level
/// fits one table, then by position in the level.
template <std::size_t Features>
MILLRACE_AVX512_INLINE Bytes walk(const std::uint8_t* features,
                                  const Bytes* ranks) {
  constexpr std::size_t nodes = std::size_t{1} << vector_levels;
  const auto* thresholds = features + nodes;
  const auto* lengths = thresholds + nodes;
  auto index = descend(_mm512_set1_epi8(1), ranks[features[1]],
                       _mm512_set1_epi8(static_cast<char>(thresholds[1])));
  const auto top_features = table(features);
  const auto top_thresholds = table(thresholds);
  for (int level = 1; level != 4; ++level) {
    const auto rank = pick<Features>(ranks,
                                     _mm512_shuffle_epi8(top_features, index));
    index = descend(index, rank, _mm512_shuffle_epi8(top_thresholds, index));
  }
  index = _mm512_and_si512(index, _mm512_set1_epi8(0x0F));
  index = descend(
    index,
    pick<Features>(ranks, _mm512_shuffle_epi8(table(features + 16), index)),
    _mm512_shuffle_epi8(table(thresholds + 16), index));
  auto bit_4 = bit(index, 0x10);
  index = descend(index,
                  pick<Features>(ranks, read_32(features + 32, index, bit_4)),
                  read_32(thresholds + 32, index, bit_4));
  bit_4 = bit(index, 0x10);
  auto bit_5 = bit(index, 0x20);
  index = descend(
    index, pick<Features>(ranks, read_64(features + 64, index, bit_4, bit_5)),
    read_64(thresholds + 64, index, bit_4, bit_5));
  bit_4 = bit(index, 0x10);
  bit_5 = bit(index, 0x20);
  auto bit_6 = bit(index, 0x40);
  index = descend(
    index,
    pick<Features>(ranks, read_128(features + 128, index, bit_4, bit_5, bit_6)),
    read_128(thresholds + 128, index, bit_4, bit_5, bit_6));
  bit_4 = bit(index, 0x10);
  bit_5 = bit(index, 0x20);
  bit_6 = bit(index, 0x40);
  const auto bit_7 = _mm512_movepi8_mask(index);
  // A set top bit would make the shuffle return zero.
  index = _mm512_and_si512(index, _mm512_set1_epi8(0x0F));
  return _mm512_mask_blend_epi8(
    bit_7, read_128(lengths, index, bit_4, bit_5, bit_6),
    read_128(lengths + 128, index, bit_4, bit_5, bit_6));
}

template <std::size_t Features>
MILLRACE_AVX512 void
sum_paths(const Trees& trees, const RankBlock& block, SumBlock& sums) noexcept {
  Bytes ranks[Features];
  for (std::size_t feature = 0; feature != Features; ++feature)
    ranks[feature] = _mm512_load_si512(block.of_feature[feature].data());
  // Even events in one register, odd ones in the other: widening a byte is
  // then a mask or a shift. They are put in order once, at the end.
  auto even = _mm512_setzero_si512();
  auto odd = _mm512_setzero_si512();
  for (std::size_t tree = 0; tree != trees.count; ++tree) {
    const auto lengths = walk<Features>(
      trees.bytes + tree * (std::size_t{3} << vector_levels), ranks);
    even = _mm512_add_epi16(
      even, _mm512_and_si512(lengths, _mm512_set1_epi16(0x00FF)));
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(lengths, 8));
  }
  alignas(64) std::array<std::uint16_t, 32> evens;
  alignas(64) std::array<std::uint16_t, 32> odds;
  _mm512_store_si512(evens.data(), even);
  _mm512_store_si512(odds.data(), odd);
  for (std::size_t pair = 0; pair != 32; ++pair) {
    sums.of_event[2 * pair] = evens[pair];
    sums.of_event[2 * pair + 1] = odds[pair];
  }
}

} // namespace

void sum_paths_avx512(const Trees& trees, const RankBlock& ranks,
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
