#include "adapters/kafka/offset_query.hpp"

#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

constexpr int question_timeout_ms = 5'000;
constexpr std::size_t text_bytes = 512;

/// What tells the two questions of a round apart in their answers.
char for_earliest = 0;
char for_latest = 0;

} // namespace

OffsetQuery::OffsetQuery(rd_kafka_t* client, rd_kafka_queue_t* queue,
                         std::string topic)
  : client_(client), queue_(queue), topic_(std::move(topic)) {}

void OffsetQuery::ask(std::span<const logic::PartitionId> partitions) {
  answers_.clear();
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  ask_for(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST);
  ask_for(partitions, RD_KAFKA_OFFSET_SPEC_LATEST);
}

void OffsetQuery::ask_for(std::span<const logic::PartitionId> partitions,
                          std::int64_t spec) {
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
  for (const auto partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(),
                                      partition.value)
      ->offset
      = spec;
  const OptionsPtr options{
    rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_LISTOFFSETS)};
  std::array<char, text_bytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(
        options.get(), question_timeout_ms, text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  // What an open transaction holds back is still to be read.
  if (const ErrorPtr refused{rd_kafka_AdminOptions_set_isolation_level(
        options.get(), RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED)})
    return;
  rd_kafka_AdminOptions_set_opaque(
    options.get(),
    spec == RD_KAFKA_OFFSET_SPEC_EARLIEST ? &for_earliest : &for_latest);
  rd_kafka_ListOffsets(client_, list.get(), options.get(), queue_);
  ++unanswered_;
}

bool OffsetQuery::on_event(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_LISTOFFSETS_RESULT)
    return false;
  --unanswered_;
  if (const auto error = rd_kafka_event_error(event);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error_ = error;
    return true;
  }
  const bool earliest = rd_kafka_event_opaque(event) == &for_earliest;
  std::size_t count = 0;
  const auto* infos = rd_kafka_ListOffsets_result_infos(
    rd_kafka_event_ListOffsets_result(event), &count);
  for (std::size_t index = 0; index != count; ++index) {
    const auto* found = rd_kafka_ListOffsetsResultInfo_topic_partition(
      infos[index]);
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR || found->offset < 0) {
      error_ = found->err;
      continue;
    }
    auto& answer = answers_[logic::PartitionId{found->partition}];
    (earliest ? answer.low : answer.high) = logic::Offset{found->offset};
  }
  return true;
}

std::map<logic::PartitionId, logic::LogExtent> OffsetQuery::take_answers() {
  std::map<logic::PartitionId, logic::LogExtent> result;
  for (const auto& [partition, answer] : std::exchange(answers_, {}))
    if (answer.low && answer.high)
      result[partition] = {*answer.low, *answer.high};
  return result;
}

} // namespace millrace::adapters::kafka
