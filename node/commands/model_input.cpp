#include "node/commands/model_input.hpp"

#include "adapters/system_clock.hpp"
#include "logic/detection/detector.hpp"
#include "logic/enrichment/enrichment.hpp"
#include "logic/enrichment/geo_lookup.hpp"
#include "logic/validation/validator.hpp"
#include "node/lifecycle/node_files.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace millrace::node::commands {

namespace {

namespace detection = logic::detection;

constexpr std::size_t batch_records = 1000;
constexpr std::size_t shown_refusals = 3;
/// Rows that fit in memory without a second thought: 512 MiB.
constexpr std::int64_t max_events = 16 * 1024 * 1024;

logic::Error cannot_read(const std::string& path, const std::string& why) {
  return {logic::ErrorCode::io_failed,
          "cannot read " + path + ": " + why
            + "; --input names a numeric CSV, or login events as one JSON "
              "object per line"};
}

logic::Error no_use(const std::string& path, const std::string& why) {
  return {logic::ErrorCode::malformed, path + ": " + why};
}

/// Sends lines through validator, enricher and detector.
class EventReader {
public:
  EventReader(const std::string& path, const NodeConfig& config,
              std::unique_ptr<logic::GeoLookup> lookup,
              std::shared_ptr<adapters::geoip::QuietNetworkList> quiet)
    : path_(path), validator_(config.validation, config.detection.outcome),
      enrichment_({}, std::move(lookup),
                  [quiet = std::move(quiet)] { return quiet->current(); }),
      rows_(config.detection), detector_(to_sample_all(config.detection), 0, 1),
      builder_("input", logic::PartitionId{0}, logic::AssignmentEpoch{0}) {
    detector_.host_all();
  }

  void take(std::string_view line) {
    // Offsets are line numbers, from 1.
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      return;
    logic::RecordView record;
    record.offset = logic::Offset{line_};
    record.value = line;
    builder_.append(record);
    if (builder_.size() == batch_records
        || builder_.payload_bytes() > std::size_t{1} << 24)
      pass_on();
  }

  logic::Result<ModelInput> finish() {
    pass_on();
    const auto offered = detector_.sampled_from();
    if (offered == 0)
      return no_use(path_,
                    "it has no more than "
                      + std::to_string(detection::Detector::warm_up_events)
                      + " valid events, which only warm up; give more"
                      + (input_.refusals.empty()
                           ? std::string{}
                           : "; of " + std::to_string(input_.refused)
                               + " lines that are none the first is "
                               + input_.refusals.front()));
    if (offered > static_cast<std::uint64_t>(max_events))
      return no_use(path_, "it has more than " + std::to_string(max_events)
                             + " events; give fewer");
    input_.rows.names = detection::feature_names();
    input_.rows.values = detector_.take_samples();
    return std::move(input_);
  }

private:
  static detection::DetectionConfig
  to_sample_all(detection::DetectionConfig config) {
    config.training_sample = max_events;
    return config;
  }

  void pass_on() {
    if (builder_.size() == 0)
      return;
    auto batch = validator_.validate(builder_.finish(), clock_.now_ms());
    input_.refused += batch->rejections.size();
    for (const auto& rejection : batch->rejections) {
      if (input_.refusals.size() == shown_refusals)
        break;
      const auto line = (*batch->raw)[rejection.record].offset.value;
      input_.refusals.push_back(
        path_ + ":" + std::to_string(line) + ": "
        + std::string{logic::to_string(rejection.reason)} + ": "
        + rejection.detail);
    }
    detector_.judge(*rows_.rows_of(*enrichment_.enrich(std::move(batch))));
  }

  std::string path_;
  adapters::SystemClock clock_;
  logic::Validator validator_;
  logic::Enrichment enrichment_;
  detection::LoginRowBuilder rows_;
  detection::Detector detector_;
  logic::RecordBatch::Builder builder_;
  std::int64_t line_ = 0;
  ModelInput input_;
};

logic::Result<ModelInput> read_events(std::ifstream& file,
                                      const std::string& path,
                                      const NodeConfig& config) {
  auto database = open_geo(config.geoip);
  if (!database)
    return database.error();
  auto quiet = open_quiet_networks(config.detection.quiet_networks);
  if (!quiet)
    return quiet.error();
  EventReader reader{path, config, (*database)->make_lookup(),
                     *std::move(quiet)};
  for (std::string line; std::getline(file, line);)
    reader.take(line);
  if (file.bad())
    return cannot_read(path, "reading stopped half-way");
  return reader.finish();
}

logic::Result<ModelInput> read_csv(std::ifstream& file,
                                   const std::string& path) {
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (file.bad())
    return cannot_read(path, "reading stopped half-way");
  auto rows = detection::parse_numeric_csv(text);
  if (!rows)
    return logic::Error{rows.error().code, path + ": " + rows.error().text};
  if (rows->values.empty())
    return no_use(path, "there is no row below the header; give some");
  ModelInput input;
  input.rows = *std::move(rows);
  return input;
}

ExitCode say(const std::string& text, ExitCode code) {
  std::cerr << "error: " << text << std::endl;
  return code;
}

} // namespace

logic::Result<ModelInput> read_model_input(const std::string& path,
                                           const NodeConfig& config) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return cannot_read(path, "it is a directory");
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return cannot_read(path, std::generic_category().message(errno));
  if (file.peek() == '{')
    return read_events(file, path, config);
  return read_csv(file, path);
}

ExitCode refuse_input(const logic::Error& error) {
  const bool unread = error.code == logic::ErrorCode::not_found
                      || error.code == logic::ErrorCode::io_failed;
  return say(error.text, unread ? ExitCode::unavailable : ExitCode::failure);
}

ExitCode refuse_output(const logic::Error& error) {
  return say(error.text + "; choose another --output", ExitCode::failure);
}

} // namespace millrace::node::commands
