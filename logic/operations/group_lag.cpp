#include "logic/operations/group_lag.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace millrace::logic {

namespace {

/// The share by which what comes and what is done may differ and still be as
/// much.
constexpr double equal_share = 0.1;

void judge_lag(LagLine& line) {
  const auto& [topic, partition, committed, low, end, holder, exists,
               of_former_topic, nothing_to_read]
    = line.place;
  if (!exists) {
    line.remark = LagRemark::gone;
  } else if (!low || !end) {
    line.remark = LagRemark::no_leader;
  } else if (!committed) {
    line.remark = LagRemark::never_committed;
    line.records = end->value - low->value;
  } else if (of_former_topic) {
    line.remark = LagRemark::topic_made_anew;
    line.records = end->value - low->value;
  } else if (*committed > *end) {
    line.remark = LagRemark::beyond_end;
  } else if (*committed < *low) {
    line.remark = LagRemark::expired;
    line.expired_records = low->value - committed->value;
    line.records = end->value - low->value;
  } else {
    line.records = nothing_to_read ? 0 : end->value - committed->value;
  }
}

LagTrend trend_of(std::int64_t lag, std::int64_t lag_before,
                  const LagRates& rates) {
  if (lag == 0)
    return LagTrend::caught_up;
  // What came only since the first look may not be committed yet.
  if (rates.done <= 0.0)
    return lag_before > 0 ? LagTrend::standing_still : LagTrend::unknown;
  if (rates.done > rates.in * (1.0 + equal_share))
    return LagTrend::catching_up;
  return rates.done < rates.in * (1.0 - equal_share) ? LagTrend::falling_behind
                                                     : LagTrend::steady;
}

std::optional<double> catch_up(std::int64_t lag, LagTrend trend,
                               const LagRates& rates) {
  if (trend == LagTrend::caught_up)
    return 0.0;
  if (trend != LagTrend::catching_up)
    return std::nullopt;
  return static_cast<double>(lag) / (rates.done - rates.in);
}

const PartitionPlace* find_place(const GroupSight& sight,
                                 const PartitionPlace& like) {
  const auto key = [](const PartitionPlace& place) {
    return std::tie(place.topic, place.partition);
  };
  const auto found = std::ranges::lower_bound(sight.places, key(like), {}, key);
  return found != sight.places.end() && key(*found) == key(like) ? &*found
                                                                 : nullptr;
}

/// What moved since the first look, as far as both tell. Where an offset went
/// back (it was reset, or the topic made anew), nothing can be said.
void judge_movement(LagLine& line, const PartitionPlace* before,
                    double seconds) {
  if (before == nullptr || seconds <= 0.0 || !line.records || !before->end
      || !line.place.end)
    return;
  LagLine first;
  first.place = *before;
  judge_lag(first);
  const auto came = line.place.end->value - before->end->value;
  std::int64_t done = 0;
  if (line.place.committed && before->committed)
    done = line.place.committed->value - before->committed->value;
  else if (line.place.committed)
    return; // from where it began is not known
  if (came < 0 || done < 0 || !first.records)
    return;
  line.rates = LagRates{static_cast<double>(came) / seconds,
                        static_cast<double>(done) / seconds};
  line.trend = trend_of(*line.records, *first.records, *line.rates);
  line.catch_up_seconds = catch_up(*line.records, line.trend, *line.rates);
}

void add_to(LagTotals& totals, const LagLine& line, bool holders_known) {
  totals.records += line.records.value_or(0);
  totals.untold += line.records ? 0 : 1;
  totals.unheld += holders_known && line.place.exists && !line.place.holder;
  totals.standing_still += line.trend == LagTrend::standing_still ? 1 : 0;
  if (!line.rates)
    return;
  if (!totals.rates)
    totals.rates.emplace();
  totals.rates->in += line.rates->in;
  totals.rates->done += line.rates->done;
}

} // namespace

std::string_view to_string(GroupState state) noexcept {
  switch (state) {
    case GroupState::absent:
      return "absent";
    case GroupState::empty:
      return "empty";
    case GroupState::stable:
      return "stable";
    case GroupState::rebalancing:
      return "rebalancing";
    case GroupState::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(LagRemark remark) noexcept {
  switch (remark) {
    case LagRemark::never_committed:
      return "never_committed";
    case LagRemark::expired:
      return "expired";
    case LagRemark::topic_made_anew:
      return "topic_made_anew";
    case LagRemark::beyond_end:
      return "beyond_end";
    case LagRemark::no_leader:
      return "no_leader";
    case LagRemark::gone:
      return "gone";
    case LagRemark::none:
      break;
  }
  return "none";
}

std::string_view to_string(LagTrend trend) noexcept {
  switch (trend) {
    case LagTrend::caught_up:
      return "caught_up";
    case LagTrend::catching_up:
      return "catching_up";
    case LagTrend::steady:
      return "steady";
    case LagTrend::falling_behind:
      return "falling_behind";
    case LagTrend::standing_still:
      return "standing_still";
    case LagTrend::unknown:
      break;
  }
  return "unknown";
}

void GroupLagHistory::add(GroupSight sight) {
  sights_.push_back(std::move(sight));
  if (sights_.size() > looks_)
    sights_.pop_front();
}

GroupLag GroupLagHistory::lag() const {
  const auto& first = sights_.front();
  const auto& last = sights_.back();
  const auto seconds
    = std::chrono::duration<double>(last.at - first.at).count();
  GroupLag lag;
  for (const auto& place : last.places) {
    LagLine line;
    line.place = place;
    judge_lag(line);
    judge_movement(line, find_place(first, place), seconds);
    add_to(lag.totals, line, last.holders_known());
    lag.lines.push_back(std::move(line));
  }
  auto& totals = lag.totals;
  if (totals.rates) {
    totals.trend = trend_of(totals.records, totals.records, *totals.rates);
    totals.catch_up_seconds = catch_up(totals.records, totals.trend,
                                       *totals.rates);
  }
  return lag;
}

} // namespace millrace::logic
