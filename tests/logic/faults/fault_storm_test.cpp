#define CAF_SUITE fault_storm

#include "logic/faults/fault_storm.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/random_stream.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace millrace::logic::faults;
using millrace::logic::generation::RandomStream;
using std::chrono::milliseconds;

namespace {

using Storm = std::vector<TimedFault>;

std::string line_of(const TimedFault& fault) {
  return std::to_string(fault.at.count()) + ' ' + std::to_string(fault.number)
         + ' ' + to_string(fault.order) + '\n';
}

/// FNV-1a of the storm's lines.
std::uint64_t hash_of(const Storm& storm) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const auto& fault : storm)
    for (const char byte : line_of(fault)) {
      hash ^= static_cast<unsigned char>(byte);
      hash *= 0x100000001B3U;
    }
  return hash;
}

StormConfig large_config() {
  StormConfig config;
  config.seed = 42;
  config.faults = 10'000;
  config.duration = milliseconds{1'200'000};
  config.lanes = 2;
  config.detectors = 3;
  return config;
}

FaultMix mix_of(FaultKind kind, std::uint32_t weight) {
  FaultMix mix;
  mix[kind] = weight;
  return mix;
}

std::map<FaultKind, std::size_t> count_kinds(const Storm& storm) {
  std::map<FaultKind, std::size_t> counts;
  for (const auto& fault : storm)
    ++counts[fault.order.kind];
  return counts;
}

Storm only(const Storm& storm, FaultKind kind) {
  Storm faults;
  for (const auto& fault : storm)
    if (fault.order.kind == kind)
      faults.push_back(fault);
  return faults;
}

/// Most hangs that last at one time, each for `margin` longer.
std::size_t most_at_once(const Storm& hangs, milliseconds margin) {
  std::size_t most = 0;
  for (const auto& now : hangs) {
    const auto held = std::count_if(
      hangs.begin(), hangs.end(), [&](const TimedFault& it) {
        return it.at <= now.at && now.at < it.at + it.order.duration + margin;
      });
    most = std::max(most, static_cast<std::size_t>(held));
  }
  return most;
}

/// Whether the hits are within five standard deviations of what was asked.
bool is_near(std::size_t hits, std::size_t count, double share) {
  const auto expected = static_cast<double>(count) * share;
  return std::abs(static_cast<double>(hits) - expected)
         <= 5.0 * std::sqrt(expected * (1.0 - share));
}

StormConfig random_config(RandomStream& random) {
  StormConfig config;
  config.seed = random.next();
  config.faults = 1 + random.below(400);
  config.duration = milliseconds{1 + random.below(100'000)};
  config.lanes = 1 + random.below(5);
  config.detectors = random.below(4);
  config.insights = random.below(2) == 0;
  config.trainer = random.below(2) == 0;
  for (auto& weight : config.mix.weights)
    weight = random.below(3) == 0 ? 0 : random.below(20);
  config.hang.deadline = milliseconds{1 + random.below(1500)};
  config.hang.shortest = 1 + random.below(3);
  config.hang.longest = config.hang.shortest + random.below(3);
  config.hang.max_at_once = random.below(5);
  config.broker_down.shortest = milliseconds{1 + random.below(500)};
  config.broker_down.longest = config.broker_down.shortest
                               + milliseconds{random.below(500)};
  config.broker_down.pause = milliseconds{random.below(3000)};
  return config;
}

/// Everything that holds of any storm.
void check_bounds(const StormConfig& config, const Storm& storm) {
  CAF_REQUIRE(storm.size() <= config.faults);
  CAF_REQUIRE(
    std::is_sorted(storm.begin(), storm.end(),
                   [](const TimedFault& left, const TimedFault& right) {
                     return left.at < right.at;
                   }));
  const auto hangs = only(storm, FaultKind::hang);
  CAF_REQUIRE(most_at_once(hangs, config.hang.deadline)
              <= config.hang.max_at_once);
  for (std::size_t index = 0; index != hangs.size(); ++index)
    for (std::size_t later = index + 1; later != hangs.size(); ++later)
      CAF_REQUIRE(hangs[index].order.target != hangs[later].order.target
                  || hangs[index].at + hangs[index].order.duration
                       <= hangs[later].at);
  const auto outages = only(storm, FaultKind::broker_down);
  for (std::size_t index = 1; index < outages.size(); ++index) {
    const auto& before = outages[index - 1];
    CAF_REQUIRE(before.at + before.order.duration + config.broker_down.pause
                <= outages[index].at);
  }
  for (std::size_t index = 0; index != storm.size(); ++index) {
    const auto& [at, number, order] = storm[index];
    CAF_REQUIRE_EQUAL(number, index + 1);
    CAF_REQUIRE(at >= milliseconds{0} && at < config.duration);
    CAF_REQUIRE(config.mix[order.kind] != 0);
    const auto read = parse_fault_order(to_string(order));
    CAF_REQUIRE(read.has_value());
    CAF_REQUIRE(*read == order);
  }
}

} // namespace

CAF_TEST(a_storm_is_the_same_on_every_machine) {
  auto config = large_config();
  const auto storm = make_storm(config);
  CAF_CHECK_EQUAL(hash_of(storm), 0x6BBFA2F7409DF97DU);
  CAF_CHECK(make_storm(config) == storm);
  config.faults = 5;
  config.duration = milliseconds{1000};
  config.mix[FaultKind::throw_on_match] = 100;
  std::string lines;
  for (const auto& fault : make_storm(config))
    lines += line_of(fault);
  CAF_CHECK_EQUAL(lines, "148 1 crash validator 0\n"
                         "373 2 poison enricher POISON-2\n"
                         "523 3 poison anomaly_detector POISON-3\n"
                         "704 4 poison validator POISON-4\n"
                         "820 5 poison encoder POISON-5\n");
}

CAF_TEST(another_seed_makes_another_storm) {
  auto config = large_config();
  std::set<std::uint64_t> hashes;
  for (config.seed = 0; config.seed != 20; ++config.seed)
    hashes.insert(hash_of(make_storm(config)));
  CAF_CHECK_EQUAL(hashes.size(), 20u);
}

CAF_TEST(one_fault_lies_in_each_equal_part_of_the_duration) {
  const auto config = large_config();
  const auto storm = make_storm(config);
  CAF_REQUIRE_EQUAL(storm.size(), config.faults);
  const auto part = config.duration / config.faults;
  std::set<std::int64_t> places;
  for (std::size_t index = 0; index != storm.size(); ++index) {
    CAF_REQUIRE_EQUAL(storm[index].at / part, static_cast<std::int64_t>(index));
    places.insert((storm[index].at % part).count());
  }
  CAF_CHECK_EQUAL(places.size(), static_cast<std::size_t>(part.count()));
}

CAF_TEST(every_bound_holds_for_any_config) {
  RandomStream random{5};
  std::size_t tried = 0;
  std::size_t complete = 0;
  for (int round = 0; round != 500; ++round) {
    const auto config = random_config(random);
    if (!check(config))
      continue;
    ++tried;
    const auto storm = make_storm(config);
    check_bounds(config, storm);
    auto free = config.mix;
    free[FaultKind::hang] = 0;
    free[FaultKind::broker_down] = 0;
    if (free != FaultMix{}) {
      ++complete;
      CAF_REQUIRE_EQUAL(storm.size(), config.faults);
    }
  }
  CAF_CHECK(tried > 450);
  CAF_CHECK(complete > 400);
}

CAF_TEST(kinds_occur_as_often_as_they_weigh) {
  auto config = large_config();
  config.mix = FaultMix{};
  config.mix[FaultKind::crash] = 5;
  config.mix[FaultKind::corrupt_answer] = 3;
  config.mix[FaultKind::lose_reports] = 2;
  const auto counts = count_kinds(make_storm(config));
  CAF_REQUIRE_EQUAL(counts.size(), 3u);
  CAF_CHECK(is_near(counts.at(FaultKind::crash), 10'000, 0.5));
  CAF_CHECK(is_near(counts.at(FaultKind::corrupt_answer), 10'000, 0.3));
  CAF_CHECK(is_near(counts.at(FaultKind::lose_reports), 10'000, 0.2));
}

CAF_TEST(a_storm_by_default_has_all_kinds_but_doubles_and_poison) {
  const auto counts = count_kinds(make_storm(large_config()));
  for (std::size_t index = 0; index != fault_kind_count; ++index) {
    const auto kind = static_cast<FaultKind>(index);
    const bool expected = kind != FaultKind::lose_reports
                          && kind != FaultKind::throw_on_match
                          && kind != FaultKind::die_on_match;
    CAF_CHECK_EQUAL(counts.contains(kind), expected);
    CAF_CHECK_EQUAL(default_mix()[kind] != 0, expected);
  }
  // Twenty minutes have room for what the weights of these ask for.
  CAF_CHECK(is_near(counts.at(FaultKind::hang), 10'000, 0.01));
  CAF_CHECK(is_near(counts.at(FaultKind::broker_down), 10'000, 0.01));
}

CAF_TEST(every_actor_is_hit_and_none_that_the_node_has_not) {
  auto config = large_config();
  config.mix = mix_of(FaultKind::crash, 1);
  std::map<std::string, std::size_t> targets;
  for (const auto& fault : make_storm(config))
    ++targets[fault.order.target];
  const std::map<std::string, double> expected{{"consumer", 1},
                                               {"dispatcher", 1},
                                               {"producer", 1},
                                               {"insights", 1},
                                               {"trainer", 1},
                                               {"judgement_router", 1},
                                               {"validator 0", 0.5},
                                               {"validator 1", 0.5},
                                               {"enricher 0", 0.5},
                                               {"enricher 1", 0.5},
                                               {"encoder 0", 0.5},
                                               {"encoder 1", 0.5},
                                               {"anomaly_detector 0", 1 / 3.},
                                               {"anomaly_detector 1", 1 / 3.},
                                               {"anomaly_detector 2", 1 / 3.}};
  CAF_CHECK_EQUAL(targets.size(), expected.size());
  for (const auto& [target, share] : expected)
    CAF_CHECK(is_near(targets[target], 10'000, share / 10));
  config.detectors = 0;
  config.insights = false;
  config.trainer = false;
  targets.clear();
  for (const auto& fault : make_storm(config))
    ++targets[fault.order.target];
  CAF_CHECK_EQUAL(targets.size(), 9u);
  CAF_CHECK(!targets.contains("insights"));
  CAF_CHECK(!targets.contains("trainer"));
  CAF_CHECK(!targets.contains("anomaly_detector 0"));
}

CAF_TEST(parameters_stay_within_their_ranges_and_use_them_up) {
  auto config = large_config();
  config.mix.weights.fill(10);
  std::map<FaultKind, std::array<std::set<std::int64_t>, 3>> seen;
  for (const auto& fault : make_storm(config)) {
    auto& [after, count, duration] = seen[fault.order.kind];
    const auto& target = fault.order.target;
    if (target == "insights" || target == "trainer")
      CAF_CHECK_EQUAL(fault.order.after_batches, 0u);
    after.insert(fault.order.after_batches);
    count.insert(fault.order.count);
    duration.insert(fault.order.duration.count());
  }
  struct Expected {
    FaultKind kind;
    std::size_t parameter; ///< after, count, duration
    std::int64_t least;
    std::int64_t most;
    bool all; ///< whether every number between occurs
  };
  const std::vector<Expected> ranges{
    {FaultKind::crash, 0, 0, 5, true},
    {FaultKind::hang, 2, 2000, 3000, false},
    {FaultKind::slow, 1, 1, 10, true},
    {FaultKind::slow, 2, 1, 20, true},
    {FaultKind::fail_deliveries, 1, 1, 20, true},
    {FaultKind::lose_reports, 1, 1, 5, true},
    {FaultKind::fail_commits, 1, 1, 3, true},
    {FaultKind::drop_credit, 1, 1, 5, true},
    {FaultKind::exhaust_credit, 2, 50, 500, false},
    {FaultKind::broker_down, 2, 200, 1500, false},
  };
  for (const auto& range : ranges) {
    const auto& values = seen.at(range.kind)[range.parameter];
    CAF_CHECK(*values.begin() >= range.least);
    CAF_CHECK(*values.rbegin() <= range.most);
    const auto width = range.most - range.least;
    CAF_CHECK(range.all ? static_cast<std::int64_t>(values.size()) == width + 1
                        : *values.rbegin() - *values.begin() > width * 9 / 10);
  }
}

CAF_TEST(hangs_fill_their_bound_and_go_no_further) {
  for (const std::uint32_t bound : {1U, 2U, 4U}) {
    auto config = large_config();
    config.mix = FaultMix{};
    config.mix[FaultKind::hang] = 1000;
    config.mix[FaultKind::crash] = 1;
    config.hang.max_at_once = bound;
    const auto storm = make_storm(config);
    check_bounds(config, storm);
    const auto hangs = only(storm, FaultKind::hang);
    CAF_CHECK_EQUAL(most_at_once(hangs, config.hang.deadline), bound);
    // A hang counts for 3.5 s on average, and the next comes soon.
    CAF_CHECK(hangs.size() > 320 * bound);
    CAF_CHECK(hangs.size() < 350 * bound);
  }
}

CAF_TEST(no_more_hangs_are_planned_at_once_than_there_are_actors) {
  auto config = large_config();
  config.lanes = 1;
  config.detectors = 0;
  config.insights = false;
  config.trainer = false;
  config.mix = mix_of(FaultKind::hang, 1);
  config.hang.max_at_once = 100;
  const auto storm = make_storm(config);
  check_bounds(config, storm);
  CAF_CHECK_EQUAL(most_at_once(storm, config.hang.deadline), 6u);
}

CAF_TEST(a_mix_without_another_kind_leaves_out_what_has_no_room) {
  auto config = large_config();
  config.faults = 100;
  config.duration = milliseconds{60'000};
  config.mix = mix_of(FaultKind::broker_down, 1);
  const auto storm = make_storm(config);
  check_bounds(config, storm);
  CAF_CHECK(storm.size() >= 8u);
  CAF_CHECK(storm.size() <= 12u);
}

CAF_TEST(each_poison_of_a_storm_has_a_match_that_is_in_no_other) {
  auto config = large_config();
  config.faults = 1200;
  config.mix = mix_of(FaultKind::throw_on_match, 1);
  std::set<std::string> stages;
  const auto storm = make_storm(config);
  CAF_CHECK_EQUAL(storm.front().order.match, "POISON-0001");
  CAF_CHECK_EQUAL(storm.back().order.match, "POISON-1200");
  for (const auto& fault : storm) {
    stages.insert(fault.order.target);
    for (const auto& other : storm)
      if (fault.number != other.number)
        CAF_REQUIRE(other.order.match.find(fault.order.match)
                    == std::string::npos);
  }
  CAF_CHECK(stages
            == std::set<std::string>(
              {"anomaly_detector", "encoder", "enricher", "validator"}));
}

CAF_TEST(the_largest_storm_is_planned) {
  StormConfig config;
  config.faults = max_storm_faults;
  config.duration = max_storm_duration;
  config.lanes = max_actor_number + 1;
  config.detectors = max_actor_number + 1;
  config.mix.weights.fill(max_fault_weight);
  config.hang.deadline = max_fault_duration;
  config.hang.shortest = 1;
  config.hang.longest = 1;
  config.broker_down = {max_fault_duration, max_fault_duration,
                        max_storm_duration};
  CAF_REQUIRE(check(config));
  const auto storm = make_storm(config);
  CAF_CHECK_EQUAL(storm.size(), max_storm_faults);
  CAF_CHECK_EQUAL(count_kinds(storm).at(FaultKind::broker_down), 1u);
}
