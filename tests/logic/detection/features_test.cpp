#define CAF_SUITE features

#include "logic/detection/features.hpp"

#include "caf/test/dsl.hpp"

#include <cmath>
#include <set>

using namespace millrace::logic::detection;

CAF_TEST(every_feature_has_a_name_of_its_own) {
  const auto names = feature_names();
  CAF_CHECK_EQUAL(names.size(), feature_count);
  const std::set<std::string> distinct{names.begin(), names.end()};
  CAF_CHECK_EQUAL(distinct.size(), feature_count);
  CAF_CHECK_EQUAL(distinct.count("unknown"), 0u);
}

CAF_TEST(the_quick_logarithm_rises_and_is_off_by_at_most_0_01) {
  float before = -200.0F;
  for (double x = 1e-3; x < 1e9; x *= 1.003) {
    const auto value = static_cast<float>(x);
    const auto quick = quick_log2(value);
    CAF_REQUIRE(std::abs(quick - std::log2(value)) < 0.01F);
    CAF_REQUIRE(quick >= before);
    before = quick;
  }
  CAF_CHECK_EQUAL(quick_log2(1.0F), 0.0F);
  CAF_CHECK_EQUAL(quick_log2(1024.0F), 10.0F);
}

CAF_TEST(the_phase_of_the_day_goes_round_once) {
  constexpr std::int64_t hour = 3600 * 1000;
  CAF_CHECK_EQUAL(day_phase(0).cosine, 1.0F);
  CAF_CHECK(std::abs(day_phase(6 * hour).sine - 1.0F) < 1e-6F);
  CAF_CHECK(std::abs(day_phase(12 * hour).cosine + 1.0F) < 1e-6F);
  CAF_CHECK_EQUAL(day_phase(24 * hour).sine, 0.0F);
  CAF_CHECK_EQUAL(day_phase(18262 * 24 * hour + 6 * hour).sine,
                  day_phase(6 * hour).sine);
  CAF_CHECK_EQUAL(day_phase(-1).cosine, 0.0F);
}

CAF_TEST(rare_words_surprise_more_than_common_ones) {
  RarityCounter counter;
  CAF_CHECK_EQUAL(counter.surprise_bits(1), 0.0F);
  for (int i = 0; i != 1023; ++i)
    counter.count(i % 4 == 0 ? 2U : 1U);
  CAF_CHECK_EQUAL(counter.surprise_bits(3), 10.0F);
  CAF_CHECK(std::abs(counter.surprise_bits(2) - 2.0F) < 0.05F);
  CAF_CHECK(std::abs(counter.surprise_bits(1) - 0.415F) < 0.05F);
}

CAF_TEST(old_words_fade) {
  RarityCounter counter;
  for (int i = 0; i != 1000; ++i)
    counter.count(1);
  const auto fresh = counter.surprise_bits(1);
  for (int i = 0; i != 1000000; ++i)
    counter.count(2);
  CAF_CHECK_GREATER(counter.surprise_bits(1), fresh + 10.0F);
  CAF_CHECK_LESS_OR_EQUAL(counter.surprise_bits(2), 0.1F);
}
