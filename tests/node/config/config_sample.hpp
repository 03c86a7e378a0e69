#pragma once

#include "node/config/load_settings.hpp"
#include "node/config/setting_table.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <string>
#include <vector>

/// A configuration with one setting of each kind, and files to read it from.
namespace millrace::node::sample {

struct SampleConfig {
  std::string topic = "user-login";
  std::string level = "info";
  std::string password;
  std::string password_path;
  std::vector<std::string> fields{"a", "b"};
  std::int64_t workers = 4;
  double threshold = 0.5;
  bool enabled = true;
  std::chrono::milliseconds interval{5000};
  logic::ByteSize budget{1U << 20U};
};

inline void describe(logic::SettingVisitor& visitor, SampleConfig& config) {
  visitor.section("stream", "What is read.");
  visitor.setting({.name = "topic",
                   .help = "The topic.",
                   .variable = "KAFKA_SAMPLE_TOPIC",
                   .aliases = {"KAFKA_TOPIC_SAMPLE", "SAMPLE_TOPIC"},
                   .required = true},
                  &config.topic);
  visitor.setting({.name = "fields", .help = "Names."}, &config.fields);
  visitor.setting({.name = "password",
                   .help = "The password.",
                   .variable = "SAMPLE_PASSWORD",
                   .secret = true,
                   .path = &config.password_path},
                  &config.password);
  visitor.section("work", "How it is worked on.");
  visitor.setting({.name = "workers", .help = "How many.", .min = 1, .max = 64},
                  &config.workers);
  visitor.setting({.name = "threshold", .help = "Score.", .min = 0, .max = 1},
                  &config.threshold);
  visitor.setting({.name = "enabled", .help = "Whether."}, &config.enabled);
  visitor.setting({.name = "interval",
                   .help = "How often | when.",
                   .min = 100,
                   .max = 60'000},
                  &config.interval);
  visitor.setting({.name = "budget", .help = "How much.", .min = 1024},
                  &config.budget);
  visitor.setting({.name = "level",
                   .help = "How loud.",
                   .choices = {"debug", "info", "error"}},
                  &config.level);
}

/// A sample configuration that was loaded from the given sources.
struct Loaded {
  SampleConfig config;
  SettingTable table{config};
  SettingsReport report;

  explicit Loaded(const ConfigInputs& inputs)
    : report(load_settings(table, inputs)) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  /// All faults, a line each.
  std::string faults() const {
    std::string text;
    for (const auto& fault : report.faults)
      text += to_string(fault) + "\n";
    return text;
  }

  std::string warnings() const {
    std::string text;
    for (const auto& warning : report.warnings)
      text += warning + "\n";
    return text;
  }

  std::string origin(const std::string& key) const {
    return to_string(report.origins.at(key));
  }
};

/// Loads a file of that text, called millrace.yaml; the faults call it so.
inline std::string faults_of_file(std::string_view text) {
  const tests::TemporaryFolder folder;
  const auto path = folder.write("millrace.yaml", text);
  std::string faults = Loaded{{path, {}, {}}}.faults();
  const std::string prefix = folder.path() + "/";
  for (auto at = faults.find(prefix); at != std::string::npos;
       at = faults.find(prefix))
    faults.erase(at, prefix.size());
  return faults;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace millrace::node::sample
