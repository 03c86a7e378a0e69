#include "actors/telemetry/top_counters.hpp"

#include <algorithm>
#include <utility>

namespace millrace::actors {

namespace {

constexpr std::size_t longest_value_bytes = 64;

/// At most `longest_value_bytes`, cut between two UTF-8 characters.
std::string shortened(std::string_view value) {
  if (value.size() <= longest_value_bytes) {
    return std::string{value};
  }
  std::size_t end = longest_value_bytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return std::string{value.substr(0, end)};
}

} // namespace

TopCounters::TopCounters(Family& family, std::string dimension,
                         std::size_t limit)
  : family_(family), dimension_(std::move(dimension)), limit_(limit),
    other_(series("other")) {}

prometheus::Counter& TopCounters::series(const std::string& value) {
  return family_.Add({{"dimension", dimension_}, {"value", value}});
}

void TopCounters::add(std::span<const ValueCount> window) {
  const std::lock_guard lock{mutex_};
  for (auto& [value, shown] : shown_) {
    shown.recent /= 2;
  }
  for (const auto& entry : window) {
    if (entry.count > 0) {
      admit(entry);
    }
  }
}

void TopCounters::admit(const ValueCount& entry) {
  const auto count = static_cast<double>(entry.count);
  auto name = shortened(entry.value);
  if (name == "other") {
    other_.Increment(count);
    return;
  }
  auto found = shown_.find(name);
  if (found == shown_.end()) {
    if (shown_.size() >= limit_) {
      auto weakest = std::min_element(
        shown_.begin(), shown_.end(), [](const auto& a, const auto& b) {
          return a.second.recent < b.second.recent;
        });
      if (weakest == shown_.end() || count <= 2 * weakest->second.recent) {
        other_.Increment(count);
        return;
      }
      family_.Remove(weakest->second.counter);
      shown_.erase(weakest);
    }
    auto& counter = series(name);
    found = shown_.emplace(std::move(name), Series{&counter, 0.0}).first;
  }
  found->second.counter->Increment(count);
  found->second.recent += count;
}

} // namespace millrace::actors
