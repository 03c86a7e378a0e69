#include "logic/generation/story_script.hpp"

#include "logic/geo/demo_cities.hpp"
#include "logic/geo/place.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace millrace::logic::generation {

namespace {

constexpr double far_km = 5000.0;
constexpr std::int64_t flight_ms = 20 * 60 * 1000;
constexpr std::int64_t burst_gap_ms = 1000;
constexpr std::int64_t spray_gap_ms = 1000;
constexpr std::int64_t brute_force_gap_ms = 20 * 1000;
constexpr std::int64_t typing_gap_ms = 12 * 1000;
constexpr std::int64_t day_ms = 24LL * 3600 * 1000;
/// Farther than any two addresses of one place may seem to be apart.
constexpr double away_km = 600.0;
constexpr std::uint64_t longest_flight_records = 1000;

/// A city at least `far_km` from there, or the farthest of all.
std::uint32_t far_city(std::uint32_t home, RandomStream& random) {
  const auto cities = geo::demo_cities();
  std::vector<std::uint32_t> candidates;
  std::uint32_t farthest = home;
  double farthest_km = -1.0;
  for (std::uint32_t index = 0; index != cities.size(); ++index) {
    const double distance = geo::distance_km(
      cities[home].latitude, cities[home].longitude, cities[index].latitude,
      cities[index].longitude);
    if (distance >= far_km)
      candidates.push_back(index);
    if (distance > farthest_km) {
      farthest_km = distance;
      farthest = index;
    }
  }
  if (candidates.empty())
    return farthest;
  return candidates[random.below(
    static_cast<std::uint32_t>(candidates.size()))];
}

/// The nearest city that is far enough from there to be another place, in the
/// same country or not; the farthest of all where there is none.
std::uint32_t near_city(std::uint32_t home, bool abroad) {
  const auto cities = geo::demo_cities();
  std::uint32_t nearest = home;
  double nearest_km = 1e9;
  for (std::uint32_t index = 0; index != cities.size(); ++index) {
    const double distance = geo::distance_km(
      cities[home].latitude, cities[home].longitude, cities[index].latitude,
      cities[index].longitude);
    if (distance < away_km || distance >= nearest_km
        || (abroad && cities[index].country == cities[home].country))
      continue;
    nearest_km = distance;
    nearest = index;
  }
  return nearest;
}

std::vector<StoryKind> shuffled_kinds(const StoryCounts& counts,
                                      RandomStream& random) {
  std::vector<StoryKind> kinds;
  const auto by_kind = counts.by_kind();
  for (std::size_t kind = 0; kind != by_kind.size(); ++kind)
    kinds.insert(kinds.end(), by_kind[kind], static_cast<StoryKind>(kind));
  for (std::size_t index = kinds.size(); index > 1; --index)
    std::swap(kinds[index - 1],
              kinds[random.below(static_cast<std::uint32_t>(index))]);
  return kinds;
}

/// Collects logins at the places where they would like to be.
class Writer {
public:
  Writer(const StoryScriptConfig& config, RandomStream& random)
    : config_(config), random_(random) {}

  StoryScript write() {
    const auto kinds = shuffled_kinds(config_.counts, random_);
    const auto horizon = static_cast<double>(config_.horizon);
    for (std::size_t index = 0; index != kinds.size(); ++index) {
      const double share = (static_cast<double>(index) + 0.5)
                           / static_cast<double>(kinds.size());
      auto begin = horizon * (0.6 + 0.35 * share);
      // The way back must still be told.
      if (kinds[index] == StoryKind::holiday)
        begin = std::min(begin,
                         horizon - static_cast<double>(records_in(8 * day_ms)));
      add_story(kinds[index], static_cast<std::uint64_t>(std::max(begin, 0.0)));
    }
    settle_numbers();
    for (const auto& login : script_.logins)
      if (login.in_story)
        script_.stories[login.story].records.push_back(login.number);
    return std::move(script_);
  }

private:
  void add_story(StoryKind kind, std::uint64_t begin) {
    const auto story = static_cast<std::uint32_t>(script_.stories.size());
    const auto user = make_returning_user(random_);
    PlantedStory told;
    told.kind = kind;
    if (kind != StoryKind::password_spray)
      told.user_id = std::string{view(user.user_id)};
    script_.stories.push_back(std::move(told));
    script_.users.push_back(user);
    script_.odd_devices.push_back(make_uuid(random_));
    if (kind != StoryKind::password_spray)
      add_past(story, user.city, begin);
    first_ = {.number = begin,
              .story = story,
              .city = user.city,
              .in_story = true,
              .opens_story = true};
    tell(kind);
  }

  void tell(StoryKind kind) {
    const auto home = first_.city;
    switch (kind) {
      case StoryKind::traveller:
        add_first();
        add_step(flight_records(), flight_ms).city = far_city(home, random_);
        break;
      case StoryKind::burst:
        add_first();
        add_series(burst_logins - 1, burst_gap_ms);
        break;
      case StoryKind::odd_device:
        first_.city = near_city(home, false);
        first_.odd_device = true;
        add_first();
        break;
      case StoryKind::home_device:
        first_.odd_device = true;
        add_first();
        break;
      case StoryKind::new_country:
        first_.city = near_city(home, true);
        first_.odd_device = true;
        add_first();
        break;
      case StoryKind::brute_force:
      case StoryKind::break_in:
        tell_brute_force(kind == StoryKind::break_in);
        break;
      case StoryKind::password_spray:
        first_.odd_device = first_.failed = first_.sprays = true;
        add_first();
        add_series(spray_logins - 1, spray_gap_ms);
        break;
      case StoryKind::forgotten_password:
        first_.failed = true;
        add_first();
        add_series(2 + random_.below(3), typing_gap_ms);
        add_after_series(typing_gap_ms).failed = false;
        break;
      case StoryKind::holiday:
        tell_holiday();
        break;
    }
  }

  void tell_brute_force(bool succeeds) {
    first_.city = far_city(first_.city, random_);
    first_.odd_device = first_.failed = true;
    add_first();
    add_series(brute_force_logins - 1, brute_force_gap_ms);
    if (succeeds)
      add_after_series(brute_force_gap_ms).failed = false;
  }

  void tell_holiday() {
    add_first();
    const auto home = first_.city;
    const auto there = far_city(home, random_);
    for (const std::int64_t day : {2, 3, 5})
      add_step(records_in(day * day_ms), ScriptedLogin::unlimited).city = there;
    add_step(records_in(7 * day_ms), ScriptedLogin::unlimited).city = home;
  }

  void add_first() { script_.logins.push_back(first_); }

  /// Like the first login of the story, so many records later.
  ScriptedLogin& add_step(std::uint64_t records, std::int64_t latest_ms) {
    auto login = first_;
    login.opens_story = false;
    login.number += records;
    login.latest_after_opening_ms = latest_ms;
    return script_.logins.emplace_back(login);
  }

  void add_series(std::size_t count, std::int64_t gap_ms) {
    const auto apart = records_in(gap_ms);
    for (series_ = 1; series_ <= count; ++series_)
      add_step(series_ * apart, static_cast<std::int64_t>(series_) * gap_ms);
  }

  /// One more of the series added last.
  ScriptedLogin& add_after_series(std::int64_t gap_ms) {
    return add_step(series_ * records_in(gap_ms),
                    static_cast<std::int64_t>(series_) * gap_ms);
  }

  /// Ordinary logins, evenly spread with some jitter, all before `begin`.
  void add_past(std::uint32_t story, std::uint32_t city, std::uint64_t begin) {
    const double step = static_cast<double>(begin)
                        / static_cast<double>(history_logins + 1);
    for (std::size_t index = 0; index != history_logins; ++index) {
      const double place = (static_cast<double>(index) + 0.5 * random_.unit())
                           * step;
      script_.logins.push_back({.number = static_cast<std::uint64_t>(place),
                                .story = story,
                                .city = city});
    }
  }

  /// Records that pass while somebody travels.
  std::uint64_t flight_records() const {
    if (config_.event_interval_us <= 0)
      return 50;
    return std::min(records_in(flight_ms), longest_flight_records);
  }

  /// Records that pass in that time, at least one.
  std::uint64_t records_in(std::int64_t time_ms) const {
    if (config_.event_interval_us <= 0)
      return 1;
    return std::max<std::uint64_t>(
      1,
      static_cast<std::uint64_t>(time_ms * 1000 / config_.event_interval_us));
  }

  /// Moves logins to places of their own within the horizon; whoever came
  /// first stays first.
  void settle_numbers() {
    auto& logins = script_.logins;
    assert(logins.size() <= config_.horizon);
    std::stable_sort(
      logins.begin(), logins.end(),
      [](const auto& a, const auto& b) { return a.number < b.number; });
    std::uint64_t lowest = 0;
    for (auto& login : logins) {
      login.number = std::max(login.number, lowest);
      lowest = login.number + 1;
    }
    std::uint64_t bound = config_.horizon;
    for (auto login = logins.rbegin(); login != logins.rend(); ++login) {
      login->number = std::min(login->number, bound - 1);
      bound = login->number;
    }
  }

  StoryScriptConfig config_;
  RandomStream& random_;
  StoryScript script_;
  ScriptedLogin first_; ///< of the story at hand
  std::size_t series_ = 0; ///< steps of the series added last
};

} // namespace

ReturningUser make_returning_user(RandomStream& random) {
  ReturningUser user;
  user.user_id = make_uuid(random);
  user.device_id = make_uuid(random);
  user.city = random.below(
    static_cast<std::uint32_t>(geo::demo_cities().size()));
  user.locale = static_cast<std::uint8_t>(random.below(state_codes.size()));
  user.device_type = static_cast<std::uint8_t>(
    random.below(device_types.size()));
  return user;
}

StoryScript write_script(const StoryScriptConfig& config,
                         RandomStream& random) {
  return Writer{config, random}.write();
}

} // namespace millrace::logic::generation
