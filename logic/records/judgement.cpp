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
  }
  return "unknown";
}

} // namespace millrace::logic
