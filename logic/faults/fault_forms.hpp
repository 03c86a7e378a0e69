#pragma once

#include "logic/core/actor_table.hpp"
#include "logic/faults/fault_order.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::logic::faults {

/// Whom the orders of a kind name.
enum class TargetScope : std::uint8_t {
  actor, ///< any actor, or all of a kind
  stage, ///< any stage, or all of a kind
  /// All stages of a kind: a batch that is tried again comes to another
  /// lane, so one poisoned stage alone would let it through.
  all_of_stage,
  fixed, ///< nobody, as only one can obey
};

/// Whether an order of a kind says something.
enum class Need : std::uint8_t { never, maybe, always };

/// How the orders of a kind are written. The parser, the printer and the
/// help all follow it.
struct FaultForm {
  FaultKind kind = FaultKind::crash;
  std::string_view name; ///< the words it begins with, joined by underscores
  TargetScope scope = TargetScope::actor;
  std::string_view fixed_target; ///< for TargetScope::fixed
  bool match = false;
  Need after = Need::never;
  Need duration = Need::never;
  Need times = Need::never;
  std::string_view explanation;
};

/// By FaultKind.
inline constexpr std::array<FaultForm, fault_kind_count> fault_forms{{
  {FaultKind::crash, "crash", TargetScope::actor, "", false, Need::maybe,
   Need::never, Need::never,
   "the actor ends with an error, at once or after BATCHES more"},
  {FaultKind::throw_on_match, "poison", TargetScope::all_of_stage, "", true,
   Need::never, Need::never, Need::never,
   "from now on the stage throws on batches with a value with MATCH in it"},
  {FaultKind::hang, "hang", TargetScope::actor, "", false, Need::never,
   Need::always, Need::never, "the actor blocks its thread for DURATION"},
  {FaultKind::slow, "slow", TargetScope::actor, "", false, Need::never,
   Need::always, Need::maybe,
   "the actor takes DURATION longer for each of its next COUNT messages"},
  {FaultKind::corrupt_answer, "corrupt", TargetScope::stage, "", false,
   Need::never, Need::never, Need::never,
   "the next answer of the stage is garbled, which others must notice"},
  {FaultKind::fail_deliveries, "fail_deliveries", TargetScope::fixed,
   "producer", false, Need::never, Need::never, Need::maybe,
   "the next COUNT records are not sent, and reported as failed for now"},
  {FaultKind::lose_reports, "lose_reports", TargetScope::fixed, "producer",
   false, Need::never, Need::never, Need::maybe,
   "the next COUNT records are sent, but not reported: they may double"},
  {FaultKind::fence_producer, "fence_producer", TargetScope::fixed, "producer",
   false, Need::never, Need::never, Need::never,
   "the Kafka client of the producer fails for good, as if it were fenced"},
  {FaultKind::fail_commits, "fail_commits", TargetScope::fixed, "consumer",
   false, Need::never, Need::never, Need::maybe,
   "the next COUNT commits of offsets fail"},
  {FaultKind::drop_credit, "drop_credit", TargetScope::fixed, "consumer", false,
   Need::never, Need::never, Need::maybe,
   "the next COUNT credit messages to the consumer vanish"},
  {FaultKind::exhaust_credit, "exhaust_credit", TargetScope::fixed, "consumer",
   false, Need::never, Need::always, Need::never,
   "the consumer gets no credit for DURATION, as if memory were used up"},
  {FaultKind::broker_down, "broker_down", TargetScope::fixed, "broker", false,
   Need::never, Need::always, Need::never,
   "the embedded broker goes away for DURATION; only `millrace chaos` can"},
  {FaultKind::die_on_match, "die", TargetScope::all_of_stage, "", true,
   Need::never, Need::never, Need::never,
   "the process dies when the stage gets a batch with a value with MATCH"},
}};

static_assert(
  [] {
    for (std::size_t index = 0; index != fault_forms.size(); ++index)
      if (static_cast<std::size_t>(fault_forms[index].kind) != index)
        return false;
    return true;
  }(),
  "fault_forms is indexed by FaultKind");

constexpr const FaultForm& form_of(FaultKind kind) noexcept {
  return fault_forms[static_cast<std::size_t>(kind)];
}

/// The names of the kinds that a target of the scope may be of.
std::vector<std::string_view> target_names(TargetScope scope);

} // namespace millrace::logic::faults
