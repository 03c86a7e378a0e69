#include "node/chaos/recovery_log.hpp"

#include "actors/supervision/supervisor.hpp"
#include "messages/supervision.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace millrace::node::chaos {

namespace {

using messages::Recovery;
using std::chrono::microseconds;

bool equal(const Recovery& a, const Recovery& b) {
  return a.found_at == b.found_at && a.total == b.total && a.waited == b.waited
         && a.actor == b.actor && a.cause == b.cause;
}

struct Durations {
  std::vector<microseconds> total;
  std::vector<microseconds> beyond;

  void add(const Recovery& recovery) {
    total.push_back(recovery.total);
    beyond.push_back(recovery.total - recovery.waited);
  }
};

RecoverySummary summary_of(std::string name, Durations durations) {
  return {std::move(name), times_of(std::move(durations.total)),
          times_of(std::move(durations.beyond))};
}

} // namespace

std::span<const Recovery> RecoveryLog::take(std::vector<Recovery> latest) {
  if (latest.empty())
    return {}; // not even an answer, perhaps
  // The answer begins where the last one began, or later where the node has
  // forgotten some since.
  const std::span<const Recovery> previous{
    all_.end() - static_cast<std::ptrdiff_t>(last_answer_), all_.end()};
  auto overlap = std::min(previous.size(), latest.size());
  const auto continues = [&] {
    return std::equal(previous.end() - static_cast<std::ptrdiff_t>(overlap),
                      previous.end(), latest.begin(),
                      latest.begin() + static_cast<std::ptrdiff_t>(overlap),
                      equal);
  };
  while (!continues())
    --overlap;
  const auto known = all_.size();
  last_answer_ = latest.size();
  all_.insert(
    all_.end(),
    std::move_iterator{latest.begin() + static_cast<std::ptrdiff_t>(overlap)},
    std::move_iterator{latest.end()});
  return std::span{all_}.subspan(known);
}

RecoveryTimes times_of(std::vector<microseconds> durations) {
  if (durations.empty())
    return {};
  std::sort(durations.begin(), durations.end());
  const auto quantile = [&](std::size_t percent) {
    return durations[(durations.size() * percent + 99) / 100 - 1];
  };
  return {durations.size(), quantile(50), quantile(99), durations.back()};
}

std::size_t HangFindings::found() const noexcept {
  std::size_t count = 0;
  for (const auto& [kind, durations] : times)
    count += durations.size();
  return count;
}

HangFindings find_hangs(std::span<const HangOrder> hangs,
                        std::span<const Recovery> recoveries) {
  HangFindings findings;
  for (const auto& hang : hangs) {
    const auto within = [&](const Recovery& recovery) {
      return recovery.found_at >= hang.at
             && recovery.found_at - hang.at <= hang.order.duration
             && is_meant(hang.order, recovery.actor);
    };
    const auto found = std::ranges::find_if(
      recoveries, [&](const Recovery& recovery) {
        return recovery.hung && within(recovery);
      });
    if (found != recoveries.end())
      findings.times[std::string{logic::kind_name(found->actor)}].push_back(
        std::chrono::duration_cast<microseconds>(found->found_at - hang.at));
    else if (std::ranges::any_of(recoveries, within))
      ++findings.replaced;
    else
      ++findings.unnoticed;
  }
  return findings;
}

std::vector<RecoverySummary> summarize(std::span<const Recovery> recoveries) {
  if (recoveries.empty())
    return {};
  Durations all;
  std::map<std::string, Durations> kinds;
  for (const auto& recovery : recoveries) {
    all.add(recovery);
    kinds[std::string{logic::kind_name(recovery.actor)}].add(recovery);
  }
  std::vector<RecoverySummary> summaries;
  summaries.push_back(summary_of("all", std::move(all)));
  for (auto& [kind, durations] : kinds)
    summaries.push_back(summary_of(kind, std::move(durations)));
  return summaries;
}

} // namespace millrace::node::chaos
