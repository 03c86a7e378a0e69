#include "node/commands/model_score.hpp"

#include "adapters/files/model_file.hpp"
#include "adapters/files/whole_file.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/roc.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace detection = logic::detection;

struct Scored {
  detection::ModelPtr model;
  std::vector<float> scores; ///< by the compiled form, as a node scores
};

Scored score_rows(detection::ModelPtr model,
                  const detection::LabelledRows& rows) {
  Scored scored{std::move(model), std::vector<float>(rows.view().size())};
  scored.model->compiled.score(rows.view(), scored.scores);
  return scored;
}

/// The model of the options, or one fitted to the rows with this seed.
logic::Result<detection::ModelPtr>
obtain_model(const ScoreOptions& options, const detection::LabelledRows& rows,
             int number) {
  if (options.model.empty()) {
    auto fit = options.fit;
    fit.seed += static_cast<std::uint64_t>(number);
    auto model = detection::fit_model(rows.view(), rows.names, fit);
    if (!model)
      return logic::Error{model.error().code,
                          options.input + ": " + model.error().text};
    return model;
  }
  auto model = adapters::read_model_file(options.model);
  if (!model)
    return model;
  if ((*model)->info.feature_names == rows.names)
    return model;
  std::string text = options.input + ": its columns are not those that "
                     + options.model + " was fitted on:";
  for (const auto& name : (*model)->info.feature_names)
    text += ' ' + name;
  text += "; give those, or leave --model out to fit to them";
  return logic::Error{logic::ErrorCode::invalid_argument, text};
}

void print_areas(const char* name, const std::vector<double>& areas) {
  const auto count = static_cast<double>(areas.size());
  const auto mean = std::accumulate(areas.begin(), areas.end(), 0.0) / count;
  double squares = 0.0;
  for (const auto area : areas)
    squares += (area - mean) * (area - mean);
  std::cout << name << ' ' << std::fixed << std::setprecision(4) << mean;
  if (areas.size() > 1)
    std::cout << " +/- " << std::sqrt(squares / count) << " over "
              << areas.size() << " seeds";
  std::cout << std::defaultfloat << std::setprecision(6) << '\n';
}

void print_summary(const Scored& scored, const detection::LabelledRows& rows) {
  const auto& scores = scored.scores;
  const auto threshold = scored.model->info.threshold;
  const auto outliers = std::count(rows.labels.begin(), rows.labels.end(),
                                   std::uint8_t{1});
  const auto reached = std::count_if(scores.begin(), scores.end(),
                                     [&](float s) { return s >= threshold; });
  std::cout << "rows " << scores.size() << "\nfeatures " << rows.names.size()
            << '\n';
  if (!rows.labels.empty())
    std::cout << "outliers " << outliers << '\n';
  std::cout << "model " << scored.model->info.id << "\nthreshold " << threshold
            << "\nanomalies " << reached << '\n';
}

logic::Result<void> write_scores(const std::string& path, const Scored& scored,
                                 const detection::LabelledRows& rows) {
  std::ostringstream file;
  const bool labelled = !rows.labels.empty();
  file << "row,score,anomalous" << (labelled ? ",label\n" : "\n");
  for (std::size_t row = 0; row != scored.scores.size(); ++row) {
    const bool reached = scored.scores[row] >= scored.model->info.threshold;
    file << row + 1 << ',' << scored.scores[row] << ',' << reached;
    if (labelled)
      file << ',' << int{rows.labels[row]};
    file << '\n';
  }
  return adapters::write_whole_file(path, file.view());
}

/// Both kinds of labels, or none at all: else there is nothing to tell apart.
logic::Result<void> check_labels(const ScoreOptions& options,
                                 const detection::LabelledRows& rows) {
  const auto& labels = rows.labels;
  if (labels.empty()
      || std::adjacent_find(labels.begin(), labels.end(), std::not_equal_to<>{})
           != labels.end())
    return {};
  return logic::Error{
    logic::ErrorCode::malformed,
    options.input + ": all " + std::to_string(labels.size()) + " labels are "
      + std::to_string(labels.front())
      + ", so there is no AUC; label outliers 1 and all else 0, or leave the "
        "column 'label' out"};
}

double exact_area(const detection::Forest& forest,
                  const detection::LabelledRows& rows) {
  std::vector<float> scores(rows.view().size());
  for (std::size_t row = 0; row != scores.size(); ++row)
    scores[row] = forest.score(rows.view()[row]);
  return detection::area_under_roc(scores, rows.labels).value();
}

} // namespace

void report_refusals(const ModelInput& input) {
  if (input.refused == 0)
    return;
  std::cerr << "warning: left out " << input.refused
            << " lines that are no valid login events, among them\n";
  for (const auto& refusal : input.refusals)
    std::cerr << "  " << refusal << '\n';
}

ExitCode score(const ScoreOptions& options, const NodeConfig& config) {
  const auto input = read_model_input(options.input, config);
  if (!input)
    return refuse_input(input.error());
  report_refusals(*input);
  const auto& rows = input->rows;
  if (const auto checked = check_labels(options, rows); !checked)
    return refuse_input(checked.error());
  std::vector<double> areas;
  std::vector<double> exact_areas;
  Scored first;
  for (int number = 0; number != options.seeds; ++number) {
    auto model = obtain_model(options, rows, number);
    if (!model)
      return refuse_input(model.error());
    auto scored = score_rows(*std::move(model), rows);
    if (!rows.labels.empty()) {
      areas.push_back(
        detection::area_under_roc(scored.scores, rows.labels).value());
      exact_areas.push_back(exact_area(scored.model->forest, rows));
    }
    if (number == 0)
      first = std::move(scored);
  }
  print_summary(first, rows);
  if (!areas.empty()) {
    print_areas("auc", areas);
    print_areas("auc_exact", exact_areas);
  }
  if (options.output.empty())
    return ExitCode::success;
  std::cout << std::flush; // the output may be the same terminal
  const auto written = write_scores(options.output, first, rows);
  return written ? ExitCode::success : refuse_output(written.error());
}

} // namespace millrace::node::commands
