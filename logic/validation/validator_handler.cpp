#include "logic/validation/validator_handler.hpp"

#include "logic/records/output_members.hpp"

#include "logic/core/event_time.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::logic {

namespace {

/// Compares with a name of known length, which the caller has checked.
template <std::size_t Size>
bool same(std::string_view name, const char (&literal)[Size]) noexcept {
  return std::memcmp(name.data(), literal, Size - 1) == 0;
}

} // namespace

EventHandler::EventHandler(ValidationConfig config)
  : config_(std::move(config)) {
  for (const auto& name : config_.required_fields) {
    const Field field = field_named(name);
    if (static_cast<std::size_t>(field) < named_field_count)
      required_fields_ |= bit(field);
    else if (std::ranges::find(required_names_, name) == required_names_.end())
      required_names_.push_back(name);
  }
  seen_names_.resize(required_names_.size());
  present_names_.resize(required_names_.size());
}

void EventHandler::begin_batch(ValidatedBatch& batch, std::int64_t now_ms) {
  batch_ = &batch;
  latest_ms_ = std::min(now_ms + config_.max_future_skew.count(),
                        max_event_time_ms);
}

void EventHandler::begin_record(std::string_view document, LoginEvent& event) {
  document_ = document;
  event_ = &event;
  maybe_control_ = document.find('\x7F') != std::string_view::npos
                   || document.find('\xC2') != std::string_view::npos;
  fault_.reset();
  scratch_.clear();
  replaced_.clear();
  std::ranges::fill(seen_names_, std::uint8_t{0});
  std::ranges::fill(present_names_, std::uint8_t{0});
  depth_ = 0;
  members_ = 0;
  seen_ = 0;
  present_ = 0;
  success_ = LoginStatus::unknown;
  field_ = Field::other;
  is_object_ = false;
}

std::optional<Fault>
EventHandler::finish_record(std::int64_t kafka_timestamp_ms) {
  if (!is_object_)
    return Fault{Reason::not_an_object,
                 "the document is not an object but another JSON value"};
  if (fault_)
    return std::exchange(fault_, std::nullopt);
  if (lacks_member())
    return missing_member();
  if (event_->event_time_ms < 0 && kafka_timestamp_ms >= 0
      && kafka_timestamp_ms <= latest_ms_)
    event_->event_time_ms = kafka_timestamp_ms;
  if (event_->status == LoginStatus::unknown)
    event_->status = success_;
  return std::nullopt;
}

bool EventHandler::lacks_member() const noexcept {
  return (required_fields_ & ~present_) != 0
         || std::ranges::find(present_names_, 0) != present_names_.end();
}

EventHandler::Field EventHandler::field_named(std::string_view name) noexcept {
  switch (name.size()) {
    case 2:
      if (same(name, "ip"))
        return Field::ip;
      break;
    case 6:
      if (same(name, "locale"))
        return Field::locale;
      break;
    case 7:
      if (same(name, "user_id"))
        return Field::user_id;
      if (same(name, "success"))
        return Field::success;
      break;
    case 9:
      if (same(name, "device_id"))
        return Field::device_id;
      if (same(name, "timestamp"))
        return Field::timestamp;
      break;
    case 11:
      if (same(name, "app_version"))
        return Field::app_version;
      if (same(name, "device_type"))
        return Field::device_type;
      break;
    case 12:
      if (same(name, "login_status"))
        return Field::login_status;
      break;
    default:
      break;
  }
  return is_output_member(name) ? Field::replaced : Field::other;
}

void EventHandler::take_name(std::string_view name) {
  const std::uint32_t member = members_++;
  field_ = field_named(name);
  if (field_ >= Field::required)
    take_unread_name(name, member);
  else if ((seen_ & bit(field_)) != 0)
    refuse_duplicate(name);
  seen_ |= bit(field_);
}

void EventHandler::take_unread_name(std::string_view name,
                                    std::uint32_t member) {
  const bool is_replaced = field_ == Field::replaced;
  if (is_replaced)
    replaced_.push_back(member);
  const auto found = std::ranges::find(required_names_, name);
  if (found == required_names_.end())
    return;
  required_index_ = static_cast<std::size_t>(found - required_names_.begin());
  // A member that the output replaces may repeat: all of them are cut out.
  if (seen_names_[required_index_] != 0 && !is_replaced)
    refuse_duplicate(name);
  seen_names_[required_index_] = 1;
  field_ = Field::required;
}

} // namespace millrace::logic
