#include "node/lifecycle/node_files.hpp"

#include "adapters/files/file_state_store.hpp"
#include "adapters/files/model_file.hpp"
#include "logic/detection/detector.hpp"

#include <utility>

namespace millrace::node {

namespace {

/// A file that was asked for and cannot be used, whatever is wrong with it;
/// but what is wrong with the settings stays that.
logic::Error unreadable(logic::Error error) {
  if (error.code != logic::ErrorCode::invalid_config
      && error.code != logic::ErrorCode::no_space)
    error.code = logic::ErrorCode::io_failed;
  return error;
}

} // namespace

logic::Result<std::unique_ptr<adapters::geoip::GeoDatabase>>
open_geo(const adapters::geoip::GeoipConfig& config) {
  auto database = adapters::geoip::GeoDatabase::open(config);
  if (!database)
    return unreadable(database.error());
  return std::move(*database);
}

logic::Result<std::unique_ptr<adapters::geoip::QuietNetworkList>>
open_quiet_networks(const std::vector<std::string>& entries) {
  auto list = adapters::geoip::QuietNetworkList::open(entries);
  if (!list)
    return unreadable(list.error());
  return std::move(*list);
}

logic::Result<logic::detection::ModelPtr>
open_model(const logic::detection::DetectionConfig& config) {
  if (!config.enabled || config.model_file.empty())
    return logic::detection::ModelPtr{};
  auto model = adapters::read_model_file(config.model_file);
  if (!model)
    return unreadable(model.error());
  if (!logic::detection::fits_events(**model))
    return logic::Error{logic::ErrorCode::invalid_config,
                        "the model '" + config.model_file
                          + "' was not trained on login events; train one with "
                            "millrace model train --input EVENTS.jsonl"};
  return std::move(*model);
}

logic::Result<std::shared_ptr<adapters::CrashRecorder>>
open_crash_journal(const NodeConfig& config, logic::Log& log) {
  if (config.delivery.crash_journal.empty())
    return std::shared_ptr<adapters::CrashRecorder>{};
  auto recorder = adapters::CrashRecorder::open({config.delivery.crash_journal,
                                                 config.kafka.input_topic,
                                                 config.kafka.consumer_group});
  if (!recorder)
    return unreadable(recorder.error());
  const auto& found = (*recorder)->findings();
  for (const auto& note : found.notes)
    log.warn("node", "crash journal", {{"note", note}});
  if (found.died)
    log.warn("node", "the process died in its last life",
             {{"life", found.life}, {"suspect_ranges", found.suspects}});
  return recorder;
}

adapters::kafka::StateTopicParameters state_topic_of(const NodeConfig& config) {
  auto parameters = adapters::kafka::to_state_topic_parameters(config.kafka);
  if (!config.detection.state_topic.empty())
    parameters.topic = config.detection.state_topic;
  parameters.shards = static_cast<std::uint32_t>(config.detection.shards);
  return parameters;
}

logic::Result<std::shared_ptr<logic::detection::StateStore>>
open_state_store(const NodeConfig& config, logic::Log& log) {
  using Store = std::shared_ptr<logic::detection::StateStore>;
  const auto& detection = config.detection;
  const auto place = state_place(config);
  if (place == "memory")
    return Store{};
  if (place == "topic") {
    auto topic = adapters::kafka::open_state_topic(config.kafka,
                                                   state_topic_of(config));
    if (!topic)
      return topic.error();
    return Store{std::move(*topic)};
  }
  auto store = adapters::FileStateStore::open(
    {detection.state_path, static_cast<std::uint32_t>(detection.shards)});
  if (!store)
    return unreadable(store.error());
  for (const auto& note : (*store)->notes())
    log.warn("node", "detection state", {{"note", note}});
  return Store{std::move(*store)};
}

} // namespace millrace::node
