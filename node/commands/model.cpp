#include "adapters/files/model_file.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/detector.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/model_codec.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/model_score.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node::commands {

namespace {

namespace detection = logic::detection;

struct TrainOptions {
  std::string input;
  std::string output;
  std::vector<std::string> geoip_files;
  detection::FitOptions fit;
};

void print_model(const detection::Model& model) {
  const auto& info = model.info;
  std::cout << "id " << info.id << "\nformat "
            << detection::model_format_version << "\ntrees "
            << model.forest.trees.size() << "\nsample_size "
            << model.forest.sample_size << "\nthreshold " << info.threshold
            << "\ncontamination " << info.contamination << "\ntraining_rows "
            << info.training_rows << "\nseed " << info.seed << "\nscores "
            << (detection::fits_events(model) ? "login events"
                                              : "tables with its columns")
            << "\nfeatures";
  for (const auto& name : info.feature_names)
    std::cout << ' ' << name;
  std::cout << std::endl;
}

ExitCode train(const TrainOptions& options) {
  auto input = read_model_input(options.input, options.geoip_files);
  if (!input)
    return refuse_input(input.error());
  report_refusals(*input);
  const auto model = detection::fit_model(input->rows.view(), input->rows.names,
                                          options.fit);
  if (!model)
    return refuse_input(
      {model.error().code, options.input + ": " + model.error().text});
  if (const auto written = adapters::write_model_file(options.output, **model);
      !written)
    return refuse_output(written.error());
  std::cout << "wrote " << options.output << '\n';
  print_model(**model);
  return ExitCode::success;
}

ExitCode show(const std::string& path) {
  const auto model = adapters::read_model_file(path);
  if (!model)
    return refuse_input(model.error());
  print_model(**model);
  return ExitCode::success;
}

void add_fit_options(CLI::App& command, detection::FitOptions& fit) {
  command.add_option("--trees", fit.trees, "trees of the forest")
    ->check(CLI::Range(std::size_t{1}, detection::max_trees))
    ->capture_default_str();
  command.add_option("--samples", fit.sample_size, "rows that a tree sees")
    ->check(CLI::Range(std::size_t{2}, detection::max_sample_size))
    ->capture_default_str();
  command.add_option("--seed", fit.seed, "seed of sampling and splitting")
    ->capture_default_str();
  command
    .add_option("--contamination", fit.contamination,
                "share of the rows that may reach the threshold")
    ->check(CLI::Range(0.0, 0.5))
    ->capture_default_str();
}

void add_input_options(CLI::App& command, std::string& input,
                       std::vector<std::string>& geoip_files) {
  command
    .add_option("--input", input,
                "numeric CSV with a header (a column 'label' holds 0 or 1), or "
                "login events, one JSON object per line")
    ->type_name("FILE")
    ->required();
  command
    .add_option("--geoip", geoip_files,
                "MaxMind-format files that place the events")
    ->type_name("FILE");
}

void add_train(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "train", "Fit an isolation forest to a file of rows and store it.");
  auto options = std::make_shared<TrainOptions>();
  add_input_options(*command, options->input, options->geoip_files);
  command->add_option("--output", options->output, "the model file to write")
    ->type_name("FILE")
    ->required();
  add_fit_options(*command, options->fit);
  command->callback([options, &outcome] { outcome = train(*options); });
}

void add_score(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "score", "Score the rows of a file; with labels, say how well. Without "
             "--model the forest is fitted to the same rows.");
  auto options = std::make_shared<ScoreOptions>();
  add_input_options(*command, options->input, options->geoip_files);
  auto* model = command
                  ->add_option("--model", options->model,
                               "the model file to use")
                  ->type_name("FILE");
  command
    ->add_option("--seeds", options->seeds,
                 "fit with so many seeds, from --seed on; prints mean and "
                 "standard deviation of the AUC")
    ->check(CLI::Range(1, 1000))
    ->excludes(model);
  command
    ->add_option("--output", options->output,
                 "write number, score and judgement of each row, as CSV")
    ->type_name("FILE");
  add_fit_options(*command, options->fit);
  command->callback([options, &outcome] { outcome = score(*options); });
}

void add_info(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "info", "Check a model file and say what it holds.");
  auto path = std::make_shared<std::string>();
  command->add_option("model", *path, "the model file")
    ->type_name("FILE")
    ->required();
  command->callback([path, &outcome] { outcome = show(*path); });
}

} // namespace

void add_model(CLI::App& app, ExitCode& outcome) {
  auto* group = app.add_subcommand(
    "model", "Fit, try and inspect models for anomaly detection.");
  group->require_subcommand(1);
  add_train(*group, outcome);
  add_score(*group, outcome);
  add_info(*group, outcome);
}

} // namespace millrace::node::commands
