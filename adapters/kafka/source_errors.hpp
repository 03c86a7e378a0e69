#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/core/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace millrace::adapters::kafka {

/// What became of a commit, from its event: the error of the request or of
/// any of its partitions.
logic::Result<void> to_commit_outcome(rd_kafka_event_t* event,
                                      const std::string& topic);

/// A rebalance came in between, which is nobody's fault. Whoever holds the
/// partition after it commits again.
bool came_too_late(rd_kafka_event_t* commit);

/// There is no offset to start from and the configuration forbids choosing
/// one: says what to do.
logic::Error to_missing_offset(const rd_kafka_message_t& message,
                               const KafkaConfig& config);

/// A log that was cut off and may have grown again since, as librdkafka finds
/// by the epochs of its leaders (KIP-320).
struct LogCut {
  std::optional<logic::Offset> position; ///< where the reader stood
  std::optional<logic::Offset> kept; ///< up to here the log is what it was
};

/// Reads the words of an error AUTO_OFFSET_RESET, which alone tell this from
/// other reasons for it; nothing for those.
std::optional<LogCut> to_log_cut(std::string_view words);

} // namespace millrace::adapters::kafka
