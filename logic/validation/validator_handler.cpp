#include "logic/validation/validator_handler.hpp"

#include "logic/core/event_time.hpp"
#include "logic/validation/validator_words.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <iterator>
#include <utility>

namespace millrace::logic {

namespace {

/// Compares with a name of known length, which the caller has checked.
template <std::size_t Size>
bool same(std::string_view name, const char (&literal)[Size]) noexcept {
  return std::memcmp(name.data(), literal, Size - 1) == 0;
}

} // namespace

EventHandler::EventHandler(ValidationConfig config, OutcomeConfig outcome,
                           OutputMembers members)
  : config_(std::move(config)), address_forms_(config_.address_forms),
    members_written_(std::move(members)),
    outcome_member_(std::move(outcome.member)) {
  for (const auto name : outcome_path(outcome_member_))
    outcome_path_.emplace_back(name);
  assert(outcome_path_.size() <= max_outcome_depth);
  std::ranges::transform(outcome.success_values,
                         std::back_inserter(success_values_),
                         [](const auto& value) { return lower_case(value); });
  std::ranges::transform(outcome.failure_values,
                         std::back_inserter(failure_values_),
                         [](const auto& value) { return lower_case(value); });
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
  replaced_kinds_ = 0;
  std::ranges::fill(seen_names_, std::uint8_t{0});
  std::ranges::fill(present_names_, std::uint8_t{0});
  depth_ = 0;
  read_depth_ = root_depth;
  outcome_seen_ = 0;
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

EventHandler::Field EventHandler::known_field(std::string_view name) noexcept {
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
  return Field::other;
}

EventHandler::Field
EventHandler::field_named(std::string_view name) const noexcept {
  const Field field = known_field(name);
  const bool is_status = field == Field::login_status
                         || field == Field::success;
  // These two speak only where nothing else is configured.
  if (field != Field::other && !(is_status && !outcome_path_.empty()))
    return field;
  return members_written_.contains(name) ? Field::replaced : Field::other;
}

void EventHandler::take_name(std::string_view name) {
  if (depth_ != root_depth)
    return take_path_name(name);
  const std::uint32_t member = members_++;
  required_index_ = none;
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
  if (is_replaced) {
    replaced_.push_back(member);
    replaced_kinds_ |= 1U << static_cast<unsigned>(
                         *members_written_.find(name));
  }
  const auto found = std::ranges::find(required_names_, name);
  if (found != required_names_.end()) {
    required_index_ = static_cast<std::size_t>(found - required_names_.begin());
    // A member that the output replaces may repeat: all of them are cut out.
    if (seen_names_[required_index_] != 0 && !is_replaced)
      refuse_duplicate(name);
    seen_names_[required_index_] = 1;
    field_ = Field::required;
  }
  if (outcome_path_.empty())
    return;
  // A name with dots may be meant as it stands.
  const bool is_whole_path = name == outcome_member_;
  if (is_whole_path || name == outcome_path_.front())
    take_outcome_name(name, is_whole_path);
}

/// A name inside of an object that is on the way to the outcome.
void EventHandler::take_path_name(std::string_view name) {
  field_ = Field::other;
  required_index_ = none;
  if (name == outcome_path_[depth_ - root_depth])
    take_outcome_name(name, depth_ - root_depth + 1 == outcome_path_.size());
}

void EventHandler::take_outcome_name(std::string_view name, bool is_outcome) {
  field_ = is_outcome ? Field::outcome : Field::outcome_part;
  const auto level = is_outcome ? outcome_path_.size() - 1
                                : depth_ - root_depth;
  if ((outcome_seen_ & (1U << level)) != 0)
    refuse_duplicate(name);
  outcome_seen_ |= 1U << level;
}

} // namespace millrace::logic
