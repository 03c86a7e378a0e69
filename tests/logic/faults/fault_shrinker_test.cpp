#define CAF_SUITE fault_shrinker

#include "logic/faults/fault_shrinker.hpp"

#include "caf/test/dsl.hpp"

#include "logic/generation/random_stream.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace::logic::faults;
using millrace::logic::generation::RandomStream;
using std::chrono::milliseconds;

namespace {

using Faults = std::vector<TimedFault>;

/// Bit n stands for the fault with number n + 1.
using Subset = std::uint32_t;

constexpr std::uint32_t no_limit = 1'000'000;

/// `count` faults with numbers from 1.
Faults make_faults(std::uint32_t count) {
  Faults faults;
  for (std::uint32_t index = 0; index != count; ++index)
    faults.push_back(
      {milliseconds{10 * index},
       index + 1,
       {FaultKind::crash, "validator " + std::to_string(index)}});
  return faults;
}

std::vector<std::uint32_t> numbers_of(std::span<const TimedFault> faults) {
  std::vector<std::uint32_t> numbers;
  for (const auto& fault : faults)
    numbers.push_back(fault.number);
  return numbers;
}

Subset subset_of(std::span<const TimedFault> faults) {
  Subset subset = 0;
  for (const auto& fault : faults)
    subset |= Subset{1} << (fault.number - 1);
  return subset;
}

bool has(std::span<const TimedFault> faults, std::uint32_t number) {
  return std::any_of(faults.begin(), faults.end(),
                     [=](const TimedFault& it) { return it.number == number; });
}

/// What the list must be for the storm to fail: any of some groups of
/// causes, all of the group together.
struct Culprits {
  std::vector<Subset> groups;

  bool fails(Subset subset) const {
    return std::any_of(groups.begin(), groups.end(),
                       [=](Subset group) { return (subset & group) == group; });
  }
};

/// Whether the subset fails and none with one fault less does.
bool is_minimal(const std::function<bool(Subset)>& fails, Subset subset) {
  if (!fails(subset))
    return false;
  for (Subset rest = subset; rest != 0; rest &= rest - 1)
    if (fails(subset & ~(rest & (~rest + 1))))
      return false;
  return true;
}

std::uint32_t most_runs(std::uint32_t count) {
  return count * count + 3 * count + 2;
}

/// Shrinks `count` faults and holds what must be so for any predicate.
ShrinkResult shrink_checked(std::uint32_t count,
                            const std::function<bool(Subset)>& fails) {
  std::set<Subset> tried;
  std::uint32_t calls = 0;
  const auto faults = make_faults(count);
  const auto result = shrink(
    faults,
    [&](std::span<const TimedFault> list) {
      ++calls;
      const auto subset = subset_of(list);
      CAF_REQUIRE(tried.insert(subset).second);
      for (const auto& fault : list)
        CAF_REQUIRE(fault == faults[fault.number - 1]);
      CAF_REQUIRE(std::is_sorted(list.begin(), list.end(),
                                 [](const auto& left, const auto& right) {
                                   return left.number < right.number;
                                 }));
      return fails(subset);
    },
    no_limit);
  CAF_REQUIRE_EQUAL(result.runs, calls);
  CAF_REQUIRE(result.runs <= most_runs(count));
  for (const auto& fault : result.faults)
    CAF_REQUIRE(fault == faults[fault.number - 1]);
  CAF_REQUIRE_EQUAL(
    static_cast<std::size_t>(std::popcount(subset_of(result.faults))),
    result.faults.size());
  return result;
}

Subset random_subset(RandomStream& random, std::uint32_t count,
                     std::uint32_t members) {
  Subset subset = 0;
  while (std::popcount(subset) != static_cast<int>(members))
    subset |= Subset{1} << random.below(count);
  return subset;
}

} // namespace

CAF_TEST(one_culprit_is_found_by_halving) {
  const auto faults = make_faults(1024);
  for (const std::uint32_t cause : {1U, 2U, 500U, 1024U}) {
    const auto result = shrink(
      faults, [=](auto list) { return has(list, cause); }, no_limit);
    CAF_CHECK(result.end == ShrinkEnd::minimal);
    CAF_REQUIRE_EQUAL(result.faults.size(), 1u);
    CAF_CHECK(result.faults.front() == faults[cause - 1]);
    CAF_CHECK(result.runs <= 2 + 2 * 10);
  }
}

CAF_TEST(culprits_far_apart_that_need_each_other_are_found_together) {
  const auto faults = make_faults(300);
  const auto result = shrink(
    faults,
    [](auto list) { return has(list, 7) && has(list, 8) && has(list, 291); },
    no_limit);
  CAF_CHECK(result.end == ShrinkEnd::minimal);
  CAF_CHECK(numbers_of(result.faults)
            == std::vector<std::uint32_t>({7, 8, 291}));
  CAF_CHECK(result.runs < 150);
}

CAF_TEST(a_single_group_of_culprits_is_found_exactly) {
  RandomStream random{1};
  for (int round = 0; round != 2000; ++round) {
    const auto count = 1 + random.below(14);
    const auto group = random_subset(random, count, 1 + random.below(count));
    const Culprits causes{{group}};
    const auto result = shrink_checked(
      count, [&](Subset subset) { return causes.fails(subset); });
    CAF_REQUIRE(result.end == ShrinkEnd::minimal);
    CAF_REQUIRE_EQUAL(subset_of(result.faults), group);
  }
}

CAF_TEST(of_several_groups_one_that_has_no_smaller_one_in_it_is_found) {
  RandomStream random{2};
  for (int round = 0; round != 2000; ++round) {
    const auto count = 4 + random.below(9);
    Culprits causes;
    for (auto groups = 1 + random.below(4); groups != 0; --groups)
      causes.groups.push_back(
        random_subset(random, count, 1 + random.below(4)));
    const auto result = shrink_checked(
      count, [&](Subset subset) { return causes.fails(subset); });
    CAF_REQUIRE(result.end == ShrinkEnd::minimal);
    // By brute force: no part of it fails but itself.
    const auto found = subset_of(result.faults);
    CAF_REQUIRE(causes.fails(found));
    for (Subset part = (found - 1) & found;; part = (part - 1) & found) {
      CAF_REQUIRE(!causes.fails(part));
      if (part == 0)
        break;
    }
  }
}

CAF_TEST(what_is_found_is_minimal_even_if_faults_cancel_each_other_out) {
  RandomStream random{3};
  std::size_t smallest_of_all = 0;
  for (int round = 0; round != 2000; ++round) {
    const auto count = 1 + random.below(9);
    const Subset whole = (Subset{1} << count) - 1;
    std::vector<bool> table(std::size_t{1} << count);
    const auto one_in = 2 + random.below(20);
    for (std::size_t subset = 1; subset != table.size(); ++subset)
      table[subset] = random.below(one_in) == 0;
    table[whole] = true;
    const auto fails = [&](Subset subset) -> bool { return table[subset]; };
    const auto result = shrink_checked(count, fails);
    CAF_REQUIRE(result.end == ShrinkEnd::minimal);
    CAF_REQUIRE(is_minimal(fails, subset_of(result.faults)));
    std::size_t least = count;
    for (Subset subset = 1; subset <= whole; ++subset)
      if (fails(subset))
        least = std::min<std::size_t>(least, std::popcount(subset));
    smallest_of_all += result.faults.size() == least ? 1U : 0U;
  }
  // Not promised, but the rule rather than the exception.
  CAF_CHECK(smallest_of_all > 1000);
}

CAF_TEST(when_all_faults_are_needed_all_stay) {
  for (std::uint32_t count = 1; count != 20; ++count) {
    const auto result = shrink_checked(count, [=](Subset subset) {
      return std::popcount(subset) == static_cast<int>(count);
    });
    CAF_CHECK(result.end == ShrinkEnd::minimal);
    CAF_CHECK(result.faults == make_faults(count));
  }
}

CAF_TEST(faults_are_not_to_blame_for_what_fails_without_them) {
  const auto result = shrink_checked(12, [](Subset) { return true; });
  CAF_CHECK(result.end == ShrinkEnd::minimal);
  CAF_CHECK(result.faults.empty());
  CAF_CHECK_EQUAL(result.runs, 2u);
  const auto nothing = shrink_checked(0, [](Subset) { return true; });
  CAF_CHECK(nothing.end == ShrinkEnd::minimal);
  CAF_CHECK_EQUAL(nothing.runs, 1u);
}

CAF_TEST(a_failure_that_does_not_come_back_is_not_shrunk) {
  std::uint32_t calls = 0;
  const auto faults = make_faults(10);
  const auto result = shrink(
    faults, [&](auto) { return ++calls != 1; }, no_limit);
  CAF_CHECK(result.end == ShrinkEnd::not_again);
  CAF_CHECK(result.faults == faults);
  CAF_CHECK_EQUAL(result.runs, 1u);
  CAF_CHECK_EQUAL(calls, 1u);
  CAF_CHECK_EQUAL(to_string(result.end), "not_again");
}

CAF_TEST(a_predicate_that_fails_now_and_then_yields_a_list_that_did_fail) {
  RandomStream random{8};
  for (int round = 0; round != 500; ++round) {
    std::set<Subset> failed;
    const auto result = shrink_checked(16, [&](Subset subset) {
      const bool fails = (subset & 0x0810U) == 0x0810U
                         && (failed.empty() || random.below(2) == 0);
      if (fails)
        failed.insert(subset);
      return fails;
    });
    CAF_REQUIRE(result.end == ShrinkEnd::minimal);
    CAF_REQUIRE(failed.contains(subset_of(result.faults)));
  }
}

CAF_TEST(no_run_is_made_beyond_the_limit_and_the_best_so_far_is_kept) {
  const auto faults = make_faults(64);
  const auto fails = [](std::span<const TimedFault> list) {
    return has(list, 3) && has(list, 40) && has(list, 64);
  };
  const auto all = shrink(faults, fails, no_limit);
  CAF_REQUIRE(all.end == ShrinkEnd::minimal);
  std::size_t last = faults.size();
  for (std::uint32_t limit = 0; limit != all.runs + 3; ++limit) {
    std::uint32_t calls = 0;
    const auto result = shrink(
      faults,
      [&](std::span<const TimedFault> list) {
        ++calls;
        return fails(list);
      },
      limit);
    CAF_REQUIRE_EQUAL(result.runs, calls);
    CAF_REQUIRE_EQUAL(calls, std::min(limit, all.runs));
    CAF_REQUIRE(
      result.end
      == (limit < all.runs ? ShrinkEnd::run_limit : ShrinkEnd::minimal));
    CAF_REQUIRE(fails(result.faults));
    CAF_REQUIRE(result.faults.size() <= last);
    last = result.faults.size();
  }
  CAF_CHECK_EQUAL(last, 3u);
}

CAF_TEST(a_storm_is_shrunk_to_the_pair_of_orders_that_break_it) {
  StormConfig config;
  config.seed = 11;
  const auto storm = make_storm(config);
  const auto fails = [](std::span<const TimedFault> list) {
    const auto fence = std::find_if(
      list.begin(), list.end(), [](const TimedFault& it) {
        return it.order.kind == FaultKind::fence_producer;
      });
    return std::any_of(fence, list.end(), [](const TimedFault& it) {
      return it.order.kind == FaultKind::crash && it.order.target == "producer";
    });
  };
  CAF_REQUIRE(fails(storm));
  const auto result = shrink(storm, fails, no_limit);
  CAF_CHECK(result.end == ShrinkEnd::minimal);
  CAF_REQUIRE_EQUAL(result.faults.size(), 2u);
  CAF_CHECK(result.faults[0].order.kind == FaultKind::fence_producer);
  CAF_CHECK(result.faults[1].order.target == "producer");
  CAF_CHECK(result.faults[0].at < result.faults[1].at);
}

CAF_TEST(what_the_predicate_throws_passes_through) {
  const auto faults = make_faults(3);
  const auto shrinking = [&] {
    return shrink(
      faults,
      [](auto) -> bool { throw std::runtime_error{"the broker is gone"}; },
      no_limit);
  };
  CAF_CHECK_THROWS_AS(shrinking(), std::runtime_error);
}
