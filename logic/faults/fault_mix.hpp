#pragma once

#include "logic/faults/fault_order.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::logic::faults {

inline constexpr std::uint32_t max_fault_weight = 1'000'000;

/// How often each kind of fault occurs, against the others.
struct FaultMix {
  /// By FaultKind, up to `max_fault_weight`; 0 never occurs.
  std::array<std::uint32_t, fault_kind_count> weights{};

  std::uint32_t& operator[](FaultKind kind) noexcept {
    return weights[static_cast<std::size_t>(kind)];
  }
  std::uint32_t operator[](FaultKind kind) const noexcept {
    return weights[static_cast<std::size_t>(kind)];
  }

  friend bool operator==(const FaultMix&, const FaultMix&) = default;
};

/// Every kind but those after which the verdict is not simply clean:
/// `lose_reports` doubles records, and `throw_on_match` needs records to be
/// planted.
FaultMix default_mix() noexcept;

/// "crash=40,hang=1": the kinds that occur.
std::string to_string(const FaultMix& mix);

/// Reads what `to_string` writes; blanks around kinds and weights are
/// allowed, kinds that are not named weigh 0. Errors (invalid_argument) say
/// what is wrong with which part, and what is allowed.
Result<FaultMix> parse_fault_mix(std::string_view text);

} // namespace millrace::logic::faults
