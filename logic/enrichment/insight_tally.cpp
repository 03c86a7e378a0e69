#include "logic/enrichment/insight_tally.hpp"

#include "logic/core/event_time.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <functional>

namespace millrace::logic {

namespace {

constexpr std::string_view other_values = "other";

boost::json::object to_object(const ValueCounts& counts) {
  boost::json::object object;
  for (const auto& [value, count] : counts.sorted())
    object[value] = count;
  return object;
}

boost::json::object
to_object(const std::array<std::uint64_t, reason_count>& rejections) {
  boost::json::object object;
  for (std::size_t index = 0; index != reason_count; ++index)
    if (rejections[index] != 0)
      object[to_string(static_cast<Reason>(index))] = rejections[index];
  return object;
}

} // namespace

std::string_view to_string(InsightDimension dimension) noexcept {
  switch (dimension) {
    case InsightDimension::app_version:
      return "app_version";
    case InsightDimension::device_type:
      return "device_type";
    case InsightDimension::locale:
      return "locale";
    case InsightDimension::country:
      return "country";
  }
  return "unknown";
}

void ValueCounts::add(std::string_view value, std::uint64_t count) {
  value = value.substr(0, max_value_bytes);
  if (last_ < entries_.size() && entries_[last_].value == value) {
    entries_[last_].count += count;
    return;
  }
  auto* bucket = &bucket_of(value);
  if (*bucket == 0) {
    if (entries_.size() >= max_values - 1) {
      // The last place is kept for what no longer finds one.
      value = other_values;
      bucket = &bucket_of(value);
    }
    if (*bucket == 0) {
      entries_.push_back(Entry{std::string{value}, 0});
      *bucket = static_cast<std::uint16_t>(entries_.size());
    }
  }
  last_ = *bucket - 1U;
  entries_[last_].count += count;
}

std::uint16_t& ValueCounts::bucket_of(std::string_view value) {
  auto position = std::hash<std::string_view>{}(value) % bucket_count;
  while (buckets_[position] != 0
         && entries_[buckets_[position] - 1U].value != value)
    position = (position + 1) % bucket_count;
  return buckets_[position];
}

void ValueCounts::merge(const ValueCounts& other) {
  for (const auto& entry : other.entries_)
    add(entry.value, entry.count);
}

void ValueCounts::clear() noexcept {
  entries_.clear();
  buckets_.fill(0);
  last_ = 0;
}

std::vector<std::pair<std::string, std::uint64_t>> ValueCounts::sorted() const {
  std::vector<std::pair<std::string, std::uint64_t>> result;
  result.reserve(entries_.size());
  for (const auto& entry : entries_)
    result.emplace_back(entry.value, entry.count);
  std::ranges::sort(result, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return result;
}

void InsightTally::add(const EnrichedBatch& batch) {
  const auto& validated = *batch.validated;
  auto& versions = dimensions[0];
  auto& devices = dimensions[1];
  auto& locales = dimensions[2];
  auto& countries = dimensions[3];
  auto count = [](ValueCounts& counts, std::string_view value) {
    if (!value.empty())
      counts.add(value);
  };
  for (std::size_t index = 0; index != validated.events.size(); ++index) {
    const auto& event = validated.events[index];
    const auto& origin = batch.origins[index];
    count(versions, event.app_version);
    count(devices, event.device_type);
    count(locales, event.locale);
    if (origin.place != nullptr)
      count(countries, origin.place->country);
    watched += origin.watched ? 1 : 0;
  }
  logins += validated.events.size();
  for (const auto& rejection : validated.rejections)
    ++rejections[static_cast<std::size_t>(rejection.reason)];
}

void InsightTally::note_watched_user(const std::string& pseudonym) {
  if (watched_users.size() < max_watched_users
      && std::ranges::find(watched_users, pseudonym) == watched_users.end())
    watched_users.push_back(pseudonym);
}

void InsightTally::merge(const InsightTally& other) {
  for (std::size_t index = 0; index != dimensions.size(); ++index)
    dimensions[index].merge(other.dimensions[index]);
  for (std::size_t index = 0; index != rejections.size(); ++index)
    rejections[index] += other.rejections[index];
  logins += other.logins;
  watched += other.watched;
  for (const auto& pseudonym : other.watched_users)
    note_watched_user(pseudonym);
}

void InsightTally::clear() noexcept {
  for (auto& counts : dimensions)
    counts.clear();
  rejections.fill(0);
  logins = 0;
  watched = 0;
  watched_users.clear();
}

bool InsightTally::empty() const noexcept {
  return logins == 0
         && std::ranges::all_of(rejections,
                                [](std::uint64_t count) { return count == 0; });
}

std::string InsightTally::to_json(std::string_view node,
                                  std::int64_t window_start_ms,
                                  std::int64_t window_end_ms) const {
  boost::json::object object;
  object["window_start"] = format_time(window_start_ms);
  object["window_end"] = format_time(window_end_ms);
  object["node"] = node;
  object["logins"] = logins;
  object["watched"] = watched;
  for (std::size_t index = 0; index != dimensions.size(); ++index)
    object[to_string(static_cast<InsightDimension>(index))] = to_object(
      dimensions[index]);
  object["rejections"] = to_object(rejections);
  return boost::json::serialize(object);
}

} // namespace millrace::logic
