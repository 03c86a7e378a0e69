#pragma once

#include "logic/core/settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::logic {

/// Section `validation`: what a record must be to count as a login event.
struct ValidationConfig {
  /// Members that must be there, not null and not an empty text; any name.
  std::vector<std::string> required_fields = {"user_id", "app_version",
                                              "device_type"};
  /// Longest value that is parsed; longer ones are `too_large`.
  ByteSize max_value_bytes{1024 * 1024};
  /// Longest text, in bytes of UTF-8, of a member that is read.
  ByteSize max_field_bytes{1024};
  /// Longest user id, in bytes of UTF-8.
  ByteSize max_user_id_bytes{256};
  /// Deepest nesting of objects and arrays, the event itself being level 1.
  std::int64_t max_depth = 32;
  /// Forms besides the plain one that an address may have, by the names of
  /// `AddressForm`.
  std::vector<std::string> address_forms;
  /// How far ahead of this node's clock an event's timestamp may lie.
  std::chrono::milliseconds max_future_skew = std::chrono::hours{24};
  /// Oldest timestamp that is accepted, Unix seconds; 0 accepts all.
  std::int64_t min_timestamp = 0;
};

void describe(SettingVisitor& visitor, ValidationConfig& config);

} // namespace millrace::logic
