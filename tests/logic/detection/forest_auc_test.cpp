#define CAF_SUITE forest_auc

#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/labelled_rows.hpp"
#include "logic/detection/roc.hpp"
#include "tests/support/skip.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

using namespace millrace::logic::detection;

namespace {

/// Mean and standard deviation over ten seeds of another implementation,
/// see docs/detection.md.
struct Reference {
  const char* name;
  double mean;
  double deviation;
};

std::optional<LabelledRows> load(const char* name) {
  const auto* folder = std::getenv("MILLRACE_SHARED_DATA");
  if (!folder) {
    millrace::tests::skip("MILLRACE_SHARED_DATA names no folder with anomaly/"
                          + std::string{name} + ".csv");
    return std::nullopt;
  }
  const auto path = std::string{folder} + "/anomaly/" + name + ".csv";
  std::ifstream file{path};
  if (!file) {
    millrace::tests::skip("there is no " + path);
    return std::nullopt;
  }
  auto rows = parse_numeric_csv(
    std::string{std::istreambuf_iterator<char>{file}, {}});
  CAF_REQUIRE(rows);
  CAF_REQUIRE(!rows->labels.empty());
  return *std::move(rows);
}

/// The exact form walks pointers: of a large set every so many rows do.
double exact_area(const Forest& forest, const LabelledRows& rows) {
  constexpr std::size_t enough = 25000;
  const auto step = std::max<std::size_t>(1, rows.labels.size() / enough);
  std::vector<float> scores;
  std::vector<std::uint8_t> labels;
  for (std::size_t row = 0; row < rows.labels.size(); row += step) {
    scores.push_back(forest.score(rows.view()[row]));
    labels.push_back(rows.labels[row]);
  }
  return area_under_roc(scores, labels).value();
}

void compare_with(const Reference& reference) {
  const auto rows = load(reference.name);
  if (!rows)
    return;
  constexpr int seeds = 16;
  double exact = 0.0;
  double compiled = 0.0;
  std::vector<float> scores(rows->labels.size());
  for (int seed = 1; seed <= seeds; ++seed) {
    FitOptions options;
    options.seed = static_cast<std::uint64_t>(seed);
    const auto forest = fit_forest(rows->view(), options);
    CAF_REQUIRE(forest);
    exact += exact_area(*forest, *rows) / seeds;
    CompiledForest{*forest}.score(rows->view(), scores);
    compiled += area_under_roc(scores, rows->labels).value() / seeds;
  }
  CAF_MESSAGE(reference.name << ": exact " << exact << ", compiled " << compiled
                             << ", reference " << reference.mean << " +/- "
                             << reference.deviation);
  CAF_CHECK_LESS_OR_EQUAL(std::abs(exact - reference.mean),
                          reference.deviation);
  CAF_CHECK_LESS_OR_EQUAL(std::abs(compiled - reference.mean),
                          reference.deviation);
}

} // namespace

CAF_TEST(shuttle_is_within_one_deviation_of_the_reference) {
  // The exact form sees every other row, which adds its own noise.
  compare_with({"shuttle", 0.997, 0.0005});
}

CAF_TEST(mammography_is_within_one_deviation_of_the_reference) {
  compare_with({"mammography", 0.862, 0.008});
}

CAF_TEST(annthyroid_is_within_one_deviation_of_the_reference) {
  compare_with({"annthyroid", 0.818, 0.017});
}

CAF_TEST(breastw_is_within_one_deviation_of_the_reference) {
  compare_with({"breastw", 0.987, 0.001});
}

CAF_TEST(the_area_counts_pairs_and_halves_ties) {
  const std::vector<std::uint8_t> labels{0, 1, 0, 1};
  CAF_CHECK_EQUAL(
    area_under_roc(std::vector<float>{0.1F, 0.9F, 0.2F, 0.8F}, labels), 1.0);
  CAF_CHECK_EQUAL(
    area_under_roc(std::vector<float>{0.9F, 0.1F, 0.8F, 0.2F}, labels), 0.0);
  CAF_CHECK_EQUAL(
    area_under_roc(std::vector<float>{0.5F, 0.5F, 0.5F, 0.5F}, labels), 0.5);
  CAF_CHECK_EQUAL(
    area_under_roc(std::vector<float>{0.5F, 0.5F, 0.1F, 0.9F}, labels), 0.875);
  CAF_CHECK(!area_under_roc(std::vector<float>{0.5F, 0.1F},
                            std::vector<std::uint8_t>{1, 1}));
}
