#include "actors/delivery/insights_config.hpp"

namespace millrace::actors {

void describe(logic::SettingVisitor& visitor, InsightsConfig& config) {
  visitor.section("insights", "Rolling counts by version, device, locale, "
                              "country and rejection, and the watch list.");
  visitor.setting({.name = "enabled",
                   .help = "Count, export as metrics, and publish to the "
                           "insights topic."},
                  &config.enabled);
  visitor.setting({.name = "interval",
                   .help = "How often counts are published.",
                   .min = 100,
                   .max = 3'600'000},
                  &config.interval);
  visitor.setting({.name = "watched_versions",
                   .help = "App versions whose logins are counted and logged "
                           "as an insight: at the first, then with the sum "
                           "at most every 5 minutes."},
                  &config.watched_versions);
}

} // namespace millrace::actors
