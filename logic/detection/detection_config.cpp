#include "logic/detection/detection_config.hpp"

#include "logic/detection/forest.hpp"
#include "logic/detection/login_rows.hpp"
#include "logic/detection/quiet_networks.hpp"

namespace millrace::logic::detection {

namespace {

constexpr double hour_ms = 3600.0 * 1000.0;

void describe_forest(SettingVisitor& visitor, DetectionConfig& config) {
  visitor.setting({.name = "model_file",
                   .help = "Model written by `millrace model train`. Empty: "
                           "the forest is fitted from a sample of the stream."},
                  &config.model_file);
  visitor.setting({.name = "trees",
                   .help = "Trees of a forest that is fitted here.",
                   .min = 1,
                   .max = max_trees},
                  &config.trees);
  visitor.setting({.name = "sample_size",
                   .help = "Rows that each tree is fitted on. Above 256 the "
                           "trees get too deep for the fast kernels.",
                   .min = 2,
                   .max = max_sample_size},
                  &config.sample_size);
  visitor.setting({.name = "contamination",
                   .help = "Share of the training rows that may reach the "
                           "threshold that goes with the model.",
                   .min = 0,
                   .max = 0.5},
                  &config.contamination);
  visitor.setting({.name = "threshold",
                   .help = "Score from which an event is anomalous. 0 takes "
                           "the threshold that goes with the model.",
                   .min = 0,
                   .max = 1},
                  &config.threshold);
  visitor.setting({.name = "training_sample",
                   .help = "Rows of the stream kept for fitting, over all "
                           "shards of this node (32 bytes each).",
                   .min = 256,
                   .max = 1048576},
                  &config.training_sample);
  visitor.setting({.name = "first_fit_after",
                   .help = "Events that must have been seen before the first "
                           "fit; until then nothing is scored.",
                   .min = 256,
                   .max = 1048576},
                  &config.first_fit_after);
  visitor.setting({.name = "refit_interval",
                   .help = "Time between two fits from the stream.",
                   .min = 1000,
                   .max = 24 * 7 * hour_ms},
                  &config.refit_interval);
  visitor.setting({.name = "seed",
                   .help = "Seed of sampling and fitting: the same events and "
                           "seed give the same forest.",
                   .min = 0},
                  &config.seed);
}

void describe_failures(SettingVisitor& visitor, DetectionConfig& config) {
  visitor.setting({.name = "brute_force_window",
                   .help = "Window, in event time, of the rules `brute_force` "
                           "and `brute_force_success`.",
                   .min = 10000,
                   .max = 24 * hour_ms},
                  &config.brute_force_window);
  visitor.setting({.name = "brute_force_failures",
                   .help = "So many failed logins of one user within the "
                           "window fire the rule `brute_force`.",
                   .min = 2,
                   .max = 250},
                  &config.brute_force_failures);
  visitor.setting({.name = "spray_window",
                   .help = "Window, in event time, of the rule "
                           "`password_spray`.",
                   .min = 10000,
                   .max = 24 * hour_ms},
                  &config.spray_window);
  visitor.setting({.name = "spray_users",
                   .help = "Failed logins of one address (of v6, one /64) at "
                           "so many users within the window fire the rule "
                           "`password_spray`, while most logins from there "
                           "fail.",
                   .min = 2,
                   .max = 100},
                  &config.spray_users);
}

void describe_state(SettingVisitor& visitor, DetectionConfig& config) {
  visitor.setting({.name = "shards",
                   .help = "Parts that users and addresses are divided into, "
                           "over all nodes of the group: many more than "
                           "nodes, and the same on each. Another number "
                           "starts their history anew.",
                   .min = 1,
                   .max = max_shards},
                  &config.shards);
  visitor.setting({.name = "state",
                   .help = "Where the history of users and addresses lives: "
                           "`memory` (a restart forgets it), `file` (in "
                           "`state_path`, for one node alone) or `topic` (in "
                           "`state_topic`, shared by the nodes of the group; "
                           "always with `link.enabled`).",
                   .choices = {"memory", "file", "topic"}},
                  &config.state);
  visitor.setting({.name = "state_path",
                   .help = "Directory of the history with `state: file`; one "
                           "for each node."},
                  &config.state_path);
  visitor.setting({.name = "state_topic",
                   .help = "Compacted topic of the history with `state: "
                           "topic`, with as many partitions as `shards`. "
                           "Empty: the group's name and `-state`."},
                  &config.state_topic);
  visitor.setting({.name = "snapshot_interval",
                   .help = "Time between two savings of what changed in the "
                           "history. A crash loses at most that much of it.",
                   .min = 100,
                   .max = hour_ms},
                  &config.snapshot_interval);
  visitor.setting({.name = "wait",
                   .help = "How long an event waits for the judgement of "
                           "another node before it goes on without.",
                   .min = 10,
                   .max = 60000},
                  &config.wait);
}

void describe_rules(SettingVisitor& visitor, DetectionConfig& config) {
  visitor.setting({.name = "max_users",
                   .help = "Users remembered, over all shards (72 bytes each, "
                           "taken where the shard is); the least recently "
                           "seen of a shard are forgotten first.",
                   .min = 1024,
                   .max = 64.0 * 1024 * 1024},
                  &config.max_users);
  visitor.setting({.name = "max_addresses",
                   .help = "Addresses with failed logins remembered, over all "
                           "shards (64 bytes each, taken where the shard is); "
                           "the least recently seen of a shard are forgotten "
                           "first.",
                   .min = 1024,
                   .max = 64.0 * 1024 * 1024},
                  &config.max_addresses);
  visitor.setting({.name = "velocity_window",
                   .help = "Window, in event time, of the velocity rule.",
                   .min = 10000,
                   .max = 24 * hour_ms},
                  &config.velocity_window);
  visitor.setting({.name = "velocity_limit",
                   .help = "More logins of one user than this within the "
                           "window fire the rule `velocity`.",
                   .min = 1,
                   .max = 250},
                  &config.velocity_limit);
  visitor.setting({.name = "travel_max_speed_kmh",
                   .help = "Speed, in km/h, above which the way from the last "
                           "login fires the rule `impossible_travel`.",
                   .min = 1,
                   .max = 1e6},
                  &config.travel_max_speed_kmh);
  visitor.setting({.name = "travel_min_distance_km",
                   .help = "Distance, in km, below which two places count as "
                           "one: geolocation is no more exact than that.",
                   .min = 0,
                   .max = 20040},
                  &config.travel_min_distance_km);
  visitor.setting({.name = "new_device_min_logins",
                   .help = "Logins of a user before an unknown device fires "
                           "the rule `new_device`.",
                   .min = 1,
                   .max = 65535},
                  &config.new_device_min_logins);
  visitor.setting({.name = "new_country_min_logins",
                   .help = "Logins of a user before an unknown country fires "
                           "the rule `new_country`.",
                   .min = 1,
                   .max = 65535},
                  &config.new_country_min_logins);
  describe_failures(visitor, config);
  visitor.setting({.name = "quiet_networks",
                   .help = "Networks whose users are elsewhere (VPN, hosting, "
                           "relay), as `192.0.2.0/24`, `2001:db8::/32`, "
                           "`AS64512`, or a file of such lines, which is read "
                           "again when it changes. Travel and new countries "
                           "from there are of low severity."},
                  &config.quiet_networks);
  visitor.setting(
    {.name = "rules",
     .help = "Rules that may fire; one that is not named never "
             "does.",
     .choices = {"isolation_forest", "velocity", "impossible_travel",
                 "new_device", "brute_force", "brute_force_success",
                 "password_spray", "new_country"}},
    &config.rules);
  visitor.setting(
    {.name = "placeholder_users",
     .help = "User ids that stand for nobody in particular, in any "
             "letter case. The rules about one user's habits "
             "leave them alone."},
    &config.placeholder_users);
}

} // namespace

void describe(SettingVisitor& visitor, DetectionConfig& config) {
  visitor.section("detection",
                  "Anomaly detection: an isolation forest over all logins and "
                  "rules about the habits of each user.");
  visitor.setting({.name = "enabled",
                   .help = "Judge events at all. Off, outputs carry no member "
                           "`anomaly`."},
                  &config.enabled);
  describe_forest(visitor, config);
  describe_state(visitor, config);
  describe_rules(visitor, config);
  describe(visitor, config.outcome);
}

std::vector<Error> check(const DetectionConfig& config) {
  std::vector<Error> faults;
  if (config.state == "file" && config.state_path.empty())
    faults.push_back({ErrorCode::invalid_config,
                      "detection.state: `file` needs a directory in "
                      "detection.state_path"});
  QuietNetworks networks;
  for (const auto& entry : config.quiet_networks)
    if (!QuietNetworks::is_file(entry))
      if (auto added = networks.add(entry); !added)
        faults.push_back({ErrorCode::invalid_config,
                          "detection.quiet_networks: " + added.error().text});
  return faults;
}

} // namespace millrace::logic::detection
