#include "logic/dead_letters/dead_letter_filter.hpp"

#include "logic/core/actor_table.hpp"
#include "logic/core/event_time.hpp"
#include "logic/core/nearest_word.hpp"
#include "logic/core/parse_number.hpp"

#include <algorithm>
#include <chrono>

namespace millrace::logic {

namespace {

constexpr std::size_t least_digits_of_ms = 12; // fewer may be seconds

template <class List, class Item>
bool lets(const List& list, const Item& item) {
  return list.empty() || std::ranges::find(list, item) != list.end();
}

template <class List>
void sort_once(List& list) {
  std::ranges::sort(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

std::vector<std::string> known_stages() {
  std::vector<std::string> names;
  for (const auto& traits : actor_table)
    if (traits.stage)
      names.emplace_back(traits.name);
  names.emplace_back(name_of(ActorKind::producer));
  names.emplace_back("node"); // died with it
  return names;
}

Result<void> check_name(std::string_view kind, std::string_view name,
                        const std::vector<std::string>& known) {
  if (std::ranges::find(known, name) != known.end())
    return {};
  const auto near = suggestion(name, known);
  auto text = "unknown " + std::string{kind} + " '" + std::string{name} + "'";
  if (!near.empty())
    return Error{ErrorCode::invalid_argument, text + near};
  text += "; there are";
  for (const auto& each : known)
    text += (&each == &known.front() ? " " : ", ") + each;
  return Error{ErrorCode::invalid_argument, std::move(text)};
}

/// Takes a number of so many digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count)
    return std::nullopt;
  const auto number = parse_number<int>(text.substr(0, count));
  text.remove_prefix(count);
  return number && *number >= 0 ? number : std::nullopt;
}

bool take(std::string_view& text, char token) {
  if (!text.starts_with(token))
    return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  using namespace std::chrono;
  const auto year_number = take_digits(text, 4);
  if (!year_number || !take(text, '-'))
    return std::nullopt;
  const auto month_number = take_digits(text, 2);
  if (!month_number || !take(text, '-'))
    return std::nullopt;
  const auto day_number = take_digits(text, 2);
  if (!day_number)
    return std::nullopt;
  const year_month_day date{year{*year_number},
                            month{static_cast<unsigned>(*month_number)},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok())
    return std::nullopt;
  return duration_cast<milliseconds>(sys_days{date}.time_since_epoch()).count();
}

/// `14:05`, `14:05:09` or `14:05:09.123`, in milliseconds of the day.
std::optional<std::int64_t> take_clock(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':'))
    return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59)
    return std::nullopt;
  std::int64_t time_ms = (*hour * 60 + *minute) * std::int64_t{60'000};
  if (!take(text, ':'))
    return time_ms;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59)
    return std::nullopt;
  time_ms += *second * 1'000;
  if (!take(text, '.'))
    return time_ms;
  const auto milliseconds = take_digits(text, 3);
  if (!milliseconds)
    return std::nullopt;
  return time_ms + *milliseconds;
}

} // namespace

bool matches(const DeadLetterFilter& filter, const DeadLetter& letter) {
  if (!lets(filter.partitions, letter.partition.value)
      || !lets(filter.reasons, letter.reason())
      || !lets(filter.stages, letter.stage()))
    return false;
  if (!filter.source_topics.empty()
      && (!letter.note
          || !lets(filter.source_topics, letter.note->note.source.topic)))
    return false;
  const auto time_ms = letter.time_ms();
  return (!filter.since_ms || time_ms >= *filter.since_ms)
         && (!filter.until_ms || time_ms < *filter.until_ms);
}

void normalize(DeadLetterFilter& filter) {
  sort_once(filter.reasons);
  sort_once(filter.stages);
  sort_once(filter.source_topics);
  sort_once(filter.partitions);
}

Result<void> check_reason(std::string_view name) {
  std::vector<std::string> known;
  known.reserve(reason_table.size());
  for (const auto& traits : reason_table)
    known.emplace_back(traits.name);
  return check_name("reason", name, known);
}

Result<void> check_stage(std::string_view name) {
  return check_name("stage", name, known_stages());
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  if (text.size() >= least_digits_of_ms
      && text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto time_ms = parse_number<std::int64_t>(text);
    return time_ms && *time_ms <= max_event_time_ms ? time_ms : std::nullopt;
  }
  const auto date_ms = take_date(text);
  if (!date_ms || *date_ms < 0)
    return std::nullopt;
  if (text.empty())
    return date_ms;
  if (!take(text, 'T') && !take(text, ' '))
    return std::nullopt;
  const auto clock_ms = take_clock(text);
  if (!clock_ms)
    return std::nullopt;
  take(text, 'Z');
  return text.empty() ? std::optional{*date_ms + *clock_ms} : std::nullopt;
}

} // namespace millrace::logic
