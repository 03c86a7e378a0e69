#include "logic/verification/verification_report.hpp"

namespace millrace::logic::verification {

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::lost:
      return "lost";
    case Fault::doubled:
      return "doubled";
    case Fault::swapped:
      return "swapped";
    case Fault::corrupted:
      return "corrupted";
    case Fault::foreign:
      return "foreign";
  }
  return "unknown";
}

std::string_view to_string(Conclusion conclusion) noexcept {
  switch (conclusion) {
    case Conclusion::passed:
      return "passed";
    case Conclusion::incomplete:
      return "incomplete";
    case Conclusion::failed:
      return "failed";
  }
  return "unknown";
}

} // namespace millrace::logic::verification
