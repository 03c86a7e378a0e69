#pragma once

#include "logic/core/settings.hpp"

#include <string>

namespace millrace::logic {

/// Section `output`: the form of the enriched records.
struct EncodingConfig {
  /// Where a record says which input it came from: "member" (the JSON member
  /// `source`), "header" (a Kafka header, which the producer adds), "both".
  std::string provenance = "member";
  /// Longest output value; longer ones become dead letters.
  ByteSize max_value_bytes{1'000'000};

  bool provenance_in_member() const noexcept { return provenance != "header"; }
  bool provenance_in_header() const noexcept { return provenance != "member"; }
};

void describe(SettingVisitor& visitor, EncodingConfig& config);

} // namespace millrace::logic
