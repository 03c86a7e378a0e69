#include "adapters/kafka/committed_place.hpp"
#include "adapters/kafka/kafka_source_client.hpp"
#include "adapters/kafka/source_errors.hpp"

#include <algorithm>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using Kind = logic::ClientEvent::Kind;

/// To ask costs a look into the client's own thread.
constexpr std::chrono::milliseconds membership_age{100};

} // namespace

logic::RecordBatchPtr
KafkaSource::take_batch(const logic::BatchLimits& limits,
                        const HeldPartitions::Accepts& accepts) {
  if (!client_)
    return nullptr;
  wake_.rearm();
  held_->route(limits, accepts);
  if (held_->waiting_records() < limits.max_records
      && held_->waiting_bytes() < limits.max_bytes)
    pull(std::min(pull_records, limits.max_records));
  // A change of the assignment goes before the records that follow it.
  if (!events_.empty()) {
    wake_.raise();
    return nullptr;
  }
  auto batch = held_->take(limits, accepts);
  // Only refused partitions had something: there may be more behind it.
  while (!batch && accepts && held_->waiting_records() != 0) {
    held_->route(limits, accepts);
    const auto before = held_->waiting_records();
    pull(pull_records);
    if (!events_.empty()) {
      wake_.raise();
      return nullptr;
    }
    batch = held_->take(limits, accepts);
    if (!batch && held_->waiting_records() == before)
      break;
  }
  return batch;
}

void KafkaSource::pull(std::size_t max_records) {
  const auto count = rd_kafka_consume_batch_queue(
    records_queue_.get(), 0, pulled_.data(),
    std::max<std::size_t>(max_records, 1));
  const auto pending = events_.size();
  bool any_record = false;
  for (ssize_t index = 0; index < count; ++index) {
    auto* message = pulled_[static_cast<std::size_t>(index)];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      any_record = true;
      const logic::PartitionId partition{message->partition};
      if (const auto expected = held_->push(message))
        positions_->on_step_back(partition, *expected, events_);
    } else {
      on_message_error(*message);
      rd_kafka_message_destroy(message);
    }
  }
  if (any_record) {
    watch_->set_standing(false);
    watch_->on_contact(events_);
  }
  // What lies behind a pull that was dropped as a whole wakes nobody else.
  const bool all_dropped = count > 0 && held_->waiting_records() == 0;
  if (all_dropped || events_.size() != pending)
    wake_.raise();
}

bool KafkaSource::on_missing_topic(rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
      && error != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
      && error != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    return false;
  watch_->set_standing(true);
  watch_->report(
    {logic::ErrorCode::not_found, missing_topic_text(config_.input_topic)},
    events_);
  return true;
}

void KafkaSource::on_message_error(const rd_kafka_message_t& message) {
  const auto where = config_.input_topic + "["
                     + std::to_string(message.partition) + "]";
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      held_->note_end(logic::PartitionId{message.partition}, message.offset);
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      positions_->on_reset(message);
      positions_->tick(revocations_.empty(), events_);
      return;
    default:
      if (!on_missing_topic(message.err))
        watch_->on_error(message.err, "reading " + where,
                         rd_kafka_message_errstr(&message), events_);
  }
}

logic::Result<void>
KafkaSource::commit(std::span<const logic::PartitionOffset> offsets,
                    std::chrono::milliseconds wait) {
  if (!client_)
    return logic::Error{logic::ErrorCode::fatal_client,
                        "committing offsets: the consumer is closed"};
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size()))};
  const bool waits = wait.count() > 0;
  for (const auto& each : offsets)
    if (held_->owns({each.partition, each.epoch})
        && !(waits && is_confirmed(each)))
      set_place(*rd_kafka_topic_partition_list_add(list.get(),
                                                   config_.input_topic.c_str(),
                                                   each.partition.value),
                each.next, held_->mark(each.partition));
  if (list->cnt == 0)
    return {};
  const QueuePtr answer{waits ? rd_kafka_queue_new(client_.get()) : nullptr};
  const auto error = rd_kafka_commit_queue(
    client_.get(), list.get(), waits ? answer.get() : events_queue_.get(),
    nullptr, nullptr);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, "committing offsets");
  if (!waits)
    return {};
  const EventPtr event{rd_kafka_queue_poll(answer.get(), to_timeout(wait))};
  if (!event)
    return logic::Error{logic::ErrorCode::timed_out,
                        "committing offsets: no answer within "
                          + std::to_string(wait.count()) + " ms"};
  auto outcome = to_commit_outcome(event.get(), config_.input_topic);
  if (outcome)
    note_confirmed(*list);
  return outcome;
}

bool KafkaSource::is_confirmed(const logic::PartitionOffset& each) const {
  const auto found = confirmed_.find(each.partition);
  return found != confirmed_.end() && found->second == each.next;
}

void KafkaSource::note_confirmed(const rd_kafka_topic_partition_list_t& list) {
  positions_->note_committed(list);
  for (int index = 0; index != list.cnt; ++index)
    confirmed_[logic::PartitionId{list.elems[index].partition}] = logic::Offset{
      list.elems[index].offset};
}

void KafkaSource::on_commit(rd_kafka_event_t* event) {
  if (auto outcome = to_commit_outcome(event, config_.input_topic); !outcome) {
    events_.push_back({Kind::uncommitted, {}, outcome.error()});
    if (came_too_late(event))
      watch_->on_contact(events_);
    else
      watch_->report(outcome.error(), events_);
  } else {
    if (const auto* list = rd_kafka_event_topic_partition_list(event))
      note_confirmed(*list);
    watch_->on_contact(events_);
  }
}

logic::GroupMembershipPtr KafkaSource::take_membership() {
  // Where the brokers assign, a member's epoch moves on without any change to
  // what it holds, and never before it has given back what it is to lose.
  if (client_ && config_.broker_assigns() && revocations_.empty()
      && std::chrono::steady_clock::now() - membership_read_ >= membership_age)
    read_membership();
  if (!client_ || membership_.empty()
      || (!membership_changed_ && held_->marks_set() == marks_told_))
    return nullptr;
  membership_changed_ = false;
  marks_told_ = held_->marks_set();
  auto member = std::make_shared<logic::GroupMembership>();
  member->metadata = membership_;
  for (const auto partition : held_->ids())
    if (const auto& mark = held_->mark(partition); !mark.empty())
      member->marks.emplace(partition, mark);
  return member;
}

void KafkaSource::note_committed(
  std::span<const logic::PartitionOffset> offsets) {
  if (!client_)
    return;
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size()))};
  for (const auto& each : offsets)
    if (held_->owns({each.partition, each.epoch}))
      rd_kafka_topic_partition_list_add(list.get(), config_.input_topic.c_str(),
                                        each.partition.value)
        ->offset
        = each.next.value;
  positions_->note_committed(*list);
}

std::vector<logic::PartitionLag> KafkaSource::high_watermarks() {
  std::vector<logic::PartitionLag> result;
  if (!client_)
    return result;
  for (const auto partition : held_->ids()) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (rd_kafka_get_watermark_offsets(client_.get(),
                                       config_.input_topic.c_str(),
                                       partition.value, &low, &high)
          == RD_KAFKA_RESP_ERR_NO_ERROR
        && high >= 0)
      result.push_back({partition, logic::Offset{high}, held_->end(partition)});
  }
  return result;
}

} // namespace millrace::adapters::kafka
