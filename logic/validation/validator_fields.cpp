// What each member's value must be: the second part of EventHandler.
#include "logic/core/json_text.hpp"
#include "logic/validation/validator_handler.hpp"
#include "logic/validation/validator_words.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace millrace::logic {

namespace {

/// Seconds from here on (the year 5138) are more likely milliseconds.
constexpr std::uint64_t min_likely_milliseconds = 100'000'000'000;

} // namespace

void EventHandler::take_text(std::string_view text) {
  if (!text.empty())
    mark_present();
  switch (field_) {
    case Field::user_id:
      take_user_id(text);
      break;
    case Field::app_version:
      take_plain_text(text, event_->app_version);
      break;
    case Field::device_type:
      take_plain_text(text, event_->device_type);
      break;
    case Field::locale:
      take_plain_text(text, event_->locale);
      break;
    case Field::device_id:
      take_plain_text(text, event_->device_id);
      break;
    case Field::ip:
      take_address(text);
      break;
    case Field::timestamp:
      take_timestamp(text);
      break;
    case Field::login_status:
    case Field::outcome:
      take_outcome(text);
      break;
    case Field::success:
      refuse_type("a string", text);
      break;
    case Field::outcome_part:
    case Field::required:
    case Field::replaced:
    case Field::other:
      break;
  }
}

void EventHandler::take_plain_text(std::string_view text,
                                   std::string_view& column) {
  if (text.size() > config_.max_field_bytes.bytes)
    return refuse_length(text);
  if (holds_control_character(text))
    return refuse_control_character(text);
  column = keep(text);
}

void EventHandler::take_user_id(std::string_view text) {
  if (text.find_first_not_of(' ') == std::string_view::npos)
    return refuse_user_id(text, "is empty or blank");
  if (text.size() > config_.max_user_id_bytes.bytes)
    return refuse_user_id(text, "is longer than allowed");
  if (holds_control_character(text))
    return refuse_user_id(text, "holds a control character");
  event_->user_id = keep(text);
}

void EventHandler::take_address(std::string_view text) {
  const auto address = geo::parse_ip(text);
  if (!address)
    return take_other_address(text);
  event_->ip = *address;
}

void EventHandler::take_outcome(std::string_view text) {
  event_->status = status_named(text);
}

LoginStatus EventHandler::status_named(std::string_view text) const noexcept {
  text = without_blanks(text);
  const auto is_text = [text](const std::string& value) {
    return equals_ignoring_case(text, value);
  };
  if (std::ranges::any_of(success_values_, is_text))
    return LoginStatus::success;
  if (std::ranges::any_of(failure_values_, is_text))
    return LoginStatus::failure;
  return LoginStatus::unknown;
}

void EventHandler::take_number(std::string_view text) {
  mark_present();
  if (field_ == Field::timestamp)
    take_timestamp(text);
  else if (field_ == Field::outcome)
    take_outcome(text);
  else
    refuse_type("a number", text);
}

void EventHandler::take_integer(std::uint64_t value, std::string_view text) {
  if (field_ != Field::timestamp || text.front() == '-')
    return take_number(text);
  mark_present();
  take_seconds(value, text);
}

void EventHandler::take_bool(bool value) {
  mark_present();
  const auto status = value ? LoginStatus::success : LoginStatus::failure;
  if (field_ == Field::login_status || field_ == Field::outcome)
    event_->status = status;
  else if (field_ == Field::success)
    success_ = status;
  else
    refuse_type("a boolean", value ? "true" : "false");
}

void EventHandler::take_structure(bool is_object) {
  mark_present();
  if (field_ == Field::outcome_part && is_object)
    read_depth_ = depth_ + 1;
  else
    refuse_type(is_object ? "an object" : "an array", {});
}

void EventHandler::take_timestamp(std::string_view text) {
  std::uint64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, seconds);
  if (code == std::errc::result_out_of_range && stop == end)
    seconds = std::uint64_t{0} - 1;
  else if (code != std::errc{} || stop != end)
    return refuse_timestamp(text, "is no whole number of Unix seconds");
  take_seconds(seconds, text);
}

void EventHandler::take_seconds(std::uint64_t seconds, std::string_view text) {
  if (seconds > static_cast<std::uint64_t>(latest_ms_ / 1000))
    return refuse_timestamp(text, seconds >= min_likely_milliseconds
                                    ? "lies too far ahead; Unix seconds are "
                                      "expected, not milliseconds"
                                    : "lies too far ahead");
  if (seconds < static_cast<std::uint64_t>(config_.min_timestamp))
    return refuse_timestamp(text, "is older than allowed");
  event_->event_time_ms = static_cast<std::int64_t>(seconds) * 1000;
}

bool EventHandler::holds_control_character(
  std::string_view text) const noexcept {
  // The parser takes no bytes below 0x20, so most texts need no look.
  return (in_scratch(text) || maybe_control_) && has_control_character(text);
}

void EventHandler::mark_present() {
  present_ |= bit(field_);
  if (required_index_ != none)
    present_names_[required_index_] = 1;
}

std::string_view EventHandler::keep_unescaped() {
  return batch_->unescaped.emplace_back(scratch_);
}

} // namespace millrace::logic
