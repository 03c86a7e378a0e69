#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/client_event.hpp"

#include <optional>

namespace millrace::logic {

/// The offsets that a partition holds: from `low` on, up to before `high`.
struct LogExtent {
  Offset low;
  Offset high;
};

/// Where to read from when the place to read from is not in the log.
enum class OffsetReset : std::uint8_t { earliest, latest, none };

/// What is known of a partition whose client could not say where to read from.
struct PositionQuestion {
  /// Where reading was to go on; none on a first start.
  std::optional<Offset> wanted;
  /// Why it cannot, as far as is known.
  std::optional<PositionFault> fault;
  /// Of a log that was cut off: up to here it is what it was (KIP-320).
  std::optional<Offset> kept{};
};

struct StartPosition {
  Offset offset;
  /// None on a first start, and where the wanted place is there after all.
  std::optional<PositionJump> jump;
  /// The log was begun anew or cut off: its offsets mean other records now.
  bool restarted = false;
};

/// Decides where to read from; nothing where `reset` forbids to choose.
/// `earliest` and `latest` choose for a place that fell out of the log. A topic
/// that was created anew is read from its begin in any case, as all of it is
/// new, one that was cut off from there where that is known, and so is the
/// place that the group forgot but this node remembers.
std::optional<StartPosition> choose_start(const PositionQuestion& question,
                                          LogExtent log, OffsetReset reset);

} // namespace millrace::logic
