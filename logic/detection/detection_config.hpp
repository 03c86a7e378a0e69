#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"
#include "logic/validation/outcome_config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::logic::detection {

/// Section `detection` of the configuration. Plain numbers only; what they
/// mean stands in `describe` and, with reasons, in docs/detection.md.
struct DetectionConfig {
  bool enabled = true;
  /// Empty: the forest is fitted from a sample of the stream.
  std::string model_file;

  std::int64_t trees = 100;
  std::int64_t sample_size = 256;
  /// Share of the training rows that the chosen threshold lets through.
  double contamination = 0.001;
  /// A fixed score threshold in (0, 1]; 0 takes the model's own.
  double threshold = 0.0;
  /// Rows kept for fitting, over all shards of this node.
  std::int64_t training_sample = 8192;
  /// Rows that must have been seen, over all shards, before the first fit.
  std::int64_t first_fit_after = 2048;
  std::chrono::milliseconds refit_interval = std::chrono::minutes{10};
  std::int64_t seed = 1;

  /// Parts of the users and addresses, over all nodes of the group.
  std::int64_t shards = 32;
  /// Where their history lives: "memory", "file" or "topic".
  std::string state = "memory";
  std::string state_path; ///< a directory
  std::string state_topic; ///< empty: `<group>-state`
  std::chrono::milliseconds snapshot_interval = std::chrono::seconds{5};
  /// How long an event may wait for a judgement of another node.
  std::chrono::milliseconds wait{200};
  /// Users remembered, over all shards.
  std::int64_t max_users = 262144;
  /// Addresses with failed logins remembered, over all shards.
  std::int64_t max_addresses = 65536;

  std::chrono::milliseconds velocity_window = std::chrono::minutes{1};
  /// More logins of one user than this within the window fire the rule.
  std::int64_t velocity_limit = 10;

  double travel_max_speed_kmh = 1000.0;
  double travel_min_distance_km = 500.0;

  /// Logins of a user before an unknown device is worth a word.
  std::int64_t new_device_min_logins = 5;

  /// Logins of a user before an unknown country is worth a word.
  std::int64_t new_country_min_logins = 5;

  std::chrono::milliseconds brute_force_window = std::chrono::minutes{20};
  /// So many failed logins of one user within the window fire the rule.
  std::int64_t brute_force_failures = 10;

  std::chrono::milliseconds spray_window = std::chrono::minutes{10};
  /// Failures of one address at so many users within the window fire the rule.
  std::int64_t spray_users = 20;

  /// Networks in CIDR notation, autonomous systems (`AS64512`) and files of
  /// such, a line each: see `QuietNetworks`.
  std::vector<std::string> quiet_networks;

  /// Names as in `to_string(Rule)`; a rule that is not named never fires.
  std::vector<std::string> rules = {"isolation_forest",  "velocity",
                                    "impossible_travel", "new_device",
                                    "brute_force",       "brute_force_success",
                                    "password_spray",    "new_country"};

  /// How an event says whether the login succeeded.
  OutcomeConfig outcome;

  /// User ids that many people share, in any letter case, with or without
  /// blanks around. The rules about one person's habits
  /// are not asked about them; the forest is.
  std::vector<std::string> placeholder_users = {
    "unknown",
    "anonymous",
    "guest",
    "null",
    "none",
    "nil",
    "nan",
    "n/a",
    "undefined",
    "0",
    "-",
    "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000"};
};

/// Declares the settings of section `detection`.
void describe(SettingVisitor& visitor, DetectionConfig& config);

/// What no single setting's bounds show; files are not looked at.
std::vector<Error> check(const DetectionConfig& config);

} // namespace millrace::logic::detection
