#define CAF_SUITE login_generator

#include "logic/generation/login_generator.hpp"

#include "caf/test/dsl.hpp"

#include "logic/validation/validator.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>

namespace generation = millrace::logic::generation;
using generation::BadKind;
using generation::GeneratedBatch;
using generation::GeneratorConfig;
using generation::LoginGenerator;
using millrace::logic::Reason;

namespace {

constexpr std::int64_t start_ms = 1'720'000'000'000;

struct Generated {
  std::vector<generation::GeneratedRecord> records;
  std::vector<std::string> keys;
  std::vector<std::optional<std::string>> values;
};

Generated generate(LoginGenerator& generator, std::size_t count,
                   std::size_t batch_size = 1000) {
  Generated all;
  GeneratedBatch batch;
  while (all.records.size() != count) {
    generator.fill(batch, std::min(batch_size, count - all.records.size()));
    if (batch.records().empty())
      break;
    for (const auto& record : batch.records()) {
      all.records.push_back(record);
      all.keys.emplace_back(batch.key(record));
      all.values.emplace_back(batch.value(record));
    }
  }
  return all;
}

LoginGenerator make(GeneratorConfig config) {
  auto generator = LoginGenerator::create(std::move(config));
  CAF_REQUIRE(generator.has_value());
  return std::move(*generator);
}

Generated generate(GeneratorConfig config, std::size_t count,
                   std::size_t batch_size = 1000) {
  auto generator = make(std::move(config));
  return generate(generator, count, batch_size);
}

bool is_refused(GeneratorConfig config) {
  const auto generator = LoginGenerator::create(std::move(config));
  return !generator
         && generator.error().code
              == millrace::logic::ErrorCode::invalid_argument
         && !generator.error().text.empty();
}

/// The validator's word on each record; nothing for an event.
std::vector<std::optional<Reason>> judge(const Generated& generated) {
  using namespace millrace::logic;
  RecordBatch::Builder builder{"user-login", PartitionId{0},
                               AssignmentEpoch{1}};
  for (std::size_t index = 0; index != generated.records.size(); ++index) {
    RecordView view;
    view.offset = Offset{static_cast<std::int64_t>(index)};
    view.timestamp_ms = generated.records[index].event_time_ms;
    view.key = generated.keys[index];
    if (generated.values[index])
      view.value = *generated.values[index];
    builder.append(view);
  }
  Validator validator{ValidationConfig{}};
  const auto validated = validator.validate(builder.finish(), start_ms + 1000);
  std::vector<std::optional<Reason>> reasons(generated.records.size());
  for (const auto& rejection : validated->rejections)
    reasons[rejection.record] = rejection.reason;
  CAF_CHECK_EQUAL(validated->events.size() + validated->rejections.size(),
                  generated.records.size());
  return reasons;
}

/// Whether a share is within five standard deviations of what was asked.
bool is_near(std::size_t hits, std::size_t count, double share) {
  const auto expected = static_cast<double>(count) * share;
  return std::abs(static_cast<double>(hits) - expected)
         <= 5.0 * std::sqrt(expected * (1.0 - share));
}

} // namespace

CAF_TEST(equal_seeds_give_equal_streams_however_they_are_cut) {
  GeneratorConfig config;
  config.seed = 7;
  config.bad_share = 0.2;
  config.population = 50;
  config.event_interval_us = 1500;
  const auto once = generate(config, 3000, 3000);
  const auto cut = generate(config, 3000, 77);
  CAF_CHECK(once.keys == cut.keys);
  CAF_CHECK(once.values == cut.values);
  config.seed = 8;
  const auto other = generate(config, 3000);
  CAF_CHECK(once.values != other.values);
}

CAF_TEST(events_look_like_the_real_generators) {
  const std::string uuid
    = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
  const std::regex shape{
    R"re(\{"user_id": ")re" + uuid
    + R"re(", "app_version": "2\.3\.0", "ip": "[0-9]{1,3}(\.[0-9]{1,3}){3}")re"
    + R"re(, "locale": "[A-Z]{2}", "device_id": ")re" + uuid
    + R"re(", "timestamp": 1720000000(, "device_type": "(android|iOS)")?\})re"};
  const auto events = generate(GeneratorConfig{}, 2000);
  const std::regex key_shape{uuid};
  for (std::size_t index = 0; index != events.values.size(); ++index) {
    if (!std::regex_match(*events.values[index], shape))
      CAF_FAIL("not of the shape: " << *events.values[index]);
    CAF_REQUIRE(std::regex_match(events.keys[index], key_shape));
  }
  std::set<std::string> keys{events.keys.begin(), events.keys.end()};
  CAF_CHECK_EQUAL(keys.size(), events.keys.size());
}

CAF_TEST(one_in_twenty_events_has_no_device_type) {
  constexpr std::size_t count = 100'000;
  const auto events = generate(GeneratorConfig{}, count);
  std::size_t without = 0;
  for (std::size_t index = 0; index != count; ++index) {
    const bool has = events.values[index]->find("device_type")
                     != std::string::npos;
    CAF_REQUIRE_EQUAL(has, events.records[index].has_device_type);
    without += has ? 0U : 1U;
  }
  CAF_CHECK(is_near(without, count, 0.05));
}

CAF_TEST(bad_records_have_the_share_that_was_asked_for) {
  constexpr std::size_t count = 150'000;
  GeneratorConfig config;
  config.bad_share = 0.1;
  const auto events = generate(config, count);
  std::map<BadKind, std::size_t> kinds;
  std::size_t bad = 0;
  for (const auto& record : events.records)
    if (record.bad) {
      ++bad;
      ++kinds[*record.bad];
    }
  CAF_CHECK(is_near(bad, count, 0.1));
  CAF_CHECK_EQUAL(kinds.size(), config.bad_kinds.size());
  for (const auto& [kind, hits] : kinds)
    CAF_CHECK(
      is_near(hits, bad, 1.0 / static_cast<double>(config.bad_kinds.size())));
}

CAF_TEST(every_bad_kind_is_rejected_for_its_intended_reason) {
  auto kinds = generation::default_bad_kinds();
  kinds.push_back(BadKind::too_large);
  CAF_REQUIRE_EQUAL(kinds.size(), generation::bad_kind_count);
  for (const auto kind : kinds) {
    GeneratorConfig config;
    config.bad_share = 1.0;
    config.bad_kinds = {kind};
    const std::size_t count = kind == BadKind::too_large ? 3 : 400;
    const auto events = generate(config, count);
    const auto reasons = judge(events);
    for (std::size_t index = 0; index != count; ++index) {
      if (!reasons[index])
        CAF_FAIL(std::string{to_string(kind)} << " passes: "
                                              << *events.values[index]);
      if (*reasons[index] != intended_reason(kind))
        CAF_FAIL(std::string{to_string(kind)}
                 << " is rejected as "
                 << std::string{to_string(*reasons[index])} << ": "
                 << events.values[index].value_or("null"));
    }
  }
}

CAF_TEST(good_records_pass_and_those_without_device_type_are_rejected) {
  GeneratorConfig config;
  config.bad_share = 0.1;
  const auto events = generate(config, 5000);
  const auto reasons = judge(events);
  for (std::size_t index = 0; index != reasons.size(); ++index) {
    const auto& record = events.records[index];
    if (record.bad)
      CAF_REQUIRE(reasons[index] == intended_reason(*record.bad));
    else if (!record.has_device_type)
      CAF_REQUIRE(reasons[index] == Reason::missing_field);
    else
      CAF_REQUIRE(!reasons[index]);
  }
}

CAF_TEST(names_of_bad_kinds_are_read_back) {
  for (const auto kind : generation::default_bad_kinds())
    CAF_CHECK(generation::parse_bad_kind(to_string(kind)) == kind);
  CAF_CHECK(!generation::parse_bad_kind("nonsense"));
}

CAF_TEST(event_time_advances_by_the_interval) {
  GeneratorConfig config;
  config.start_time_ms = start_ms;
  config.event_interval_us = 250'000;
  auto generator = make(config);
  const auto first = generate(generator, 9);
  CAF_CHECK_EQUAL(first.records[8].event_time_ms, start_ms + 2000);
  CAF_CHECK(first.values[8]->find("\"timestamp\": 1720000002")
            != std::string::npos);
  generator.set_event_time(start_ms + 60'000);
  const auto second = generate(generator, 2);
  CAF_CHECK_EQUAL(second.records[0].event_time_ms, start_ms + 60'000);
  CAF_CHECK_EQUAL(second.records[1].event_time_ms, start_ms + 60'250);
  CAF_CHECK_EQUAL(generator.next_number(), 11U);
}

CAF_TEST(a_population_comes_back_with_the_same_device) {
  GeneratorConfig config;
  config.population = 20;
  const auto events = generate(config, 2000);
  const std::regex parts{
    R"re(.*"user_id": "([^"]*)".*"ip": "([^"]*)".*"device_id": "([^"]*)".*)re"};
  std::map<std::string, std::set<std::string>> devices;
  std::map<std::string, std::set<std::string>> addresses;
  for (const auto& value : events.values) {
    std::smatch match;
    CAF_REQUIRE(std::regex_match(*value, match, parts));
    devices[match[1]].insert(match[3]);
    addresses[match[1]].insert(match[2]);
  }
  CAF_CHECK_EQUAL(devices.size(), 20U);
  for (const auto& [user, of_user] : devices)
    CAF_CHECK_EQUAL(of_user.size(), 1U);
  for (const auto& [user, of_user] : addresses)
    CAF_CHECK(of_user.size() <= 3U);
}

CAF_TEST(lines_are_sent_once_or_in_a_circle) {
  GeneratorConfig config;
  config.lines = std::make_shared<const std::vector<std::string>>(
    std::vector<std::string>{"one", "two", "three"});
  config.cycle_lines = false;
  const auto once = generate(config, 10);
  CAF_REQUIRE_EQUAL(once.values.size(), 3U);
  CAF_CHECK_EQUAL(*once.values[2], "three");
  config.cycle_lines = true;
  const auto circle = generate(config, 8);
  CAF_REQUIRE_EQUAL(circle.values.size(), 8U);
  CAF_CHECK_EQUAL(*circle.values[7], "two");
}

CAF_TEST(contradictory_configurations_are_refused) {
  GeneratorConfig config;
  config.bad_share = 1.5;
  CAF_CHECK(is_refused(config));
  config.bad_share = 0.5;
  config.bad_kinds.clear();
  CAF_CHECK(is_refused(config));
  config = {};
  config.stories.bursts = 1;
  CAF_CHECK(is_refused(config));
  config.population = 10;
  config.story_horizon = generation::records_per_story - 1;
  CAF_CHECK(is_refused(config));
  config.story_horizon = generation::records_per_story;
  CAF_CHECK(!is_refused(config));
  config = {};
  config.event_interval_us = -1;
  CAF_CHECK(is_refused(config));
  config = {};
  config.lines = std::make_shared<const std::vector<std::string>>();
  CAF_CHECK(is_refused(config));
}
