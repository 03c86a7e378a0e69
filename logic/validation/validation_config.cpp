#include "logic/validation/validation_config.hpp"

namespace millrace::logic {

void describe(SettingVisitor& visitor, ValidationConfig& config) {
  visitor.section("validation", "What a record must be to count as an event.");
  visitor.setting(
    {.name = "required_fields",
     .help = "Members that must be there, not null and not an empty text. Any "
             "name may stand here, also of members that nothing else reads."},
    &config.required_fields);
  visitor.setting({.name = "max_value_bytes",
                   .help = "Longest record value that is parsed; longer ones "
                           "become dead letters.",
                   .min = 2,
                   .max = 1024.0 * 1024 * 1024},
                  &config.max_value_bytes);
  visitor.setting({.name = "max_field_bytes",
                   .help = "Longest text of a member that is read, in bytes of "
                           "UTF-8.",
                   .min = 1,
                   .max = 1024.0 * 1024},
                  &config.max_field_bytes);
  visitor.setting({.name = "max_user_id_bytes",
                   .help = "Longest user id, in bytes of UTF-8.",
                   .min = 1,
                   .max = 1024.0 * 1024},
                  &config.max_user_id_bytes);
  // The enriched output nests three deep and must pass when it is read again.
  visitor.setting({.name = "max_depth",
                   .help = "Deepest nesting of objects and arrays; the event "
                           "itself is level 1.",
                   .min = 3,
                   .max = 512},
                  &config.max_depth);
  visitor.setting(
    {.name = "address_forms",
     .help = "What `ip` may hold besides a plain address. With a `port` or a "
             "`zone`, with `blanks` around it, or as a `list` of which the "
             "first counts, it is accepted; `empty`, a `dash` or `unknown` "
             "count as no address. What is not named is a dead letter.",
     .choices = {"port", "list", "zone", "blanks", "empty", "dash", "unknown"}},
    &config.address_forms);
  visitor.setting({.name = "max_future_skew",
                   .help = "How far ahead of this node's clock the timestamp "
                           "of an event may lie.",
                   .min = 0,
                   .max = 253'402'300'799'999.0},
                  &config.max_future_skew);
  visitor.setting({.name = "min_timestamp",
                   .help = "Oldest timestamp that is accepted, in Unix "
                           "seconds; 0 accepts all, as replays are normal.",
                   .min = 0,
                   .max = 253'402'300'799.0},
                  &config.min_timestamp);
}

} // namespace millrace::logic
