// What events are refused with: the third part of EventHandler, apart so that
// the compiler puts none of it into the way of events that pass.
#include "logic/core/json_text.hpp"
#include "logic/validation/validator_handler.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace millrace::logic {

Fault EventHandler::missing_member() const {
  std::string detail;
  for (const auto& name : config_.required_fields) {
    const Field field = field_named(name);
    bool seen = (seen_ & bit(field)) != 0;
    bool present = (present_ & bit(field)) != 0;
    if (static_cast<std::size_t>(field) >= named_field_count) {
      const auto index = static_cast<std::size_t>(
        std::ranges::find(required_names_, name) - required_names_.begin());
      seen = seen_names_[index] != 0;
      present = present_names_[index] != 0;
    }
    if (present)
      continue;
    detail += detail.empty() ? "required " : ", ";
    detail += quoted(name);
    detail += seen ? " is null or empty" : " is absent";
  }
  return {Reason::missing_field, std::move(detail)};
}

std::string_view EventHandler::name_of(Field field) noexcept {
  constexpr std::string_view names[named_field_count] = {
    "user_id", "app_version", "device_type",  "locale", "device_id",
    "ip",      "timestamp",   "login_status", "success"};
  assert(static_cast<std::size_t>(field) < named_field_count);
  return names[static_cast<std::size_t>(field)];
}

Exposure EventHandler::exposure_of(Field field) noexcept {
  if (field == Field::ip)
    return Exposure::address;
  return field == Field::user_id || field == Field::device_id
           ? Exposure::personal
           : Exposure::open;
}

void EventHandler::refuse(Fault fault) {
  if (!fault_)
    fault_ = std::move(fault);
}

void EventHandler::refuse_duplicate(std::string_view name) {
  refuse(duplicate_member(name));
}

void EventHandler::refuse_length(std::string_view text) {
  refuse(
    text_too_long(name_of(field_), text.size(), config_.max_field_bytes.bytes));
}

void EventHandler::refuse_control_character(std::string_view text) {
  refuse({Reason::invalid_text, quoted(name_of(field_))
                                  + " holds a control character: "
                                  + shown(text, exposure_of(field_))});
}

void EventHandler::refuse_user_id(std::string_view text, std::string_view why) {
  std::string detail = "\"user_id\" ";
  detail += why;
  detail += ": ";
  detail += masked(text);
  refuse({Reason::invalid_user_id, std::move(detail)});
}

void EventHandler::take_other_address(std::string_view text) {
  const auto reading = address_forms_.read(text);
  if (reading.address)
    event_->ip = *reading.address;
  else if (reading.absent)
    present_ &= ~bit(Field::ip);
  else if (!reading.why.empty())
    // The mask would hide the very reason, so nothing is shown of the value.
    refuse({Reason::invalid_address,
            "\"ip\" " + std::string{reading.why} + ", not a plain IP address"});
  else
    refuse({Reason::invalid_address,
            "\"ip\" is no IP address: " + masked_address(text)});
}

void EventHandler::refuse_timestamp(std::string_view text,
                                    std::string_view why) {
  // What is no number may be anything.
  const bool number = text.find_first_not_of("0123456789+-.eE")
                      == std::string_view::npos;
  std::string detail = "\"timestamp\" ";
  detail += shown(text, number ? Exposure::open : Exposure::personal);
  detail += ' ';
  detail += why;
  refuse({Reason::invalid_timestamp, std::move(detail)});
}

void EventHandler::refuse_type(std::string_view found, std::string_view value) {
  std::string_view expected = "a string";
  if (field_ >= Field::outcome)
    return; // any type will do
  if (field_ == Field::timestamp)
    expected = "a whole number or a string of digits";
  else if (field_ == Field::login_status)
    expected = "a string or a boolean";
  else if (field_ == Field::success)
    expected = "a boolean";
  refuse(wrong_type({.member = name_of(field_),
                     .expected = expected,
                     .found = found,
                     .value = value,
                     // Where no text is expected it may be anything.
                     .exposure = field_ == Field::success && found == "a string"
                                   ? Exposure::personal
                                   : exposure_of(field_)}));
}

} // namespace millrace::logic
