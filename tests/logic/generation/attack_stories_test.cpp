#define CAF_SUITE attack_stories

#include "logic/generation/login_generator.hpp"
#include "logic/geo/demo_cities.hpp"
#include "logic/geo/ip_address.hpp"
#include "logic/geo/place.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace generation = millrace::logic::generation;
namespace geo = millrace::logic::geo;
using generation::StoryKind;

namespace {

struct Login {
  std::int64_t timestamp_s = 0;
  std::string user;
  std::string device;
  std::string address;
  std::string outcome; ///< empty where the event does not tell
};

struct Stream {
  std::vector<generation::PlantedStory> stories;
  std::map<std::uint64_t, Login> logins; ///< by number of the record
};

std::string text(const boost::json::object& event, std::string_view name) {
  const auto* member = event.if_contains(name);
  return member ? std::string{member->as_string()} : std::string{};
}

Stream generate(const generation::GeneratorConfig& config) {
  auto generator = generation::LoginGenerator::create(config);
  CAF_REQUIRE(generator.has_value());
  Stream stream;
  stream.stories.assign(generator->stories().begin(),
                        generator->stories().end());
  generation::GeneratedBatch batch;
  generator->fill(batch, config.story_horizon);
  for (const auto& record : batch.records()) {
    const std::string_view value = *batch.value(record);
    const auto event = boost::json::parse(
                         boost::json::string_view{value.data(), value.size()})
                         .as_object();
    stream.logins[record.number] = {
      event.at("timestamp").as_int64(), text(event, "user_id"),
      text(event, "device_id"), text(event, "ip"), text(event, "login_status")};
  }
  return stream;
}

generation::GeneratorConfig month() {
  generation::GeneratorConfig config;
  config.population = 500;
  config.stories.brute_forces = 3;
  config.stories.break_ins = 3;
  config.stories.sprays = 3;
  config.stories.new_countries = 3;
  config.stories.holidays = 3;
  config.stories.forgotten_passwords = 3;
  config.stories.home_devices = 3;
  config.story_horizon = 60'000;
  config.event_interval_us = 30LL * 86'400 * 1'000'000 / 60'000;
  return config;
}

const geo::DemoCity& city_of(const std::string& address) {
  const auto number = geo::parse_ip(address)->v4();
  const auto cities = geo::demo_cities();
  const auto found = std::find_if(
    cities.begin(), cities.end(), [&](const auto& city) {
      return number >> (32 - city.prefix_v4)
             == city.network_v4 >> (32 - city.prefix_v4);
    });
  CAF_REQUIRE(found != cities.end());
  return *found;
}

double distance_km(const std::string& a, const std::string& b) {
  const auto& from = city_of(a);
  const auto& to = city_of(b);
  return geo::distance_km(from.latitude, from.longitude, to.latitude,
                          to.longitude);
}

/// The stories of that kind: the user's login before it, and its own logins.
struct Told {
  Login before;
  std::vector<Login> logins;
  std::string address;
};

std::vector<Told> told(const Stream& stream, StoryKind kind) {
  std::vector<Told> all;
  for (const auto& story : stream.stories) {
    if (story.kind != kind)
      continue;
    auto& one = all.emplace_back();
    one.address = story.address;
    for (const auto record : story.records)
      one.logins.push_back(stream.logins.at(record));
    for (const auto& [number, login] : stream.logins)
      if (number < story.records.front() && login.user == story.user_id)
        one.before = login;
  }
  CAF_CHECK_EQUAL(all.size(), 3u);
  return all;
}

std::int64_t seconds(const Told& story) {
  return story.logins.back().timestamp_s - story.logins.front().timestamp_s;
}

} // namespace

CAF_TEST(brute_force_is_sixty_failures_from_afar_and_a_break_in_ends_well) {
  const auto stream = generate(month());
  for (const auto kind : {StoryKind::brute_force, StoryKind::break_in})
    for (const auto& story : told(stream, kind)) {
      const bool ends = kind == StoryKind::break_in;
      CAF_REQUIRE_EQUAL(story.logins.size(), ends ? 61u : 60u);
      CAF_CHECK(seconds(story) > 600 && seconds(story) <= 1200);
      CAF_CHECK_EQUAL(story.logins.back().outcome, ends ? "success" : "failed");
      for (std::size_t i = 0; i != 60; ++i) {
        CAF_CHECK_EQUAL(story.logins[i].outcome, "failed");
        CAF_CHECK(story.logins[i].device != story.before.device);
        CAF_CHECK(distance_km(story.logins[i].address, story.before.address)
                  >= 5000.0);
      }
    }
}

CAF_TEST(a_spray_is_one_address_that_fails_at_many_users) {
  const auto stream = generate(month());
  for (const auto& story : told(stream, StoryKind::password_spray)) {
    CAF_REQUIRE_EQUAL(story.logins.size(), 200u);
    CAF_CHECK(seconds(story) <= 200);
    std::set<std::string> users;
    for (const auto& login : story.logins) {
      users.insert(login.user);
      CAF_CHECK_EQUAL(login.address, story.address);
      CAF_CHECK_EQUAL(login.outcome, "failed");
    }
    CAF_CHECK_GREATER(users.size(), 100u);
  }
}

CAF_TEST(a_new_country_is_another_one_on_another_device) {
  const auto stream = generate(month());
  for (const auto& story : told(stream, StoryKind::new_country)) {
    CAF_REQUIRE_EQUAL(story.logins.size(), 1u);
    CAF_CHECK(city_of(story.logins[0].address).country
              != city_of(story.before.address).country);
    CAF_CHECK(story.logins[0].device != story.before.device);
  }
}

CAF_TEST(a_holiday_is_days_away_on_the_own_device_and_back) {
  const auto stream = generate(month());
  for (const auto& story : told(stream, StoryKind::holiday)) {
    CAF_REQUIRE_EQUAL(story.logins.size(), 5u);
    const auto& home = story.before.address;
    for (std::size_t i = 0; i != 5; ++i) {
      const auto& login = story.logins[i];
      CAF_CHECK_EQUAL(login.device, story.before.device);
      CAF_CHECK_EQUAL(login.outcome, "success");
      CAF_CHECK_EQUAL(distance_km(login.address, home) < 1.0, i == 0 || i == 4);
    }
    CAF_CHECK(story.logins[1].timestamp_s - story.logins[0].timestamp_s
              > 40 * 3600);
    CAF_CHECK(story.logins[4].timestamp_s - story.logins[3].timestamp_s
              > 40 * 3600);
  }
}

CAF_TEST(a_forgotten_password_is_a_few_failures_at_home_and_a_success) {
  const auto stream = generate(month());
  for (const auto& story : told(stream, StoryKind::forgotten_password)) {
    CAF_CHECK(story.logins.size() >= 4 && story.logins.size() <= 6);
    for (const auto& login : story.logins) {
      CAF_CHECK_EQUAL(login.device, story.before.device);
      CAF_CHECK(distance_km(login.address, story.before.address) < 1.0);
      CAF_CHECK_EQUAL(login.outcome,
                      &login == &story.logins.back() ? "success" : "failed");
    }
  }
}

CAF_TEST(a_home_device_is_new_and_at_home) {
  const auto stream = generate(month());
  for (const auto& story : told(stream, StoryKind::home_device)) {
    CAF_REQUIRE_EQUAL(story.logins.size(), 1u);
    CAF_CHECK(story.logins[0].device != story.before.device);
    CAF_CHECK(distance_km(story.logins[0].address, story.before.address) < 1.0);
  }
}

CAF_TEST(outcomes_are_told_by_all_events_or_by_none) {
  const auto count = [](const generation::GeneratorConfig& config) {
    std::map<std::string, std::size_t> outcomes;
    for (const auto& [number, login] : generate(config).logins)
      ++outcomes[login.outcome];
    return outcomes;
  };
  generation::GeneratorConfig config;
  config.story_horizon = 5000;
  CAF_CHECK_EQUAL(count(config)[""], 5000u);
  config.failure_share = 0.1;
  auto outcomes = count(config);
  CAF_CHECK_EQUAL(outcomes[""], 0u);
  CAF_CHECK(outcomes["failed"] > 400 && outcomes["failed"] < 600);
}

CAF_TEST(stories_without_room_are_refused) {
  const auto refused = [](const generation::GeneratorConfig& config) {
    return !generation::LoginGenerator::create(config).has_value();
  };
  auto config = month();
  CAF_CHECK(!refused(config));
  config.event_interval_us /= 2;
  CAF_CHECK(refused(config));
  config.stories.holidays = 0;
  CAF_CHECK(!refused(config));
  config.population = 199;
  CAF_CHECK(refused(config));
  config.stories.sprays = 0;
  CAF_CHECK(!refused(config));
  config.story_horizon = config.stories.records() - 1;
  CAF_CHECK(refused(config));
  config.failure_share = 1.5;
  config.story_horizon = 60'000;
  CAF_CHECK(refused(config));
}
