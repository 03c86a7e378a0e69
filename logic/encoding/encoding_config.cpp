#include "logic/encoding/encoding_config.hpp"

namespace millrace::logic {

void describe(SettingVisitor& visitor, EncodingConfig& config) {
  visitor.section("output", "The form of the enriched records.");
  visitor.setting(
    {.name = "provenance",
     .help = "Where a record says which input it came from: the JSON member "
             "`source`, a Kafka header, or both. A header costs more.",
     .choices = {"member", "header", "both"}},
    &config.provenance);
  // The upper bound keeps a whole batch addressable by 32 bits.
  visitor.setting({.name = "max_value_bytes",
                   .help = "Longest output value; longer ones become dead "
                           "letters. Keep it below the topic's "
                           "max.message.bytes.",
                   .min = 1024,
                   .max = 1024.0 * 1024 * 1024},
                  &config.max_value_bytes);
}

} // namespace millrace::logic
