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

std::vector<StoryKind> shuffled_kinds(const StoryCounts& counts,
                                      RandomStream& random) {
  std::vector<StoryKind> kinds;
  kinds.insert(kinds.end(), counts.travellers, StoryKind::traveller);
  kinds.insert(kinds.end(), counts.bursts, StoryKind::burst);
  kinds.insert(kinds.end(), counts.odd_devices, StoryKind::odd_device);
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
      add_story(kinds[index],
                static_cast<std::uint64_t>(horizon * (0.6 + 0.35 * share)));
    }
    settle_numbers();
    for (const auto& login : script_.logins)
      if (in_story(login))
        script_.stories[login.story].records.push_back(login.number);
    return std::move(script_);
  }

private:
  static bool in_story(const ScriptedLogin& login) {
    return login.opens_story
           || login.latest_after_opening_ms != ScriptedLogin::unlimited;
  }

  void add_story(StoryKind kind, std::uint64_t begin) {
    const auto story = static_cast<std::uint32_t>(script_.stories.size());
    const auto user = make_returning_user(random_);
    PlantedStory told;
    told.kind = kind;
    told.user_id = std::string{view(user.user_id)};
    script_.stories.push_back(std::move(told));
    script_.users.push_back(user);
    script_.odd_devices.push_back(make_uuid(random_));
    add_past(story, user.city, begin);
    ScriptedLogin login{.number = begin,
                        .story = story,
                        .city = user.city,
                        .odd_device = kind == StoryKind::odd_device,
                        .opens_story = true};
    script_.logins.push_back(login);
    login.opens_story = false;
    if (kind == StoryKind::traveller) {
      login.number = begin + flight_records();
      login.city = far_city(user.city, random_);
      login.latest_after_opening_ms = flight_ms;
      script_.logins.push_back(login);
    }
    for (std::size_t step = 1; kind == StoryKind::burst && step != burst_logins;
         ++step) {
      login.number = begin + step;
      login.latest_after_opening_ms = static_cast<std::int64_t>(step)
                                      * burst_gap_ms;
      script_.logins.push_back(login);
    }
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
    const auto records = static_cast<std::uint64_t>(
      flight_ms * 1000 / config_.event_interval_us);
    return std::clamp<std::uint64_t>(records, 1, longest_flight_records);
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
