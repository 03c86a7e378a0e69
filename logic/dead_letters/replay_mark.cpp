#include "logic/dead_letters/replay_mark.hpp"

#include "logic/core/parse_number.hpp"

#include <algorithm>

namespace millrace::logic {

namespace {

constexpr std::string_view first_word = "millrace.replay/1 ";
constexpr std::string_view open_word = "open";
constexpr std::string_view ended_word = "ended";

template <class List>
bool includes_list(const List& wide, const List& narrow) {
  return wide.empty()
         || (!narrow.empty() && std::ranges::includes(wide, narrow));
}

/// Whether what `narrow` sends `wide` sends as well; both are normalized.
bool includes(const ReplayCriteria& wide, const ReplayCriteria& narrow) {
  const auto& outer = wide.filter;
  const auto& inner = narrow.filter;
  return wide.to == narrow.to && wide.cap >= narrow.cap
         && includes_list(outer.reasons, inner.reasons)
         && includes_list(outer.stages, inner.stages)
         && includes_list(outer.source_topics, inner.source_topics)
         && (!outer.since_ms
             || (inner.since_ms && *inner.since_ms >= *outer.since_ms))
         && (!outer.until_ms
             || (inner.until_ms && *inner.until_ms <= *outer.until_ms));
}

/// What a mark keeps of criteria: partitions have a mark each.
ReplayCriteria kept_of(ReplayCriteria criteria) {
  criteria.filter.partitions.clear();
  return criteria;
}

/// The text up to the next `;`, which is taken too.
std::string_view take_part(std::string_view& text) {
  const auto end = text.find(';');
  const auto part = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return part;
}

} // namespace

std::optional<ReplayMark> ReplayMark::parse(std::string_view text) {
  if (!text.starts_with(first_word))
    return std::nullopt;
  text.remove_prefix(first_word.size());
  ReplayMark mark;
  const auto state = take_part(text);
  mark.open_ = state == open_word;
  if (!mark.open_ && state != ended_word)
    return std::nullopt;
  while (!text.empty()) {
    const auto part = take_part(text);
    const auto blank = part.find(' ');
    if (blank == part.npos)
      return std::nullopt;
    const auto place = parse_number<std::int64_t>(part.substr(0, blank));
    auto criteria = parse_criteria(part.substr(blank + 1));
    if (!place || *place < 0 || !criteria)
      return std::nullopt;
    mark.entries_.push_back({Offset{*place}, *std::move(criteria)});
  }
  return mark;
}

Result<std::string> ReplayMark::text() const {
  std::string text{first_word};
  text += open_ ? open_word : ended_word;
  for (const auto& entry : entries_)
    text += ";" + std::to_string(entry.place.value) + " "
            + to_text(entry.criteria);
  if (text.size() <= max_bytes)
    return text;
  return Error{ErrorCode::invalid_argument,
               "the group keeps the places of "
                 + std::to_string(entries_.size())
                 + " filters, which is as much as Kafka stores: replay under "
                   "another --replay-group, or begin anew with --again"};
}

std::optional<Offset>
ReplayMark::place_of(const ReplayCriteria& criteria) const {
  const auto wanted = kept_of(criteria);
  for (const auto& entry : entries_)
    if (entry.criteria == wanted)
      return entry.place;
  return std::nullopt;
}

void ReplayMark::set_place(const ReplayCriteria& criteria, Offset place) {
  const auto wanted = kept_of(criteria);
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.criteria == wanted
           || (entry.place <= place && includes(wanted, entry.criteria));
  });
  entries_.push_back({place, wanted});
}

bool ReplayMark::was_sent(const DeadLetter& letter,
                          const ReplayCriteria& criteria,
                          std::string_view dead_letter_topic) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    return entry.criteria.to == criteria.to
           && letter.record.offset < entry.place
           && judge(letter, entry.criteria, dead_letter_topic)
                == ReplayVerdict::send;
  });
}

} // namespace millrace::logic
