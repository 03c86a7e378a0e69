// Replays the fuzzer's corpus, and mutations of it drawn from a seed.
#define CAF_SUITE record_to_outcome

#include "tests/support/record_to_outcome.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace millrace::tests;

namespace {

constexpr std::array<std::string_view, 24> words{"\"user_id\":",
                                                 "\"ip\":",
                                                 "\"timestamp\":",
                                                 "\"geo\":1,",
                                                 ",\"source\":{}",
                                                 "\"anomaly\":[]",
                                                 "\\u005f",
                                                 "\\u0000",
                                                 "\\ud83d\\ude00",
                                                 "\\ud800",
                                                 "\xEF\xBB\xBF",
                                                 "\xC3\xA9",
                                                 "\xED\xA0\x80",
                                                 "1720589697",
                                                 "1e999",
                                                 "-0",
                                                 "null",
                                                 "{}",
                                                 "[]",
                                                 "\"\"",
                                                 "\\",
                                                 "\"",
                                                 "}",
                                                 ","};

/// Sorted by name, as folders come in any order.
std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(
         std::filesystem::path{MILLRACE_SOURCE_DIR} / "tests/fuzz/corpus"))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> values;
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    values.emplace_back(std::istreambuf_iterator<char>{file},
                        std::istreambuf_iterator<char>{});
  }
  return values;
}

/// Changes a value in one of six ways. Uses the engine's numbers as they
/// come: the standard's distributions differ between libraries.
class Mutator {
public:
  explicit Mutator(std::vector<std::string> values)
    : values_(std::move(values)) {}

  std::string next() {
    std::string value = values_[below(values_.size())];
    for (auto steps = below(4) + 1; steps != 0; --steps)
      mutate(value);
    return value;
  }

private:
  std::size_t below(std::size_t limit) { return engine_() % limit; }

  void mutate(std::string& value) {
    const std::size_t position = below(value.size() + 1);
    switch (below(6)) {
      case 0:
        if (position != value.size())
          value[position] = static_cast<char>(
            static_cast<unsigned char>(value[position]) ^ (1U << below(8)));
        break;
      case 1:
        value.insert(position, 1, static_cast<char>(below(256)));
        break;
      case 2:
        value.insert(position, words[below(words.size())]);
        break;
      case 3:
        value.erase(position, below(8) + 1);
        break;
      case 4:
        value.insert(below(value.size() + 1),
                     value.substr(position, below(64) + 1));
        break;
      default: {
        const auto& other = values_[below(values_.size())];
        value = value.substr(0, position)
                + other.substr(std::min(position, other.size()));
      }
    }
  }

  std::vector<std::string> values_;
  std::mt19937_64 engine_{20'240'710};
};

} // namespace

CAF_TEST(every_value_of_the_corpus_has_one_sound_outcome) {
  const auto values = corpus();
  CAF_REQUIRE(values.size() >= 30);
  for (const auto& value : values) {
    const auto violated = violated_property(value);
    CAF_CHECK_EQUAL(violated, "");
    if (!violated.empty())
      CAF_MESSAGE("the value was " << value);
  }
}

CAF_TEST(mutated_values_have_one_sound_outcome) {
  Mutator mutator{corpus()};
  int violations = 0;
  for (int round = 0; round != 20'000; ++round) {
    const auto value = mutator.next();
    const auto violated = violated_property(value);
    if (violated.empty())
      continue;
    CAF_ERROR("round " << round << ": " << violated << ": " << value);
    ++violations;
  }
  CAF_CHECK_EQUAL(violations, 0);
}
