#pragma once

#include "logic/enrichment/insight_tally.hpp"

#include <memory>
#include <string>

/// Counts on their way from the lanes to the insights topic.
namespace millrace::messages {

/// Enricher to insights: what was counted since the last time.
struct CountLogins {
  std::shared_ptr<const logic::InsightTally> tally;
};

/// Node to enrichers, at the end: hand over what was counted, now. Answered
/// when that is done.
struct FlushCounts {};

/// Insights to producer: a record for the insights topic.
struct PublishInsight {
  std::shared_ptr<const std::string> json;
};

/// Node to insights: publish what was counted since the last time, now.
struct PublishNow {};

} // namespace millrace::messages
