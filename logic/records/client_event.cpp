#include "logic/records/client_event.hpp"

namespace millrace::logic {

std::string_view to_string(PositionFault fault) noexcept {
  switch (fault) {
    case PositionFault::retention:
      return "retention";
    case PositionFault::truncation:
      return "truncation";
    case PositionFault::recreation:
      return "recreation";
    case PositionFault::lost_commit:
      return "lost_commit";
  }
  return "unknown";
}

} // namespace millrace::logic
