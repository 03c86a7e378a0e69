#define CAF_SUITE rate_limiter

#include "logic/intake/rate_limiter.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

/// A reader with always more to read, which asks when it is told to.
struct Reader {
  RateLimiter limiter;
  RateLimiter::TimePoint now{1h};
  std::uint64_t read = 0;
  int asked = 0;

  void run_until(RateLimiter::TimePoint end, std::uint64_t batch = 1'000) {
    while (now < end) {
      ++asked;
      const auto allowed = limiter.allowance(batch, now);
      limiter.take(allowed);
      read += allowed;
      if (allowed == 0)
        now += std::max<RateLimiter::Duration>(limiter.wait(), 1us);
    }
  }
};

} // namespace

CAF_TEST(without_a_rate_all_may_pass) {
  RateLimiter limiter{0, 0};
  CAF_CHECK_EQUAL(limiter.allowance(1'000, {}), 1'000u);
  limiter.take(1'000'000);
  CAF_CHECK_EQUAL(limiter.allowance(1'000, {}), 1'000u);
  CAF_CHECK(!limiter.refusing());
}

CAF_TEST(the_mean_rate_holds_over_time) {
  for (const double rate : {1.0, 7.0, 250.0, 10'000.0, 1e6}) {
    Reader reader{{rate, 0}};
    const auto begin = reader.now;
    reader.run_until(begin + 100s);
    // What had gathered at the begin comes on top, once.
    const auto expected = static_cast<double>(reader.read);
    CAF_CHECK(expected <= rate * 101 + 1);
    CAF_CHECK(expected >= rate * 100 * 0.99);
  }
}

CAF_TEST(a_burst_passes_at_once_and_no_more) {
  Reader reader{{100, 500}};
  CAF_CHECK_EQUAL(reader.limiter.allowance(10'000, reader.now), 500u);
  reader.limiter.take(500);
  CAF_CHECK_EQUAL(reader.limiter.allowance(10'000, reader.now), 0u);
  // A long pause gathers one burst, not two.
  reader.now += 1h;
  CAF_CHECK_EQUAL(reader.limiter.allowance(10'000, reader.now), 500u);
}

CAF_TEST(a_low_rate_with_a_burst_of_one_still_moves) {
  Reader reader{{0.5, 1}};
  reader.run_until(reader.now + 20s);
  CAF_CHECK(reader.read >= 10);
  CAF_CHECK(reader.read <= 11);
}

CAF_TEST(events_come_in_shares_worth_a_batch) {
  Reader reader{{1'000, 0}};
  reader.run_until(reader.now + 10s);
  // Twenty shares a second, each with a question that was refused before it.
  CAF_CHECK(reader.asked <= 2 * 20 * 10 + 30);
}

CAF_TEST(the_time_held_back_is_told_once) {
  RateLimiter limiter{10, 10};
  RateLimiter::TimePoint now{1h};
  limiter.take(limiter.allowance(100, now));
  CAF_CHECK_EQUAL(limiter.allowance(100, now), 0u);
  CAF_CHECK(limiter.refusing());
  CAF_CHECK(limiter.take_held_back() == 0s);
  now += 300ms;
  CAF_CHECK_EQUAL(limiter.allowance(100, now), 3u);
  CAF_CHECK(limiter.take_held_back() == 300ms);
  CAF_CHECK(limiter.take_held_back() == 0s);
}

CAF_TEST(what_is_taken_beyond_is_owed) {
  RateLimiter limiter{100, 100};
  RateLimiter::TimePoint now{1h};
  CAF_CHECK_EQUAL(limiter.allowance(1'000, now), 100u);
  limiter.take(300);
  now += 1s;
  CAF_CHECK_EQUAL(limiter.allowance(1'000, now), 0u);
  now += 1'100ms;
  CAF_CHECK_EQUAL(limiter.allowance(1'000, now), 10u);
}
