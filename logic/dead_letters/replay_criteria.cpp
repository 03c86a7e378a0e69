#include "logic/dead_letters/replay_criteria.hpp"

#include "logic/core/parse_number.hpp"

#include <array>
#include <utility>

namespace millrace::logic {

namespace {

using TextList = std::vector<std::string> DeadLetterFilter::*;
using Time = std::optional<std::int64_t> DeadLetterFilter::*;

constexpr std::array<std::pair<std::string_view, TextList>, 3> text_lists{{
  {"reason", &DeadLetterFilter::reasons},
  {"stage", &DeadLetterFilter::stages},
  {"source", &DeadLetterFilter::source_topics},
}};

constexpr std::array<std::pair<std::string_view, Time>, 2> times{{
  {"since", &DeadLetterFilter::since_ms},
  {"until", &DeadLetterFilter::until_ms},
}};

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return parts;
}

/// False for what no criterion is.
bool take_criterion(ReplayCriteria& criteria, std::string_view name,
                    std::string_view value) {
  if (name == "cap") {
    const auto cap = parse_number<std::uint32_t>(value);
    criteria.cap = cap.value_or(0);
    return cap.has_value();
  }
  if (name == "to") {
    criteria.to = value;
    return !value.empty();
  }
  for (const auto& [known, list] : text_lists)
    if (known == name) {
      criteria.filter.*list = split_list(value);
      return !value.empty();
    }
  for (const auto& [known, time] : times)
    if (known == name) {
      criteria.filter.*time = parse_number<std::int64_t>(value);
      return (criteria.filter.*time).has_value();
    }
  return false;
}

} // namespace

std::string to_text(const ReplayCriteria& criteria) {
  auto text = "cap=" + std::to_string(criteria.cap);
  if (!criteria.to.empty())
    text += " to=" + criteria.to;
  for (const auto& [name, list] : text_lists) {
    const auto& words = criteria.filter.*list;
    for (const auto& word : words)
      text += (&word == &words.front() ? " " + std::string{name} + "=" : ",")
              + word;
  }
  for (const auto& [name, time] : times)
    if (const auto& time_ms = criteria.filter.*time)
      text += " " + std::string{name} + "=" + std::to_string(*time_ms);
  return text;
}

std::optional<ReplayCriteria> parse_criteria(std::string_view text) {
  ReplayCriteria criteria;
  bool capped = false;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const auto word = text.substr(0, blank);
    text.remove_prefix(blank == text.npos ? text.size() : blank + 1);
    const auto equals = word.find('=');
    if (equals == word.npos
        || !take_criterion(criteria, word.substr(0, equals),
                           word.substr(equals + 1)))
      return std::nullopt;
    capped = capped || word.starts_with("cap=");
  }
  if (!capped)
    return std::nullopt;
  return criteria;
}

std::string_view to_text(ReplayVerdict verdict) noexcept {
  switch (verdict) {
    case ReplayVerdict::send:
      return "are to be sent";
    case ReplayVerdict::filtered:
      return "are not meant by the filter";
    case ReplayVerdict::replayed_before:
      return "were replayed before in this group (--again takes them anew)";
    case ReplayVerdict::foreign:
      return "were not written by a node: nobody knows where they belong";
    case ReplayVerdict::own_topic:
      return "came from the dead-letter topic itself: a loop";
    case ReplayVerdict::reference:
      return "were written without their value: fetch them from the input";
    case ReplayVerdict::tombstone:
      return "have no value: tombstones fail again";
    case ReplayVerdict::over_cap:
      return "were replayed as often as the cap allows (--max-replays)";
  }
  return "unknown";
}

std::string_view destination_of(const DeadLetter& letter,
                                const ReplayCriteria& criteria) noexcept {
  if (!criteria.to.empty())
    return criteria.to;
  return letter.note ? letter.note->note.source.topic : std::string_view{};
}

ReplayVerdict judge(const DeadLetter& letter, const ReplayCriteria& criteria,
                    std::string_view dead_letter_topic) {
  if (!matches(criteria.filter, letter))
    return ReplayVerdict::filtered;
  if (!letter.note)
    return ReplayVerdict::foreign;
  if (destination_of(letter, criteria) == dead_letter_topic)
    return ReplayVerdict::own_topic;
  if (letter.is_reference())
    return ReplayVerdict::reference;
  if (!letter.record.value)
    return ReplayVerdict::tombstone;
  if (letter.replays() >= criteria.cap)
    return ReplayVerdict::over_cap;
  return ReplayVerdict::send;
}

} // namespace millrace::logic
