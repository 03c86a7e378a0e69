#define CAF_SUITE sample_reservoir

#include "logic/detection/sample_reservoir.hpp"

#include "caf/test/dsl.hpp"

#include <cmath>

using namespace millrace::logic::detection;

namespace {

FeatureRow row_of(int number) {
  FeatureRow row{};
  row[0] = static_cast<float>(number);
  return row;
}

} // namespace

CAF_TEST(a_short_stream_is_kept_whole_and_in_order) {
  SampleReservoir reservoir{10, 1};
  for (int i = 0; i != 7; ++i)
    reservoir.offer(row_of(i));
  CAF_CHECK_EQUAL(reservoir.size(), 7u);
  const auto rows = reservoir.take();
  CAF_REQUIRE_EQUAL(rows.size(), 7 * feature_count);
  for (std::size_t i = 0; i != 7; ++i)
    CAF_CHECK_EQUAL(rows[i * feature_count], static_cast<float>(i));
  CAF_CHECK_EQUAL(reservoir.size(), 0u);
  CAF_CHECK_EQUAL(reservoir.offered(), 0u);
}

CAF_TEST(every_row_of_a_long_stream_is_kept_about_equally_often) {
  // 50 of 1,000 rows, 2,000 times: each tenth of the stream gets a tenth of
  // the 100,000 places, give or take four standard deviations (95 each).
  std::vector<int> kept(10);
  for (std::uint64_t seed = 0; seed != 2000; ++seed) {
    SampleReservoir reservoir{50, seed};
    for (int i = 0; i != 1000; ++i)
      reservoir.offer(row_of(i));
    CAF_REQUIRE_EQUAL(reservoir.size(), 50u);
    const auto rows = reservoir.take();
    for (std::size_t i = 0; i != 50; ++i)
      ++kept[static_cast<std::size_t>(rows[i * feature_count]) / 100];
  }
  for (const auto count : kept)
    CAF_CHECK(std::abs(count - 10000) < 400);
}

CAF_TEST(the_same_seed_draws_the_same_sample_and_taking_starts_anew) {
  SampleReservoir a{5, 3};
  SampleReservoir b{5, 3};
  SampleReservoir c{5, 4};
  for (int i = 0; i != 500; ++i) {
    a.offer(row_of(i));
    b.offer(row_of(i));
    c.offer(row_of(i));
  }
  const auto first = a.take();
  CAF_CHECK_EQUAL(first, b.take());
  CAF_CHECK_NOT_EQUAL(first, c.take());
  a.offer(row_of(1));
  CAF_CHECK_EQUAL(a.size(), 1u);
}
