#include "adapters/kafka/committed_query.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using OptionsPtr
  = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using QuestionPtr = Owned<rd_kafka_ListConsumerGroupOffsets_t,
                          rd_kafka_ListConsumerGroupOffsets_destroy>;

constexpr int question_timeout_ms = 5'000;
constexpr std::size_t text_bytes = 512;

} // namespace

std::optional<logic::PositionMark>
mark_of(const rd_kafka_topic_partition_t& committed) {
  if (committed.metadata == nullptr)
    return std::nullopt;
  return logic::parse_position_mark(
    {static_cast<const char*>(committed.metadata), committed.metadata_size});
}

CommittedQuery::CommittedQuery(rd_kafka_t* client, rd_kafka_queue_t* queue,
                               std::string group, std::string topic)
  : client_(client), queue_(queue), group_(std::move(group)),
    topic_(std::move(topic)) {}

void CommittedQuery::ask(std::int32_t count) {
  answer_.reset();
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  const OptionsPtr options{rd_kafka_AdminOptions_new(
    client_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)};
  std::array<char, text_bytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(
        options.get(), question_timeout_ms, text.data(), text.size())
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  const PartitionListPtr list{rd_kafka_topic_partition_list_new(count)};
  rd_kafka_topic_partition_list_add_range(list.get(), topic_.c_str(), 0,
                                          count - 1);
  const QuestionPtr question{
    rd_kafka_ListConsumerGroupOffsets_new(group_.c_str(), list.get())};
  auto* raw = question.get();
  rd_kafka_ListConsumerGroupOffsets(client_, &raw, 1, options.get(), queue_);
  under_way_ = true;
}

bool CommittedQuery::on_event(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event)
      != RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT)
    return false;
  under_way_ = false;
  error_ = rd_kafka_event_error(event);
  if (error_ != RD_KAFKA_RESP_ERR_NO_ERROR)
    return true;
  std::size_t count = 0;
  const auto* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  CommittedPlaces places;
  for (std::size_t index = 0; index != count; ++index) {
    error_ = rd_kafka_error_code(rd_kafka_group_result_error(groups[index]));
    if (error_ != RD_KAFKA_RESP_ERR_NO_ERROR)
      return true;
    const auto* list = rd_kafka_group_result_partitions(groups[index]);
    for (int entry = 0; list != nullptr && entry != list->cnt; ++entry) {
      const auto& each = list->elems[entry];
      if (each.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        continue; // nobody committed anything of that
      if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_ = each.err;
        return true;
      }
      if (each.offset >= 0)
        places[logic::PartitionId{each.partition}] = {
          logic::Offset{each.offset}, mark_of(each)};
    }
  }
  answer_ = std::move(places);
  return true;
}

std::optional<CommittedPlaces> CommittedQuery::take_answer() {
  return std::exchange(answer_, std::nullopt);
}

} // namespace millrace::adapters::kafka
