#include "logic/records/judgement.hpp"

namespace millrace::logic {

std::string_view to_string(Rule rule) noexcept {
  switch (rule) {
    case Rule::forest:
      return "isolation_forest";
    case Rule::velocity:
      return "velocity";
    case Rule::impossible_travel:
      return "impossible_travel";
    case Rule::new_device:
      return "new_device";
    case Rule::brute_force:
      return "brute_force";
    case Rule::brute_force_success:
      return "brute_force_success";
    case Rule::password_spray:
      return "password_spray";
    case Rule::new_country:
      return "new_country";
  }
  return "unknown";
}

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::low:
      return "low";
    case Severity::medium:
      return "medium";
    case Severity::high:
      return "high";
  }
  return "unknown";
}

} // namespace millrace::logic
