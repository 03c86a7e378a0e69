#include "logic/dead_letters/dead_letter_histogram.hpp"

#include "logic/core/bounded_text.hpp"
#include "logic/core/event_time.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

namespace millrace::logic {

namespace {

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::size_t bar_width = 40;
constexpr std::size_t hour_bytes = 13; // 2026-11-30T14

struct Row {
  std::string name;
  std::uint64_t count = 0;
};

std::string row_name(HistogramKind kind, const std::string& name,
                     std::int64_t number) {
  if (kind == HistogramKind::partition && number >= 0)
    return bounded_text(name) + "/" + std::to_string(number);
  if (kind == HistogramKind::hour && number >= 0)
    return format_time(number * hour_ms).substr(0, hour_bytes);
  return name.empty() ? "unknown" : bounded_text(name);
}

std::string share_text(std::uint64_t count, std::uint64_t total) {
  char text[16];
  std::snprintf(text, sizeof text, "%5.1f %%",
                100.0 * static_cast<double>(count)
                  / static_cast<double>(std::max<std::uint64_t>(total, 1)));
  return text;
}

} // namespace

std::optional<HistogramKind> parse_histogram(std::string_view name) noexcept {
  const auto found = std::ranges::find(histogram_names, name);
  if (found == histogram_names.end())
    return std::nullopt;
  return static_cast<HistogramKind>(found - histogram_names.begin());
}

void DeadLetterHistogram::count(HistogramKind kind, std::string name,
                                std::int64_t number) {
  auto& rows = rows_[static_cast<std::size_t>(kind)];
  const std::pair key{std::move(name), number};
  if (const auto found = rows.find(key); found != rows.end())
    ++found->second;
  else if (rows.size() < max_rows)
    rows.emplace(key, 1);
  else
    ++others_[static_cast<std::size_t>(kind)];
}

void DeadLetterHistogram::add(const DeadLetter& letter) {
  ++total_;
  count(HistogramKind::reason, std::string{letter.reason()}, 0);
  count(HistogramKind::stage, std::string{letter.stage()}, 0);
  if (letter.note)
    count(HistogramKind::partition, std::string{letter.note->note.source.topic},
          letter.note->note.source.partition.value);
  else
    count(HistogramKind::partition, {}, -1);
  const auto time_ms = letter.time_ms();
  const bool known = time_ms >= 0 && time_ms <= max_event_time_ms;
  count(HistogramKind::hour, {}, known ? time_ms / hour_ms : -1);
}

std::string DeadLetterHistogram::text(HistogramKind kind) const {
  const auto index = static_cast<std::size_t>(kind);
  std::vector<Row> rows;
  for (const auto& [key, count] : rows_[index])
    rows.push_back({row_name(kind, key.first, key.second), count});
  if (kind == HistogramKind::reason || kind == HistogramKind::stage)
    std::ranges::stable_sort(rows, std::ranges::greater{}, &Row::count);
  if (others_[index] != 0)
    rows.push_back({"all others", others_[index]});
  std::size_t width = histogram_names[index].size();
  std::uint64_t most = 1;
  for (const auto& row : rows) {
    width = std::max(width, row.name.size());
    most = std::max(most, row.count);
  }
  std::string text{histogram_names[index]};
  text += '\n';
  for (const auto& row : rows) {
    const auto number = std::to_string(row.count);
    const auto bar = std::max<std::uint64_t>(row.count * bar_width / most, 1);
    text.append("  ").append(row.name).append(width - row.name.size(), ' ');
    text.append(number.size() < 12 ? 12 - number.size() : 1, ' ');
    text.append(number).append("  ").append(share_text(row.count, total_));
    text.append("  ").append(bar, '#').append(1, '\n');
  }
  return text;
}

} // namespace millrace::logic
