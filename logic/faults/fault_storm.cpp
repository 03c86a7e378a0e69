#include "logic/faults/fault_storm.hpp"

#include "logic/detection/random.hpp"
#include "logic/faults/fault_forms.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace millrace::logic::faults {

namespace {

using std::chrono::milliseconds;

/// From both ends, each included.
struct Range {
  std::uint32_t least = 0;
  std::uint32_t most = 0;
};

constexpr Range after_batches{0, 5};
constexpr Range slow_milliseconds{1, 20};
constexpr Range slow_messages{1, 10};
constexpr Range failed_deliveries{1, 20};
constexpr Range lost_reports{1, 5};
constexpr Range failed_commits{1, 3};
constexpr Range dropped_credits{1, 5};
constexpr Range exhausted_milliseconds{50, 500};

/// A hang that is planned.
struct Hang {
  std::string target;
  milliseconds until{0}; ///< when it counts no more
};

class StormMaker {
public:
  explicit StormMaker(const StormConfig& config)
    : config_(config), random_(config.seed),
      match_digits_(std::to_string(config.faults).size()) {
    for (const auto& traits : actor_table)
      if (size_of(traits.kind) != 0)
        actors_.push_back(traits.kind);
  }

  std::vector<TimedFault> make() {
    std::vector<TimedFault> storm;
    storm.reserve(config_.faults);
    for (std::uint32_t part = 0; part != config_.faults; ++part) {
      const auto at = time_in(part);
      std::erase_if(hangs_, [at](const Hang& it) { return it.until <= at; });
      const auto number = static_cast<std::uint32_t>(storm.size()) + 1;
      if (const auto kind = draw_kind(at))
        storm.push_back({at, number, draw_order(*kind, at, number)});
    }
    return storm;
  }

private:
  std::uint32_t draw(Range range) noexcept {
    return range.least
           + static_cast<std::uint32_t>(
             random_.below(range.most - range.least + std::uint64_t{1}));
  }

  milliseconds draw(milliseconds least, milliseconds most) noexcept {
    return milliseconds{draw({static_cast<std::uint32_t>(least.count()),
                              static_cast<std::uint32_t>(most.count())})};
  }

  /// At random within one of the equal parts of the duration.
  milliseconds time_in(std::uint32_t part) noexcept {
    const auto total = config_.duration.count();
    const auto begin = total * part / config_.faults;
    const auto end = total * (part + 1) / config_.faults;
    // Drawn for an empty part too, so that each fault uses up as much.
    const auto place = random_.below(
      static_cast<std::uint64_t>(std::max<std::int64_t>(end - begin, 1)));
    return milliseconds{begin + static_cast<std::int64_t>(place)};
  }

  /// How many actors of the kind the node has.
  std::uint32_t size_of(ActorKind kind) const noexcept {
    return count_of(kind, {config_.lanes, config_.detectors, config_.insights,
                           config_.trainer});
  }

  std::size_t actor_count() const noexcept {
    std::size_t count = 0;
    for (const auto kind : actors_)
      count += size_of(kind);
    return count;
  }

  bool is_open(FaultKind kind, milliseconds at) const noexcept {
    if (kind == FaultKind::hang)
      return hangs_.size() < config_.hang.max_at_once
             && hangs_.size() < actor_count();
    if (kind == FaultKind::broker_down)
      return at >= next_outage_;
    return true;
  }

  /// By weight, of the kinds that the bounds allow at that time.
  std::optional<FaultKind> draw_kind(milliseconds at) noexcept {
    auto mix = config_.mix;
    std::uint32_t sum = 0;
    for (const auto& form : fault_forms) {
      if (!is_open(form.kind, at))
        mix[form.kind] = 0;
      sum += mix[form.kind];
    }
    if (sum == 0)
      return std::nullopt;
    auto place = static_cast<std::uint32_t>(random_.below(sum));
    for (const auto& form : fault_forms) {
      if (place < mix[form.kind])
        return form.kind;
      place -= mix[form.kind];
    }
    return std::nullopt;
  }

  ActorKind draw_actor_kind(TargetScope scope) noexcept {
    for (;;) {
      const auto kind = actors_[random_.below(actors_.size())];
      if (scope == TargetScope::actor || traits_of(kind).stage)
        return kind;
    }
  }

  std::string draw_target(TargetScope scope) {
    const auto kind = draw_actor_kind(scope);
    if (scope == TargetScope::all_of_stage || !is_numbered(kind))
      return std::string{name_of(kind)};
    return numbered(name_of(kind), draw({0, size_of(kind) - 1}));
  }

  /// An actor that is not hung, as a second order would wait in its mailbox.
  std::string draw_hang_target() {
    for (;;) {
      auto target = draw_target(TargetScope::actor);
      if (std::none_of(hangs_.begin(), hangs_.end(),
                       [&](const Hang& it) { return it.target == target; }))
        return target;
    }
  }

  std::string match_of(std::uint32_t number) const {
    const auto digits = std::to_string(number);
    return "POISON-" + std::string(match_digits_ - digits.size(), '0') + digits;
  }

  FaultOrder draw_order(FaultKind kind, milliseconds at, std::uint32_t number) {
    const auto& form = form_of(kind);
    FaultOrder order;
    order.kind = kind;
    if (form.scope == TargetScope::fixed)
      order.target = form.fixed_target;
    else if (kind == FaultKind::hang)
      order.target = draw_hang_target();
    else
      order.target = draw_target(form.scope);
    draw_parameters(order, number);
    if (kind == FaultKind::hang)
      hangs_.push_back(
        {order.target, at + order.duration + config_.hang.deadline});
    else if (kind == FaultKind::broker_down)
      next_outage_ = at + order.duration + config_.broker_down.pause;
    return order;
  }

  void draw_parameters(FaultOrder& order, std::uint32_t number) {
    switch (order.kind) {
      case FaultKind::crash:
        // These two see few batches, so that the crash might never come.
        if (order.target != "insights" && order.target != "trainer")
          order.after_batches = draw(after_batches);
        break;
      case FaultKind::throw_on_match:
      case FaultKind::die_on_match:
        order.match = match_of(number);
        break;
      case FaultKind::hang:
        order.duration = draw(config_.hang.deadline * config_.hang.shortest,
                              config_.hang.deadline * config_.hang.longest);
        break;
      case FaultKind::slow:
        order.duration = milliseconds{draw(slow_milliseconds)};
        order.count = draw(slow_messages);
        break;
      case FaultKind::fail_deliveries:
        order.count = draw(failed_deliveries);
        break;
      case FaultKind::lose_reports:
        order.count = draw(lost_reports);
        break;
      case FaultKind::fail_commits:
        order.count = draw(failed_commits);
        break;
      case FaultKind::drop_credit:
        order.count = draw(dropped_credits);
        break;
      case FaultKind::exhaust_credit:
        order.duration = milliseconds{draw(exhausted_milliseconds)};
        break;
      case FaultKind::broker_down:
        order.duration = draw(config_.broker_down.shortest,
                              config_.broker_down.longest);
        break;
      case FaultKind::corrupt_answer:
      case FaultKind::fence_producer:
        break;
    }
  }

  const StormConfig& config_;
  detection::Random random_;
  std::size_t match_digits_;
  std::vector<ActorKind> actors_; ///< the kinds that the node has
  std::vector<Hang> hangs_; ///< those that still count
  milliseconds next_outage_{0};
};

Error wrong(const std::string& field, const std::string& allowed) {
  return {ErrorCode::invalid_argument,
          "storm of faults: " + field + " (allowed: " + allowed + ')'};
}

std::string text_of(milliseconds duration) {
  return std::to_string(duration.count()) + " ms";
}

Result<void> check_bounds(const StormConfig& config) {
  const auto& hang = config.hang;
  if (hang.deadline.count() < 1 || hang.deadline > max_fault_duration)
    return wrong("hang deadline of " + text_of(hang.deadline),
                 "1 ms to " + text_of(max_fault_duration));
  if (hang.shortest < 1 || hang.longest < hang.shortest
      || hang.longest > max_fault_duration / hang.deadline)
    return wrong("hangs of " + std::to_string(hang.shortest) + " to "
                   + std::to_string(hang.longest) + " deadlines",
                 "at least 1, the longest not below the shortest, and at most "
                   + text_of(max_fault_duration));
  const auto& outage = config.broker_down;
  if (outage.shortest.count() < 1 || outage.longest < outage.shortest
      || outage.longest > max_fault_duration)
    return wrong("outages of the broker of " + text_of(outage.shortest) + " to "
                   + text_of(outage.longest),
                 "at least 1 ms, the longest not below the shortest, and at "
                 "most "
                   + text_of(max_fault_duration));
  if (outage.pause.count() < 0 || outage.pause > max_storm_duration)
    return wrong("a pause of " + text_of(outage.pause)
                   + " between outages of the broker",
                 "0 ms to " + text_of(max_storm_duration));
  return {};
}

} // namespace

Result<void> check(const StormConfig& config) {
  if (config.faults < 1 || config.faults > max_storm_faults)
    return wrong(std::to_string(config.faults) + " faults",
                 "1 to " + std::to_string(max_storm_faults));
  if (config.duration.count() < 1 || config.duration > max_storm_duration)
    return wrong("a duration of " + text_of(config.duration),
                 "1 ms to " + text_of(max_storm_duration));
  if (config.lanes < 1 || config.lanes > max_actor_number + 1)
    return wrong(std::to_string(config.lanes) + " lanes",
                 "1 to " + std::to_string(max_actor_number + 1));
  if (config.detectors > max_actor_number + 1)
    return wrong(std::to_string(config.detectors) + " detectors",
                 "0 to " + std::to_string(max_actor_number + 1));
  for (const auto& form : fault_forms)
    if (config.mix[form.kind] > max_fault_weight)
      return wrong("a weight of " + std::to_string(config.mix[form.kind])
                     + " for " + std::string{form.name},
                   "0 to " + std::to_string(max_fault_weight));
  auto possible = config.mix;
  if (config.hang.max_at_once == 0)
    possible[FaultKind::hang] = 0;
  if (possible == FaultMix{})
    return wrong("a mix of '" + to_string(config.mix) + '\'',
                 "at least one kind with a weight that may occur");
  return check_bounds(config);
}

std::vector<TimedFault> make_storm(const StormConfig& config) {
  assert(check(config));
  return StormMaker{config}.make();
}

} // namespace millrace::logic::faults
