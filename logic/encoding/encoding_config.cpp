#include "logic/encoding/encoding_config.hpp"

#include "logic/core/json_text.hpp"
#include "logic/records/output_members.hpp"

namespace millrace::logic {

void describe(SettingVisitor& visitor, EncodingConfig& config) {
  visitor.section("output", "The form of the enriched records.");
  visitor.setting(
    {.name = "provenance",
     .help = "Where a record says which input it came from: the JSON member "
             "`source`, a Kafka header, or both. A header costs more.",
     .choices = {"member", "header", "both"}},
    &config.provenance);
  visitor.setting(
    {.name = "member_prefix",
     .help = "Stands in front of the name of each member that the node adds, "
             "so that an event's own members of these names stay: letters, "
             "digits and `_-.@$`, 32 bytes at most."},
    &config.member_prefix);
  // The upper bound keeps a whole batch addressable by 32 bits.
  visitor.setting({.name = "max_value_bytes",
                   .help = "Longest output value; longer ones become dead "
                           "letters. Keep it below the topic's "
                           "max.message.bytes.",
                   .min = 1024,
                   .max = 1024.0 * 1024 * 1024},
                  &config.max_value_bytes);
}

std::vector<Error> check(const EncodingConfig& config) {
  if (is_member_prefix(config.member_prefix))
    return {};
  return {{ErrorCode::invalid_config,
           "output.member_prefix " + quoted(config.member_prefix)
             + " may hold letters, digits and _-.@$ only, 32 bytes at most"}};
}

} // namespace millrace::logic
