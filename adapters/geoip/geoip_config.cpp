#include "adapters/geoip/geoip_config.hpp"

namespace millrace::adapters::geoip {

void describe(logic::SettingVisitor& visitor, GeoipConfig& config) {
  visitor.section("geoip", "Where addresses are: files in the MaxMind DB "
                           "format, see docs/geoip.md.");
  visitor.setting(
    {.name = "files",
     .help = "Paths, most trusted first, at most 4 for each address family: a "
             "later file fills in what earlier ones left unknown. Without "
             "one, events carry no location."},
    &config.files);
  visitor.setting({.name = "reload_interval",
                   .help = "How often the files are looked at for a change. "
                           "0 never looks.",
                   .min = 0,
                   .max = 86'400'000},
                  &config.reload_interval);
  visitor.setting({.name = "cache_places",
                   .help = "Places that each lane keeps decoded, about 350 "
                           "bytes each. When the limit is reached the lane "
                           "starts a new set.",
                   .min = 1'000,
                   .max = 10'000'000},
                  &config.cache_places);
  visitor.setting(
    {.name = "access",
     .help = "\"memory\" copies the files, which then may be overwritten in "
             "place; \"map\" maps them, which takes less memory, but the "
             "process dies when a file in use is cut short: replace it only "
             "by renaming.",
     .choices = {"memory", "map"}},
    &config.access);
}

} // namespace millrace::adapters::geoip
