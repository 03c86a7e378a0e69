#pragma once

#include "logic/faults/fault_storm.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::logic::faults {

/// Runs a list of faults and tells whether it fails. The list is in order of
/// time, may be empty, and is valid only during the call.
using FailsAgain = std::function<bool(std::span<const TimedFault>)>;

/// Why a search for a smaller list ended.
enum class ShrinkEnd : std::uint8_t {
  minimal, ///< without any one of its faults the list does not fail
  run_limit, ///< a smaller list may exist
  not_again, ///< the whole list did not fail this time, so nothing was sought
};

/// "minimal", "run_limit", "not_again"
std::string_view to_string(ShrinkEnd end) noexcept;

struct ShrinkResult {
  ShrinkEnd end = ShrinkEnd::not_again;

  /// The smallest list that was seen to fail, in order of time; all faults
  /// if none did. Empty if it fails without any fault.
  std::vector<TimedFault> faults;

  std::uint32_t runs = 0; ///< calls of the predicate
};

/// Seeks a small part of a list of faults that still fails, by delta
/// debugging: the algorithm ddmin of Zeller and Hildebrandt, "Simplifying
/// and Isolating Failure-Inducing Input", IEEE Transactions on Software
/// Engineering 28(2), 2002. It needs at most n^2 + 3n runs for n faults, about
/// 2 log2(n) if one is the cause. What it finds is minimal in that no single
/// fault can be taken from it; a smaller list may still exist elsewhere.
///
/// Two runs come on top and first: the whole list again, as a failure that
/// does not come back cannot be shrunk, and the empty list, as faults are not
/// to blame for what fails without them. No list is run twice, so a predicate
/// that fails only now and then should itself repeat its run.
///
/// Calls `fails` at most `max_runs` times; what it throws passes through.
ShrinkResult shrink(std::span<const TimedFault> faults, const FailsAgain& fails,
                    std::uint32_t max_runs);

} // namespace millrace::logic::faults
