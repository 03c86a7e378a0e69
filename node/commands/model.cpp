#include "adapters/files/model_file.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/detector.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "logic/detection/model_codec.hpp"
#include "node/commands/commands.hpp"
#include "node/commands/config_options.hpp"
#include "node/commands/model_score.hpp"

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::node::commands {

namespace {

namespace detection = logic::detection;

/// What `train` and `score` are told of the rows and of the forest.
struct FitCommand {
  std::shared_ptr<ConfigOptions> config;
  std::string input;
  std::vector<std::string> geoip_files;
  // In place of the settings of the same meaning.
  std::optional<std::size_t> trees;
  std::optional<std::size_t> sample_size;
  std::optional<std::uint64_t> seed;
  std::optional<double> contamination;
};

/// The configuration as a node would read it, with what the command says
/// instead; nothing, and the faults on stderr, where it is refused.
std::optional<NodeConfig> config_of(const FitCommand& command) {
  auto loaded = load_config(*command.config);
  if (!accept_config(loaded, std::cerr))
    return std::nullopt;
  if (!command.geoip_files.empty())
    loaded.config.geoip.files = command.geoip_files;
  return std::move(loaded.config);
}

detection::FitOptions fit_of(const FitCommand& command,
                             const detection::DetectionConfig& config) {
  return {
    .trees = command.trees.value_or(static_cast<std::size_t>(config.trees)),
    .sample_size = command.sample_size.value_or(
      static_cast<std::size_t>(config.sample_size)),
    .seed = command.seed.value_or(static_cast<std::uint64_t>(config.seed)),
    .contamination = command.contamination.value_or(config.contamination)};
}

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

ExitCode train(const FitCommand& command, const std::string& output) {
  const auto config = config_of(command);
  if (!config)
    return ExitCode::invalid_config;
  auto input = read_model_input(command.input, *config);
  if (!input)
    return refuse_input(input.error());
  report_refusals(*input);
  const auto model = detection::fit_model(input->rows.view(), input->rows.names,
                                          fit_of(command, config->detection));
  if (!model)
    return refuse_input(
      {model.error().code, command.input + ": " + model.error().text});
  if (const auto written = adapters::write_model_file(output, **model);
      !written)
    return refuse_output(written.error());
  std::cout << "wrote " << output << '\n';
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

void add_fit_options(CLI::App& command, FitCommand& fit) {
  fit.config = add_config_options(command);
  command
    .add_option("--input", fit.input,
                "numeric CSV with a header (a column 'label' holds 0 or 1), or "
                "login events, one JSON object per line")
    ->type_name("FILE")
    ->required();
  command
    .add_option("--geoip", fit.geoip_files,
                "MaxMind-format files that place the events (else geoip.files)")
    ->type_name("FILE");
  command
    .add_option("--trees", fit.trees,
                "trees of the forest (else detection.trees)")
    ->check(CLI::Range(std::size_t{1}, detection::max_trees));
  command
    .add_option("--samples", fit.sample_size,
                "rows that a tree sees (else detection.sample_size)")
    ->check(CLI::Range(std::size_t{2}, detection::max_sample_size));
  command.add_option("--seed", fit.seed,
                     "seed of sampling and splitting (else detection.seed)");
  command
    .add_option("--contamination", fit.contamination,
                "share of the rows that may reach the threshold (else "
                "detection.contamination)")
    ->check(CLI::Range(0.0, 0.5));
}

void add_train(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "train", "Fit an isolation forest to a file of rows and store it.");
  auto fit = std::make_shared<FitCommand>();
  add_fit_options(*command, *fit);
  auto output = std::make_shared<std::string>();
  command->add_option("--output", *output, "the model file to write")
    ->type_name("FILE")
    ->required();
  command->callback(
    [fit, output, &outcome] { outcome = train(*fit, *output); });
}

ExitCode score(const FitCommand& command, ScoreOptions options) {
  const auto config = config_of(command);
  if (!config)
    return ExitCode::invalid_config;
  options.input = command.input;
  options.fit = fit_of(command, config->detection);
  return commands::score(options, *config);
}

void add_score(CLI::App& group, ExitCode& outcome) {
  auto* command = group.add_subcommand(
    "score", "Score the rows of a file; with labels, say how well. Without "
             "--model the forest is fitted to the same rows.");
  auto fit = std::make_shared<FitCommand>();
  add_fit_options(*command, *fit);
  auto options = std::make_shared<ScoreOptions>();
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
  command->callback(
    [fit, options, &outcome] { outcome = score(*fit, *options); });
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
