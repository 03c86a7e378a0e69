#include "logic/reason.hpp"

namespace millrace::logic {

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::tombstone:
      return "tombstone";
    case Reason::empty_value:
      return "empty_value";
    case Reason::too_large:
      return "too_large";
    case Reason::invalid_utf8:
      return "invalid_utf8";
    case Reason::not_json:
      return "not_json";
    case Reason::too_deep:
      return "too_deep";
    case Reason::not_an_object:
      return "not_an_object";
    case Reason::duplicate_member:
      return "duplicate_member";
    case Reason::missing_field:
      return "missing_field";
    case Reason::wrong_type:
      return "wrong_type";
    case Reason::invalid_user_id:
      return "invalid_user_id";
    case Reason::invalid_timestamp:
      return "invalid_timestamp";
    case Reason::invalid_address:
      return "invalid_address";
    case Reason::invalid_text:
      return "invalid_text";
    case Reason::output_too_large:
      return "output_too_large";
    case Reason::delivery_failed:
      return "delivery_failed";
    case Reason::poison:
      return "poison";
    case Reason::field_too_long:
      return "field_too_long";
  }
  return "unknown";
}

} // namespace millrace::logic
