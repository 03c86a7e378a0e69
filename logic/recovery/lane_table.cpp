#include "logic/recovery/lane_table.hpp"

#include <algorithm>
#include <utility>

namespace millrace::logic {

LaneTable::News LaneTable::attach(const LaneLife& life) {
  const auto [found, added] = lanes_.try_emplace(life.lane);
  auto& lane = found->second;
  // A life that ended does not come back: news of it was on its way.
  if (!added
      && (life.incarnation < lane.incarnation
          || (life.incarnation == lane.incarnation && !lane.attached)))
    return News::over;
  const bool known = lane.attached && lane.incarnation == life.incarnation;
  lane.incarnation = life.incarnation;
  lane.attached = true;
  lane.asked_bytes = life.window_bytes;
  lane.most_bytes = life.most_bytes;
  lane.reserve = life.reserve;
  lane.elsewhere = life.elsewhere;
  share_out();
  return known ? News::known : News::begun;
}

bool LaneTable::detach(std::uint32_t number, Incarnation incarnation) {
  auto& lane = lanes_[number];
  if (incarnation < lane.incarnation
      || (incarnation == lane.incarnation && !lane.attached))
    return false;
  lane.incarnation = incarnation;
  lane.asked_bytes = 0;
  share_out();
  return std::exchange(lane.attached, false);
}

void LaneTable::share_out() {
  double asked_bytes = 0;
  for (const auto& [number, lane] : lanes_)
    asked_bytes += static_cast<double>(lane.asked_bytes);
  const auto budget_bytes = static_cast<double>(budget_bytes_);
  for (auto& [number, lane] : lanes_) {
    if (asked_bytes <= budget_bytes) {
      lane.window.grant(lane.asked_bytes);
      continue;
    }
    const auto share = static_cast<double>(lane.asked_bytes) / asked_bytes;
    const auto granted = static_cast<std::uint64_t>(budget_bytes * share);
    lane.window.grant(
      lane.asked_bytes == 0 ? 0 : std::max<std::uint64_t>(granted, 1));
  }
}

template <class Admits>
std::optional<std::uint32_t> LaneTable::least_used_of(std::uint64_t bytes,
                                                      LaneChoice choice,
                                                      Admits&& admits) const {
  const bool without_reserve = std::ranges::any_of(
    lanes_, [bytes, choice](const auto& entry) {
      return !entry.second.reserve && entry.second.would_have(bytes, choice);
    });
  std::optional<std::uint32_t> least;
  double least_part = 0;
  for (const auto& [number, lane] : lanes_) {
    if (!lane.would_have(bytes, choice) || (lane.reserve && without_reserve)
        || !admits(lane.window))
      continue;
    const auto part = static_cast<double>(lane.window.used_bytes())
                      / static_cast<double>(lane.window.granted_bytes());
    if (least && part >= least_part)
      continue;
    least = number;
    least_part = part;
  }
  return least;
}

std::optional<std::uint32_t>
LaneTable::with_credit_for(std::uint64_t bytes, LaneChoice choice) const {
  return least_used_of(bytes, choice, [bytes](const CreditWindow& window) {
    return window.admits(bytes);
  });
}

std::optional<std::uint32_t> LaneTable::least_used(std::uint64_t bytes,
                                                   LaneChoice choice) const {
  return least_used_of(bytes, choice, [](const CreditWindow&) { return true; });
}

CreditUse LaneTable::use() const noexcept {
  CreditUse sum;
  for (const auto& [number, lane] : lanes_) {
    sum.granted_bytes += lane.window.granted_bytes();
    sum.used_bytes += lane.window.used_bytes();
  }
  return sum;
}

std::vector<LaneCredit> LaneTable::credits() const {
  std::vector<LaneCredit> credits;
  for (const auto& [number, lane] : lanes_)
    if (lane.attached)
      credits.push_back(
        {number, lane.window.granted_bytes(), lane.window.used_bytes()});
  return credits;
}

} // namespace millrace::logic
