#include "logic/detection/features.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace millrace::logic::detection {

namespace {

constexpr std::int64_t quarter_hour_ms = 15LL * 60 * 1000;
constexpr std::size_t quarter_hours = 96;

std::array<DayPhase, quarter_hours> day_phases() noexcept {
  std::array<DayPhase, quarter_hours> phases;
  for (std::size_t i = 0; i != quarter_hours; ++i) {
    const auto angle = 2.0 * std::numbers::pi * static_cast<double>(i)
                       / static_cast<double>(quarter_hours);
    phases[i] = {static_cast<float>(std::sin(angle)),
                 static_cast<float>(std::cos(angle))};
  }
  return phases;
}

} // namespace

std::string_view to_string(Feature feature) noexcept {
  switch (feature) {
    case Feature::hour_sine:
      return "hour_sine";
    case Feature::hour_cosine:
      return "hour_cosine";
    case Feature::gap:
      return "gap";
    case Feature::travel:
      return "travel";
    case Feature::burst:
      return "burst";
    case Feature::failures:
      return "failures";
    case Feature::novelty:
      return "novelty";
    case Feature::rarity:
      return "rarity";
  }
  return "unknown";
}

std::vector<std::string> feature_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i != feature_count; ++i)
    names.emplace_back(to_string(static_cast<Feature>(i)));
  return names;
}

float quick_log2(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto exponent = static_cast<std::int32_t>(bits >> 23) - 127;
  const auto mantissa = std::bit_cast<float>((bits & 0x007FFFFFU) | 0x3F800000U)
                        - 1.0F;
  // A parabola through log2 at both ends of the octave.
  return static_cast<float>(exponent)
         + mantissa * (1.3465F - 0.3465F * mantissa);
}

DayPhase day_phase(std::int64_t event_time_ms) noexcept {
  static const auto phases = day_phases();
  if (event_time_ms < 0)
    return {};
  return phases[static_cast<std::size_t>(event_time_ms / quarter_hour_ms)
                % quarter_hours];
}

float RarityCounter::surprise_bits(std::uint64_t word_hash) const noexcept {
  const auto count = counts_[word_hash % cells];
  return quick_log2(static_cast<float>(total_ + 1))
         - quick_log2(static_cast<float>(count + 1));
}

void RarityCounter::count(std::uint64_t word_hash) noexcept {
  ++counts_[word_hash % cells];
  if (++total_ < ceiling)
    return;
  total_ = 0;
  for (auto& count : counts_) {
    count /= 2;
    total_ += count;
  }
}

} // namespace millrace::logic::detection
