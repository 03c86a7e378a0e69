#define CAF_SUITE planted_stories

#include "tests/logic/detection/planted_score.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using namespace millrace::tests;
using generation::StoryKind;

namespace {

constexpr std::uint64_t records = 100'000;
constexpr std::size_t each = 20;

PlantedScore run() {
  auto generator = generation::LoginGenerator::create(
    planted_month(records, each));
  CAF_REQUIRE(generator.has_value());
  const auto score = PlantedScorer{std::move(*generator)}.run(records);
  print(score);
  return score;
}

} // namespace

CAF_TEST(planted_attacks_are_found_and_innocents_are_left_alone) {
  const auto score = run();
  for (std::size_t index = 0; index != score.stories.size(); ++index) {
    const auto& story = score.stories[index];
    CAF_CHECK_EQUAL(story.told, each);
    if (generation::expected_rule(static_cast<StoryKind>(index)))
      CAF_CHECK_EQUAL(story.found, each);
    else
      CAF_CHECK_LESS_OR_EQUAL(story.anomalous, each / 20);
  }
  CAF_CHECK_GREATER(score.ordinary, records * 8 / 10);
  for (std::size_t rule = 0; rule != rule_count; ++rule)
    if (static_cast<Rule>(rule) != Rule::forest)
      CAF_CHECK_LESS_OR_EQUAL(score.false_per_10000(static_cast<Rule>(rule)),
                              1.0);
}
