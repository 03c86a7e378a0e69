#pragma once

#include "logic/detection/random.hpp"
#include "logic/generation/login_generator.hpp"
#include "node/commands/commands.hpp"
#include "tests/node/commands/shell.hpp"

#include "caf/test/dsl.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// `millrace model` as from a shell, and files for it.
namespace millrace::tests {

struct ModelOutcome : CommandOutcome {
  /// The rest of the line that begins with this word; empty where none does.
  std::string fact(const std::string& word) const {
    const auto at = ('\n' + out).find('\n' + word + ' ');
    if (at == std::string::npos)
      return {};
    const auto begin = at + word.size() + 1;
    return out.substr(begin, out.find('\n', begin) - begin);
  }
};

inline ModelOutcome run_model(const std::vector<std::string>& words) {
  return {run(node::commands::add_model, "model", words)};
}

/// So many valid login events of a population that comes back, a line each.
inline std::string login_lines(std::size_t count) {
  logic::generation::GeneratorConfig config;
  config.seed = 3;
  config.population = 100;
  config.event_interval_us = 20'000'000;
  config.no_device_type_share = 0.0;
  auto generator = logic::generation::LoginGenerator::create(config);
  CAF_REQUIRE(generator.has_value());
  logic::generation::GeneratedBatch batch;
  generator->fill(batch, count);
  std::string lines;
  for (const auto& record : batch.records()) {
    lines += batch.value(record).value();
    lines += '\n';
  }
  return lines;
}

/// A heap of ordinary rows around the origin, and outliers far from it on
/// one side or the other in every column.
struct PlantedTable {
  static constexpr std::size_t ordinary = 1000;
  static constexpr std::size_t outliers = 100;

  std::vector<std::string> rows; ///< numbers without a label
  std::vector<int> labels;

  PlantedTable() {
    logic::detection::Random random{11};
    for (std::size_t row = 0; row != ordinary + outliers; ++row) {
      const bool is_outlier = row % 11 == 0;
      std::string text;
      for (int column = 0; column != 3; ++column) {
        auto number = random.unit() + random.unit() - 1.0;
        if (is_outlier)
          number = (random.below(2) == 0 ? -1.0 : 1.0)
                   * (3.0 + 9.0 * random.unit());
        text += std::to_string(number) + ',';
      }
      rows.push_back(text);
      labels.push_back(is_outlier ? 1 : 0);
    }
  }

  /// The same labels on rows drawn by lot.
  void shuffle_labels() {
    logic::detection::Random random{5};
    for (std::size_t left = labels.size(); left > 1; --left)
      std::swap(labels[left - 1], labels[random.below(left)]);
  }

  std::string csv() const {
    std::string text = "x,y,z,label\n";
    for (std::size_t row = 0; row != rows.size(); ++row)
      text += rows[row] + std::to_string(labels[row]) + '\n';
    return text;
  }
};

} // namespace millrace::tests
