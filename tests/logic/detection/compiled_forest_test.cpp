#define CAF_SUITE compiled_forest

#include "logic/detection/compiled_forest.hpp"
#include "logic/detection/forest_trainer.hpp"

#include "tests/logic/detection/sample_rows.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

using namespace millrace::logic::detection;
using millrace::tests::odd_rows;
using millrace::tests::random_rows;
using millrace::tests::SampleRows;

namespace {

Forest fitted(const SampleRows& rows, std::size_t trees,
              std::size_t sample_size = 256, std::uint64_t seed = 1) {
  FitOptions options;
  options.trees = trees;
  options.sample_size = sample_size;
  options.seed = seed;
  auto forest = fit_forest(rows.view(), options);
  CAF_REQUIRE(forest);
  return *std::move(forest);
}

std::vector<float> scores_of(const CompiledForest& forest,
                             const SampleRows& rows, ForestKernel kernel) {
  std::vector<float> scores(rows.view().size());
  forest.score(rows.view(), scores, kernel);
  return scores;
}

float largest_difference(const Forest& forest, const SampleRows& rows) {
  const auto compiled = scores_of(CompiledForest{forest}, rows,
                                  ForestKernel::portable);
  float largest = 0.0F;
  for (std::size_t row = 0; row != compiled.size(); ++row)
    largest = std::max(
      largest, std::abs(compiled[row] - forest.score(rows.view()[row])));
  return largest;
}

} // namespace

CAF_TEST(ranks_count_the_cut_points_that_a_value_reaches) {
  Random random{11};
  constexpr auto infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t wanted : {0, 1, 2, 30, 255})
    for (const double skew : {1.0, 6.0, 40.0}) {
      std::set<float> distinct;
      while (distinct.size() < wanted)
        distinct.insert(
          static_cast<float>(std::pow(random.unit(), skew) * 1000.0 - 10.0));
      const std::vector<float> cuts{distinct.begin(), distinct.end()};
      const RankTable table{cuts};
      auto values = cuts;
      for (const auto cut : cuts) {
        values.push_back(std::nextafter(cut, infinity));
        values.push_back(std::nextafter(cut, -infinity));
      }
      for (int i = 0; i != 500; ++i)
        values.push_back(static_cast<float>(random.unit() * 1200.0 - 100.0));
      values.insert(values.end(), {infinity, -infinity, 0.0F, 1e38F, -1e38F});
      bool all_right = true;
      for (const auto value : values) {
        const auto reached = std::upper_bound(cuts.begin(), cuts.end(), value)
                             - cuts.begin();
        all_right = all_right && table.rank(value) == reached;
      }
      CAF_CHECK(all_right);
      CAF_CHECK_EQUAL(int{table.rank(std::numeric_limits<float>::quiet_NaN())},
                      0);
    }
}

CAF_TEST(compiled_and_exact_scores_differ_by_at_most_0_013) {
  for (const std::uint64_t seed : {21, 22, 23}) {
    const auto rows = random_rows(1500, 8, seed);
    CAF_CHECK_LESS_OR_EQUAL(largest_difference(fitted(rows, 100), rows),
                            0.013F);
  }
}

CAF_TEST(with_few_cut_points_only_the_rounding_of_paths_differs) {
  const auto rows = random_rows(1500, 6, 24);
  const auto forest = fitted(rows, 8, 32);
  CAF_CHECK_LESS_OR_EQUAL(largest_difference(forest, rows), 0.002F);
}

CAF_TEST(all_kernels_give_the_same_bits) {
  for (const std::size_t width : {1, 4, 5, 8, 9, 16}) {
    const auto rows = random_rows(1000, width, 30 + width);
    const CompiledForest forest{fitted(rows, 50)};
    // A part of a block is left over; odd values are scored, too.
    const auto strange = odd_rows(333, width, 40 + width);
    const auto expected = scores_of(forest, strange, ForestKernel::portable);
    CAF_CHECK(*std::min_element(expected.begin(), expected.end())
              < *std::max_element(expected.begin(), expected.end()));
    for (const auto kernel : {ForestKernel::avx2, ForestKernel::avx512}) {
      if (!supported(kernel)) {
        CAF_MESSAGE("SKIPPED: this processor has no " << to_string(kernel));
        continue;
      }
      CAF_CHECK_EQUAL(scores_of(forest, strange, kernel), expected);
    }
  }
}

CAF_TEST(the_most_trees_that_are_allowed_do_not_overflow_the_sums) {
  const SampleRows alike{std::vector<float>(600, 1.0F), 2};
  const CompiledForest forest{fitted(alike, max_trees)};
  for (const auto kernel :
       {ForestKernel::portable, ForestKernel::avx2, ForestKernel::avx512})
    if (supported(kernel))
      for (const auto score : scores_of(forest, alike, kernel))
        CAF_CHECK(std::abs(score - 0.5F) < 0.02F);
}

CAF_TEST(deep_and_wide_forests_are_scored_by_the_portable_kernel) {
  const auto rows = random_rows(3000, 20, 51);
  const auto wide = fitted(rows, 30);
  CAF_CHECK_LESS_OR_EQUAL(largest_difference(wide, rows), 0.013F);
  const auto narrow = random_rows(3000, 3, 52);
  const auto deep = fitted(narrow, 30, 1024);
  CAF_CHECK_LESS_OR_EQUAL(largest_difference(deep, narrow), 0.03F);
  if (supported(ForestKernel::avx2)) {
    const CompiledForest compiled{deep};
    CAF_CHECK_EQUAL(scores_of(compiled, narrow, ForestKernel::avx2),
                    scores_of(compiled, narrow, ForestKernel::portable));
  }
}

CAF_TEST(blocks_do_not_depend_on_each_other) {
  const auto rows = random_rows(200, 8, 61);
  const CompiledForest forest{fitted(rows, 40)};
  std::vector<float> together(200);
  forest.score(rows.view(), together);
  for (std::size_t row = 0; row != 200; ++row) {
    float alone = 0.0F;
    forest.score({rows.view()[row], rows.width}, {&alone, 1});
    CAF_CHECK_EQUAL(alone, together[row]);
  }
}
