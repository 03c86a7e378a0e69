#define CAF_SUITE story_script

#include "logic/generation/story_script.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/login_generator.hpp"
#include "logic/geo/demo_cities.hpp"
#include "logic/geo/place.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace generation = millrace::logic::generation;
namespace geo = millrace::logic::geo;
using generation::GeneratorConfig;
using generation::StoryKind;

namespace {

struct Login {
  std::uint64_t number = 0;
  std::int64_t timestamp_s = 0;
  std::string device_id;
  const geo::DemoCity* city = nullptr;
  bool has_device_type = false;
};

const geo::DemoCity* city_of(std::string_view address) {
  const auto number = geo::parse_ip(address)->v4();
  for (const auto& city : geo::demo_cities()) {
    const auto mask = ~std::uint32_t{0} << (32 - city.prefix_v4);
    if ((number & mask) == city.network_v4)
      return &city;
  }
  return nullptr;
}

using Logins = std::map<std::string, std::vector<Login>, std::less<>>;

struct Stream {
  std::vector<generation::PlantedStory> stories;
  Logins logins;
};

Stream generate(const GeneratorConfig& config) {
  auto generator = generation::LoginGenerator::create(config);
  CAF_REQUIRE(generator.has_value());
  Stream stream;
  stream.stories.assign(generator->stories().begin(),
                        generator->stories().end());
  generation::GeneratedBatch batch;
  generator->fill(batch, config.story_horizon);
  for (const auto& record : batch.records()) {
    if (record.bad)
      continue;
    const auto text = *batch.value(record);
    const auto event = boost::json::parse(
                         boost::json::string_view{text.data(), text.size()})
                         .as_object();
    Login login;
    login.number = record.number;
    login.timestamp_s = event.at("timestamp").as_int64();
    login.device_id = std::string{event.at("device_id").as_string()};
    const auto& ip = event.at("ip").as_string();
    login.city = city_of(std::string_view{ip.data(), ip.size()});
    login.has_device_type = event.contains("device_type");
    stream.logins[std::string{event.at("user_id").as_string()}].push_back(
      std::move(login));
  }
  return stream;
}

GeneratorConfig month() {
  GeneratorConfig config;
  config.population = 100;
  config.bad_share = 0.05;
  config.stories = {.travellers = 4, .bursts = 5, .odd_devices = 6};
  config.story_horizon = 20'000;
  config.event_interval_us = 30LL * 86'400 * 1'000'000 / 20'000;
  return config;
}

double distance_km(const Login& a, const Login& b) {
  return geo::distance_km(a.city->latitude, a.city->longitude, b.city->latitude,
                          b.city->longitude);
}

struct Told {
  std::vector<Login> past;
  std::vector<Login> story;
};

/// The logins of the story's user; there is none behind the story.
Told logins_of(const Stream& stream, const generation::PlantedStory& story) {
  Told told;
  const auto& logins = stream.logins.at(story.user_id);
  for (const auto& login : logins) {
    CAF_CHECK(login.has_device_type);
    CAF_CHECK(login.number <= story.records.back());
    const bool odd = std::binary_search(story.records.begin(),
                                        story.records.end(), login.number);
    (odd ? told.story : told.past).push_back(login);
  }
  CAF_REQUIRE_EQUAL(told.past.size(), generation::history_logins);
  CAF_REQUIRE_EQUAL(told.story.size(), story.records.size());
  for (const auto& login : told.past) {
    CAF_CHECK(login.city == told.past[0].city);
    CAF_CHECK_EQUAL(login.device_id, told.past[0].device_id);
    CAF_CHECK(login.number < story.records.front());
  }
  return told;
}

} // namespace

CAF_TEST(as_many_stories_are_told_as_were_asked_for) {
  const auto stream = generate(month());
  std::map<StoryKind, std::size_t> kinds;
  std::set<std::string> users;
  for (const auto& story : stream.stories) {
    ++kinds[story.kind];
    users.insert(story.user_id);
  }
  CAF_CHECK_EQUAL(kinds[StoryKind::traveller], 4U);
  CAF_CHECK_EQUAL(kinds[StoryKind::burst], 5U);
  CAF_CHECK_EQUAL(kinds[StoryKind::odd_device], 6U);
  CAF_CHECK_EQUAL(users.size(), 15U);
  CAF_CHECK(std::is_sorted(stream.stories.begin(), stream.stories.end(),
                           [](const auto& a, const auto& b) {
                             return a.records.front() < b.records.front();
                           }));
}

CAF_TEST(a_traveller_is_in_two_far_cities_within_an_hour) {
  const auto stream = generate(month());
  for (const auto& story : stream.stories) {
    if (story.kind != StoryKind::traveller)
      continue;
    const auto told = logins_of(stream, story);
    CAF_REQUIRE_EQUAL(told.story.size(), 2U);
    CAF_CHECK(told.story[0].city == told.past[0].city);
    CAF_CHECK(distance_km(told.story[0], told.story[1]) >= 5000.0);
    const auto hours = told.story[1].timestamp_s - told.story[0].timestamp_s;
    CAF_CHECK(hours > 60);
    CAF_CHECK(hours < 3600);
    CAF_CHECK_EQUAL(told.story[1].device_id, told.past[0].device_id);
  }
}

CAF_TEST(a_burst_is_many_logins_within_a_minute) {
  const auto stream = generate(month());
  for (const auto& story : stream.stories) {
    if (story.kind != StoryKind::burst)
      continue;
    const auto told = logins_of(stream, story);
    CAF_REQUIRE_EQUAL(told.story.size(), generation::burst_logins);
    CAF_CHECK(told.story.back().timestamp_s - told.story.front().timestamp_s
              < 60);
    for (const auto& login : told.story)
      CAF_CHECK(login.city == told.past[0].city);
    for (std::size_t index = 1; index != told.past.size(); ++index)
      CAF_CHECK(told.past[index].timestamp_s - told.past[index - 1].timestamp_s
                > 3600);
  }
}

CAF_TEST(an_odd_device_was_never_seen_before) {
  const auto stream = generate(month());
  for (const auto& story : stream.stories) {
    if (story.kind != StoryKind::odd_device)
      continue;
    const auto told = logins_of(stream, story);
    CAF_REQUIRE_EQUAL(told.story.size(), 1U);
    CAF_CHECK(told.story[0].device_id != told.past[0].device_id);
    CAF_CHECK(distance_km(told.story[0], told.past[0]) >= 600.0);
  }
}

CAF_TEST(stories_fill_the_smallest_horizon_without_a_collision) {
  auto config = month();
  config.story_horizon = config.stories.total() * generation::records_per_story;
  const auto stream = generate(config);
  std::set<std::uint64_t> numbers;
  std::size_t records = 0;
  for (const auto& story : stream.stories) {
    logins_of(stream, story);
    numbers.insert(story.records.begin(), story.records.end());
    records += story.records.size();
  }
  CAF_CHECK_EQUAL(numbers.size(), records);
  CAF_CHECK(*numbers.rbegin() < config.story_horizon);
}

CAF_TEST(every_story_names_the_rule_that_ought_to_fire) {
  using millrace::logic::Rule;
  CAF_CHECK(generation::expected_rule(StoryKind::traveller)
            == Rule::impossible_travel);
  CAF_CHECK(generation::expected_rule(StoryKind::burst) == Rule::velocity);
  CAF_CHECK(generation::expected_rule(StoryKind::odd_device)
            == Rule::new_device);
}
