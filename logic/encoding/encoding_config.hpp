#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <string>
#include <vector>

namespace millrace::logic {

/// Section `output`: the form of the enriched records.
struct EncodingConfig {
  /// Where a record says which input it came from: "member" (the JSON member
  /// `source`), "header" (a Kafka header, which the producer adds), "both".
  std::string provenance = "member";
  /// Stands in front of the name of each member that the node adds.
  std::string member_prefix;
  /// Longest output value; longer ones become dead letters.
  ByteSize max_value_bytes{1'000'000};

  bool provenance_in_member() const noexcept { return provenance != "header"; }
  bool provenance_in_header() const noexcept { return provenance != "member"; }
};

void describe(SettingVisitor& visitor, EncodingConfig& config);

/// Whether the prefix can stand in a name as it is.
std::vector<Error> check(const EncodingConfig& config);

} // namespace millrace::logic
