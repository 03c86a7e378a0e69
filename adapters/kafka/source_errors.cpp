#include "adapters/kafka/source_errors.hpp"

#include "logic/core/bounded_text.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

/// The number behind the first of these words, if it is an offset.
std::optional<logic::Offset> offset_behind(std::string_view text,
                                           std::string_view words) {
  const auto at = text.find(words);
  if (at == std::string_view::npos)
    return std::nullopt;
  text.remove_prefix(at + words.size());
  std::int64_t number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number < 0 ? std::nullopt : std::optional{logic::Offset{number}};
}

/// And of which partition it is, in brackets.
std::pair<rd_kafka_resp_err_t, std::string> error_of(rd_kafka_event_t* event) {
  std::pair<rd_kafka_resp_err_t, std::string> found{rd_kafka_event_error(event),
                                                    {}};
  if (const auto* list = rd_kafka_event_topic_partition_list(event))
    for (int index = 0; index != list->cnt; ++index)
      if (const auto& each = list->elems[index];
          each.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        found = {each.err, "[" + std::to_string(each.partition) + "]"};
  return found;
}

} // namespace

bool came_too_late(rd_kafka_event_t* commit) {
  switch (error_of(commit).first) {
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH:
      return true;
    default:
      return false;
  }
}

logic::Result<void> to_commit_outcome(rd_kafka_event_t* event,
                                      const std::string& topic) {
  const auto [error, which] = error_of(event);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR
      || error == RD_KAFKA_RESP_ERR__NO_OFFSET)
    return {};
  return to_error(error, "committing offsets of " + topic + which);
}

logic::Error to_missing_offset(const rd_kafka_message_t& message,
                               const KafkaConfig& config) {
  return {
    logic::ErrorCode::not_found,
    "reading " + config.input_topic + "[" + std::to_string(message.partition)
      + "]: " + logic::bounded_text(rd_kafka_message_errstr(&message))
      + ", and kafka.auto_offset_reset is none; set it to earliest or "
        "latest, or commit an offset for group "
      + config.consumer_group + " with kafka-consumer-groups --reset-offsets"};
}

std::optional<LogCut> to_log_cut(std::string_view words) {
  if (words.find(rd_kafka_err2str(RD_KAFKA_RESP_ERR__LOG_TRUNCATION))
      == std::string_view::npos)
    return std::nullopt;
  return LogCut{offset_behind(words, " offset "),
                offset_behind(words, "broker end offset is ")};
}

} // namespace millrace::adapters::kafka
