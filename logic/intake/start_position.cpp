#include "logic/intake/start_position.hpp"

namespace millrace::logic {

std::optional<StartPosition> choose_start(const PositionQuestion& question,
                                          LogExtent log, OffsetReset reset) {
  const auto& [wanted, fault, kept] = question;
  if (fault == PositionFault::recreation)
    return StartPosition{log.low,
                         PositionJump{PositionFault::recreation,
                                      wanted.value_or(log.low), log.low},
                         true};
  // Of a log that was cut off, its end may have come back that far meanwhile.
  const bool inside = wanted && log.low <= *wanted && *wanted <= log.high
                      && fault != PositionFault::truncation;
  if (inside) {
    StartPosition start{*wanted, {}, false};
    if (fault == PositionFault::lost_commit)
      start.jump = {PositionFault::lost_commit, *wanted, *wanted};
    return start;
  }
  if (fault == PositionFault::truncation && wanted && kept && log.low <= *kept
      && *kept <= log.high)
    return StartPosition{
      *kept, PositionJump{PositionFault::truncation, *wanted, *kept}, true};
  if (reset == OffsetReset::none)
    return std::nullopt;
  StartPosition start;
  start.offset = reset == OffsetReset::earliest ? log.low : log.high;
  if (!wanted)
    return start;
  start.restarted = fault == PositionFault::truncation || *wanted > log.high;
  start.jump = {start.restarted ? PositionFault::truncation
                                : PositionFault::retention,
                *wanted, start.offset};
  return start;
}

} // namespace millrace::logic
