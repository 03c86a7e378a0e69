// What each member's value must be: the second half of EventHandler.
#include "logic/event_time.hpp"
#include "logic/json_text.hpp"
#include "logic/validator_handler.hpp"

#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

namespace millrace::logic {

namespace {

/// Seconds from here on (the year 5138) are more likely milliseconds.
constexpr std::uint64_t min_likely_milliseconds = 100'000'000'000;

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size())
    return false;
  for (std::size_t index = 0; index != text.size(); ++index) {
    const char character = text[index];
    const bool upper = character >= 'A' && character <= 'Z';
    if ((upper ? static_cast<char>(character - 'A' + 'a') : character)
        != lower[index])
      return false;
  }
  return true;
}

LoginStatus status_named(std::string_view text) {
  for (const std::string_view word : {"success", "succeeded", "successful"})
    if (equals_ignoring_case(text, word))
      return LoginStatus::success;
  for (const std::string_view word : {"failure", "failed", "fail"})
    if (equals_ignoring_case(text, word))
      return LoginStatus::failure;
  return LoginStatus::unknown;
}

} // namespace

void EventHandler::take_text(Piece piece) {
  if (!piece.text.empty())
    mark_present();
  switch (field_) {
    case Field::user_id:
      take_user_id(piece);
      break;
    case Field::app_version:
      take_plain_text(piece, event_.app_version);
      break;
    case Field::device_type:
      take_plain_text(piece, event_.device_type);
      break;
    case Field::locale:
      take_plain_text(piece, event_.locale);
      break;
    case Field::device_id:
      take_plain_text(piece, event_.device_id);
      break;
    case Field::ip:
      take_address(piece.text);
      break;
    case Field::timestamp:
      take_timestamp(piece.text);
      break;
    case Field::login_status:
      event_.status = status_named(piece.text);
      break;
    case Field::success:
      refuse_type("a string", piece.text);
      break;
    case Field::required:
    case Field::replaced:
    case Field::other:
      break;
  }
  scratch_.clear();
}

void EventHandler::take_plain_text(Piece piece, std::string_view& column) {
  const auto text = piece.text;
  if (text.size() > config_.max_field_bytes.bytes)
    refuse(text_too_long(name_of(field_), text.size(),
                         config_.max_field_bytes.bytes));
  else if (has_control_character(text))
    refuse({Reason::invalid_text, quoted(name_of(field_))
                                    + " holds a control character: "
                                    + shown(text, exposure_of(field_))});
  else
    column = keep(piece);
}

void EventHandler::take_user_id(Piece piece) {
  const auto text = piece.text;
  const char* fault = nullptr;
  if (text.find_first_not_of(' ') == std::string_view::npos)
    fault = "\"user_id\" is empty or blank: ";
  else if (text.size() > config_.max_user_id_bytes.bytes)
    fault = "\"user_id\" is longer than allowed: ";
  else if (has_control_character(text))
    fault = "\"user_id\" holds a control character: ";
  if (fault != nullptr)
    refuse({Reason::invalid_user_id, fault + masked(text)});
  else
    event_.user_id = keep(piece);
}

void EventHandler::take_address(std::string_view text) {
  if (const auto address = geo::parse_ip(text))
    event_.ip = *address;
  else
    refuse({Reason::invalid_address,
            "\"ip\" is no IP address: " + masked_address(text)});
}

void EventHandler::take_number(std::string_view text) {
  mark_present();
  if (field_ == Field::timestamp)
    take_timestamp(text);
  else
    refuse_type("a number", text);
}

void EventHandler::take_bool(bool value) {
  mark_present();
  const auto status = value ? LoginStatus::success : LoginStatus::failure;
  if (field_ == Field::login_status)
    event_.status = status;
  else if (field_ == Field::success)
    success_ = status;
  else
    refuse_type("a boolean", value ? "true" : "false");
}

void EventHandler::take_structure(std::string_view type) {
  mark_present();
  refuse_type(type, {});
}

void EventHandler::take_timestamp(std::string_view text) {
  std::uint64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, seconds);
  if (code == std::errc::result_out_of_range && stop == end)
    seconds = std::uint64_t{0} - 1;
  else if (code != std::errc{} || stop != end)
    return refuse_timestamp(text, "is no whole number of Unix seconds");
  if (seconds > static_cast<std::uint64_t>(latest_ms_ / 1000))
    return refuse_timestamp(text, seconds >= min_likely_milliseconds
                                    ? "lies too far ahead; Unix seconds are "
                                      "expected, not milliseconds"
                                    : "lies too far ahead");
  if (seconds < static_cast<std::uint64_t>(config_.min_timestamp))
    return refuse_timestamp(text, "is older than allowed");
  event_.event_time_ms = static_cast<std::int64_t>(seconds) * 1000;
}

void EventHandler::refuse_timestamp(std::string_view text,
                                    std::string_view why) {
  std::string detail = "\"timestamp\" ";
  detail += quoted(text);
  detail += ' ';
  detail += why;
  refuse({Reason::invalid_timestamp, std::move(detail)});
}

void EventHandler::refuse_type(std::string_view found, std::string_view value) {
  std::string_view expected = "a string";
  if (field_ == Field::required)
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
                     .exposure = exposure_of(field_)}));
}

void EventHandler::refuse(Fault fault) {
  if (!fault_)
    fault_ = std::move(fault);
}

void EventHandler::mark_present() {
  if (field_ == Field::required)
    present_names_[required_index_] = 1;
  else
    present_ |= 1U << static_cast<unsigned>(field_);
}

std::string_view EventHandler::keep(Piece piece) {
  return piece.unescaped ? batch_->unescaped.emplace_back(piece.text)
                         : piece.text;
}

} // namespace millrace::logic
