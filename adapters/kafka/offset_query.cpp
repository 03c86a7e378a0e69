#include "adapters/kafka/offset_query.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;

constexpr std::chrono::milliseconds question_timeout{5'000};
constexpr std::chrono::milliseconds least_timeout{1};
constexpr std::chrono::milliseconds settling_pause{100};
constexpr std::size_t text_bytes = 512;

/// What tells the two questions of a round apart in their answers.
char for_earliest = 0;
char for_latest = 0;

/// What brokers say while a partition is new or its leader changes.
bool is_settling(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
      return true;
    default:
      return false;
  }
}

} // namespace

OffsetQuery::OffsetQuery(rd_kafka_t* client, rd_kafka_queue_t* queue,
                         std::string topic, rd_kafka_IsolationLevel_t isolation)
  : client_(client), queue_(queue), topic_(std::move(topic)),
    isolation_(isolation) {}

void OffsetQuery::ask(std::span<const logic::PartitionId> partitions,
                      std::chrono::milliseconds patience) {
  answers_.clear();
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  ask_for(partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST, patience);
  ask_for(partitions, RD_KAFKA_OFFSET_SPEC_LATEST, patience);
}

void OffsetQuery::ask_for(std::span<const logic::PartitionId> partitions,
                          std::int64_t spec,
                          std::chrono::milliseconds patience) {
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
        options.get(),
        to_timeout(std::clamp(patience, least_timeout, question_timeout)),
        text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  if (const ErrorPtr refused{
        rd_kafka_AdminOptions_set_isolation_level(options.get(), isolation_)})
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

rd_kafka_resp_err_t OffsetQuery::ask_and_wait(
  std::span<const logic::PartitionId> partitions,
  std::chrono::milliseconds deadline,
  std::map<logic::PartitionId, logic::LogExtent>& some) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + deadline;
  std::vector<logic::PartitionId> open{partitions.begin(), partitions.end()};
  while (!open.empty()) {
    ask(open, std::chrono::duration_cast<std::chrono::milliseconds>(
                until - steady_clock::now()));
    // Both answers are taken in, however late: none may stay in the queue.
    while (under_way()) {
      const EventPtr event{
        rd_kafka_queue_poll(queue_, to_timeout(answered_within))};
      if (!event)
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
      on_event(event.get());
    }
    some.merge(take_answers());
    std::erase_if(open, [&some](logic::PartitionId partition) {
      return some.contains(partition);
    });
    if (open.empty())
      break;
    if (!is_settling(error_) || steady_clock::now() + settling_pause >= until)
      return error_ == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__TIMED_OUT
                                                  : error_;
    std::this_thread::sleep_for(settling_pause);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

} // namespace millrace::adapters::kafka
