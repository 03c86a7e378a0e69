#define CAF_SUITE restart_intensity

#include "logic/supervision/restart_intensity.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

using namespace millrace::logic::supervision;
using namespace std::chrono_literals;

CAF_TEST(as_many_restarts_as_allowed_fit_into_the_window) {
  RestartIntensity intensity{{3, 10s}};
  TimePoint now{};
  CAF_CHECK(!intensity.exceeded());
  for (std::uint32_t count = 1; count <= 3; ++count, now += 1s) {
    CAF_CHECK_EQUAL(intensity.add(now), count);
    CAF_CHECK(!intensity.exceeded());
  }
  CAF_CHECK_EQUAL(intensity.add(now), 4u);
  CAF_CHECK(intensity.exceeded());
}

CAF_TEST(a_restart_a_window_ago_counts_and_an_older_one_does_not) {
  RestartIntensity intensity{{1, 10s}};
  const TimePoint begin{};
  CAF_CHECK_EQUAL(intensity.add(begin), 1u);
  CAF_CHECK_EQUAL(intensity.add(begin + 10s), 2u);
  CAF_CHECK(intensity.exceeded());
  intensity.forget();
  CAF_CHECK(!intensity.exceeded());
  CAF_CHECK_EQUAL(intensity.add(begin + 10s), 1u);
  CAF_CHECK_EQUAL(intensity.add(begin + 20s + 1ms), 1u);
  CAF_CHECK(!intensity.exceeded());
}

CAF_TEST(where_none_are_allowed_the_first_is_too_many) {
  RestartIntensity intensity{{0, 10s}};
  CAF_CHECK_EQUAL(intensity.add(TimePoint{}), 1u);
  CAF_CHECK(intensity.exceeded());
}

CAF_TEST(the_count_is_that_of_all_times_looked_through) {
  std::mt19937_64 random{3};
  for (int round = 0; round != 200; ++round) {
    const auto window = std::chrono::milliseconds{1 + random() % 200};
    const auto allowed = static_cast<std::uint32_t>(random() % 8);
    RestartIntensity intensity{{allowed, window}};
    std::vector<TimePoint> all;
    TimePoint now{};
    for (int step = 0; step != 200; ++step) {
      now += std::chrono::milliseconds{random() % 60};
      all.push_back(now);
      const auto expected = std::ranges::count_if(
        all, [&](TimePoint time) { return time + window >= now; });
      CAF_REQUIRE_EQUAL(intensity.add(now),
                        static_cast<std::uint32_t>(expected));
      CAF_REQUIRE_EQUAL(intensity.exceeded(),
                        expected > static_cast<std::ptrdiff_t>(allowed));
    }
  }
}

CAF_TEST(jitter_takes_every_wait_from_half_the_delay_to_the_delay) {
  std::mt19937_64 random{5};
  for (const auto delay : {0ms, 1ms, 2ms, 7ms, 100ms}) {
    std::set<std::chrono::milliseconds> seen;
    for (int draw = 0; draw != 20'000; ++draw)
      seen.insert(jittered(delay, random()));
    CAF_CHECK(*seen.begin() == delay / 2);
    CAF_CHECK(*seen.rbegin() == delay);
    CAF_CHECK_EQUAL(static_cast<std::int64_t>(seen.size()),
                    (delay - delay / 2).count() + 1);
  }
}

CAF_TEST(jitter_is_even) {
  std::mt19937_64 random{6};
  std::int64_t sum_ms = 0;
  constexpr int draws = 100'000;
  for (int draw = 0; draw != draws; ++draw)
    sum_ms += jittered(10'000ms, random()).count();
  // The mean of draws from [5000, 10000]; its own deviation is 4.6 ms.
  CAF_CHECK(std::abs(sum_ms / draws - 7'500) < 25);
}

CAF_TEST(the_extremes_of_the_bits_stay_inside) {
  CAF_CHECK(jittered(100ms, 0) == 50ms);
  CAF_CHECK(jittered(100ms, ~std::uint64_t{0}) == 100ms);
  CAF_CHECK(jittered(24h * 30, ~std::uint64_t{0}) == 24h * 30);
}
