#pragma once

#include "logic/detection/forest.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

/// Inner loops of `CompiledForest`. Each function adds up, for a block of 64
/// events, the path lengths over all trees; all give the same sums.
namespace millrace::logic::detection::kernel {

inline constexpr std::size_t block_events = 64;

/// Levels of inner nodes that the vector kernels are written for.
inline constexpr std::size_t vector_levels = 8;
/// Features that the vector kernels can tell apart.
inline constexpr std::size_t vector_features = 16;

/// Ranks of a block, feature by feature. Rows from the forest's number of
/// features up to the next of 4, 8, 16 must be readable.
struct RankBlock {
  alignas(64)
    std::array<std::array<std::uint8_t, block_events>, max_features> of_feature;
};

/// Sums of a block.
struct SumBlock {
  alignas(64) std::array<std::uint16_t, block_events> of_event;
};

/// `count` trees of `3 << levels` bytes each: features and thresholds by
/// heap index (root 1, children of i at 2i and 2i + 1), then path lengths by
/// leaf. An event goes right where its rank is at least the threshold.
struct Trees {
  const std::uint8_t* bytes = nullptr;
  std::size_t count = 0;
  std::size_t levels = 0;
  std::size_t features = 0;
};

void sum_paths_portable(const Trees& trees, const RankBlock& ranks,
                        SumBlock& sums) noexcept;

#if defined(__x86_64__)
/// `levels` must be `vector_levels`, `features` at most `vector_features`,
/// and the processor must have AVX2, or AVX-512 F and BW.
void sum_paths_avx2(const Trees& trees, const RankBlock& ranks,
                    SumBlock& sums) noexcept;
void sum_paths_avx512(const Trees& trees, const RankBlock& ranks,
                      SumBlock& sums) noexcept;
#endif

} // namespace millrace::logic::detection::kernel
