#define CAF_SUITE forest

#include "logic/detection/forest_trainer.hpp"

#include "tests/logic/detection/sample_rows.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace millrace::logic;
using namespace millrace::logic::detection;
using millrace::tests::odd_rows;
using millrace::tests::random_rows;
using millrace::tests::SampleRows;

namespace {

bool same(const Forest& a, const Forest& b) {
  return std::equal(
    a.trees.begin(), a.trees.end(), b.trees.begin(), b.trees.end(),
    [](const ForestTree& x, const ForestTree& y) {
      return x.size() == y.size()
             && std::memcmp(x.data(), y.data(), x.size() * sizeof(x[0])) == 0;
    });
}

/// Depth of the subtree at `index`; checks the links on the way.
std::size_t depth_of(const ForestTree& tree, std::size_t index) {
  const auto& node = tree.at(index);
  if (node.feature == ForestNode::leaf)
    return 0;
  CAF_REQUIRE(node.right > index + 1 && node.right < tree.size());
  return 1 + std::max(depth_of(tree, index + 1), depth_of(tree, node.right));
}

Result<Forest> fit(const SampleRows& rows, FitOptions options = {}) {
  return fit_forest(rows.view(), options);
}

} // namespace

CAF_TEST(the_same_seed_gives_the_same_forest) {
  const auto rows = random_rows(2000, 5, 1);
  FitOptions options;
  options.seed = 7;
  const auto first = fit(rows, options);
  const auto second = fit(rows, options);
  CAF_REQUIRE(first && second);
  CAF_CHECK(same(*first, *second));
  options.seed = 8;
  const auto other = fit(rows, options);
  CAF_REQUIRE(other);
  CAF_CHECK(!same(*first, *other));
}

CAF_TEST(trees_stay_within_the_height_limit) {
  const auto rows = random_rows(3000, 4, 2);
  for (const std::size_t sample_size : {2, 3, 100, 256, 257, 1024}) {
    FitOptions options;
    options.trees = 20;
    options.sample_size = sample_size;
    const auto forest = fit(rows, options);
    CAF_REQUIRE(forest);
    for (const auto& tree : forest->trees)
      CAF_CHECK_LESS_OR_EQUAL(depth_of(tree, 0), height_limit(sample_size));
  }
  CAF_CHECK_EQUAL(height_limit(256), 8u);
  CAF_CHECK_EQUAL(height_limit(257), 9u);
}

CAF_TEST(mean_path_lengths_are_those_of_the_paper) {
  CAF_CHECK_EQUAL(mean_path_length(0), 0.0);
  CAF_CHECK_EQUAL(mean_path_length(1), 0.0);
  CAF_CHECK_EQUAL(mean_path_length(2), 1.0);
  CAF_CHECK(std::abs(mean_path_length(256) - 10.2448) < 0.0005);
}

CAF_TEST(a_lonely_row_scores_high_and_the_crowd_about_one_half) {
  auto rows = random_rows(4000, 4, 3);
  const std::vector<float> lonely{40.0F, 1e6F, -9.0F, -40.0F};
  std::copy(lonely.begin(), lonely.end(), rows.values.begin());
  FitOptions options;
  options.sample_size = 256;
  const auto forest = fit(rows, options);
  CAF_REQUIRE(forest);
  CAF_CHECK_GREATER(forest->score(lonely), 0.7F);
  double sum = 0.0;
  for (std::size_t row = 1; row != 1000; ++row) {
    const auto score = forest->score(rows.view()[row]);
    CAF_CHECK(score > 0.0F && score <= 1.0F);
    sum += static_cast<double>(score);
  }
  CAF_CHECK(std::abs(sum / 999.0 - 0.45) < 0.06);
}

CAF_TEST(rows_that_are_all_alike_give_no_splits_and_equal_scores) {
  const SampleRows rows{std::vector<float>(3000, 2.5F), 3};
  const auto forest = fit(rows);
  CAF_REQUIRE(forest);
  for (const auto& tree : forest->trees)
    CAF_CHECK_EQUAL(tree.size(), 1u);
  CAF_CHECK_EQUAL(forest->score(rows.view()[0]), 0.5F);
  const std::vector<float> other{9.0F, 9.0F, 9.0F};
  CAF_CHECK_EQUAL(forest->score(other), 0.5F);
}

CAF_TEST(neighbouring_floats_can_be_told_apart) {
  SampleRows rows{{}, 1};
  for (int i = 0; i != 100; ++i)
    rows.values.push_back(i % 2 == 0 ? 1.0F : std::nextafter(1.0F, 2.0F));
  const auto forest = fit(rows);
  CAF_REQUIRE(forest);
  for (const auto& tree : forest->trees) {
    CAF_REQUIRE_EQUAL(tree.size(), 3u);
    CAF_CHECK_EQUAL(tree[0].value, std::nextafter(1.0F, 2.0F));
  }
}

CAF_TEST(odd_values_neither_break_fitting_nor_scoring) {
  const auto rows = odd_rows(2000, 5, 4);
  const auto forest = fit(rows);
  CAF_REQUIRE(forest);
  for (const auto& tree : forest->trees)
    for (const auto& node : tree)
      CAF_CHECK(std::isfinite(node.value));
  for (std::size_t row = 0; row != rows.view().size(); ++row) {
    const auto score = forest->score(rows.view()[row]);
    CAF_CHECK(score > 0.0F && score <= 1.0F);
  }
}

CAF_TEST(options_and_rows_out_of_bounds_are_refused_with_the_reason) {
  const auto rows = random_rows(100, 3, 5);
  const auto refuses = [](RowsView view, FitOptions options,
                          std::string_view word) {
    const auto forest = fit_forest(view, options);
    CAF_REQUIRE(!forest);
    CAF_CHECK_EQUAL(forest.error().code, ErrorCode::invalid_argument);
    CAF_CHECK(forest.error().text.find(word) != std::string::npos);
  };
  FitOptions options;
  options.trees = 0;
  refuses(rows.view(), options, "0 trees");
  options.trees = max_trees + 1;
  refuses(rows.view(), options, "257 trees");
  options = {};
  options.sample_size = 1;
  refuses(rows.view(), options, "samples of 1");
  options.sample_size = max_sample_size + 1;
  refuses(rows.view(), options, "samples of 4097");
  options = {};
  refuses({rows.view().values.first(3), 3}, options, "1 rows");
  refuses({rows.view().values.first(4), 3}, options, "whole rows");
  refuses({rows.values, 0}, options, "0 columns");
  refuses({rows.values, 100}, options, "100 columns");
  const auto unnamed = fit_model(rows.view(), {"a", "b"}, options);
  CAF_REQUIRE(!unnamed);
  CAF_CHECK(unnamed.error().text.find("2 names") != std::string::npos);
  options.contamination = 0.7;
  CAF_CHECK(!fit_model(rows.view(), {"a", "b", "c"}, options));
}

CAF_TEST(the_threshold_lets_no_more_through_than_asked) {
  const std::vector<float> scores{0.51F, 0.6F,  0.6F,  0.7F,  0.52F,
                                  0.8F,  0.53F, 0.54F, 0.55F, 0.56F};
  const auto reaching = [&](double contamination) {
    const auto threshold = choose_threshold(scores, contamination);
    return std::count_if(scores.begin(), scores.end(),
                         [&](float score) { return score >= threshold; });
  };
  CAF_CHECK_EQUAL(reaching(0.0), 0);
  CAF_CHECK_EQUAL(reaching(0.1), 1);
  CAF_CHECK_EQUAL(reaching(0.2), 2);
  // The two 0.6 come together or not at all.
  CAF_CHECK_EQUAL(reaching(0.3), 2);
  CAF_CHECK_EQUAL(reaching(0.4), 4);
  CAF_CHECK_EQUAL(choose_threshold(scores, 1.0), 0.5F);
  CAF_CHECK_EQUAL(choose_threshold({}, 0.1), 0.5F);
  const std::vector<float> ordinary{0.3F, 0.4F};
  CAF_CHECK_EQUAL(choose_threshold(ordinary, 0.0), 0.5F);
}
