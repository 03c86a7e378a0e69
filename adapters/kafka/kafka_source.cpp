#include "adapters/kafka/kafka_source.hpp"

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/consumer_settings.hpp"
#include "adapters/kafka/held_partitions.hpp"
#include "adapters/kafka/leave_group.hpp"
#include "adapters/kafka/source_errors.hpp"
#include "adapters/kafka/wake_signal.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using Kind = logic::ClientEvent::Kind;

constexpr std::size_t pull_records = 1'000;
constexpr int max_events_per_look = 1'000;

/// Records come by a queue of their own and the consumer queue carries events
/// alone, so that rebalances and errors are seen while nobody takes records.
class KafkaSource final : public logic::RecordSource {
public:
  KafkaSource() = default;
  KafkaSource(const KafkaSource&) = delete;
  KafkaSource& operator=(const KafkaSource&) = delete;
  ~KafkaSource() override { end(std::chrono::seconds{1}); }

  logic::Result<void> open(const KafkaConfig& config,
                           const logic::MemoryPlan& plan);

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::ClientEvent> take_events() override;
  logic::RecordBatchPtr
  take_batch(const logic::BatchLimits& limits,
             const std::function<bool(logic::PartitionId)>& accepts) override;
  void release(std::span<const logic::PartitionEpoch> partitions) override;
  logic::Result<void> commit(std::span<const logic::PartitionOffset> offsets,
                             std::chrono::milliseconds wait) override;
  std::vector<logic::PartitionLag> high_watermarks() override;
  void close(std::chrono::milliseconds deadline) override { end(deadline); }

private:
  void end(std::chrono::milliseconds deadline);
  void pull(std::size_t max_records);
  bool on_missing_topic(rd_kafka_resp_err_t error);
  void on_message_error(const rd_kafka_message_t& message);
  void on_event(rd_kafka_event_t* event);
  void on_assigned(rd_kafka_topic_partition_list_t* list);
  void on_revoked(rd_kafka_topic_partition_list_t* list);
  void finish_revocations();
  void unassign(const rd_kafka_topic_partition_list_t* list);
  void on_commit(rd_kafka_event_t* event);

  KafkaConfig config_;
  WakeSignal wake_;
  ClientPtr client_;
  QueuePtr events_queue_;
  QueuePtr records_queue_;
  std::unique_ptr<BrokerWatch> watch_;
  std::unique_ptr<HeldPartitions> held_;
  std::deque<Revocation> revocations_;
  std::vector<logic::ClientEvent> events_;
  std::array<rd_kafka_message_t*, pull_records> pulled_{};
};

logic::Result<void> KafkaSource::open(const KafkaConfig& config,
                                      const logic::MemoryPlan& plan) {
  config_ = config;
  auto client = create_consumer(config_, plan);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  rd_kafka_poll_set_consumer(client_.get());
  events_queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  records_queue_.reset(rd_kafka_queue_new(client_.get()));
  watch_ = std::make_unique<BrokerWatch>(client_.get(), events_queue_.get(),
                                         "consuming " + config_.input_topic);
  held_ = std::make_unique<HeldPartitions>(client_.get(), records_queue_.get(),
                                           config_.input_topic);
  const PartitionListPtr topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), config_.input_topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, "subscribing to " + config_.input_topic);
  return {};
}

void KafkaSource::on_ready(std::function<void()> wake) {
  if (!client_)
    return;
  // Whoever was to be woken before is gone.
  WakeSignal::disconnect(events_queue_.get());
  WakeSignal::disconnect(records_queue_.get());
  wake_.set(std::move(wake));
  wake_.connect(events_queue_.get());
  wake_.connect(records_queue_.get());
  wake_.rearm();
  wake_.raise();
}

std::vector<logic::ClientEvent> KafkaSource::take_events() {
  if (!client_)
    return std::exchange(events_, {});
  wake_.rearm();
  for (int count = 0; count != max_events_per_look; ++count) {
    const EventPtr event{rd_kafka_queue_poll(events_queue_.get(), 0)};
    if (!event)
      break;
    on_event(event.get());
  }
  watch_->tick();
  return std::exchange(events_, {});
}

void KafkaSource::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE: {
      auto* list = rd_kafka_event_topic_partition_list(event);
      // The client's own clock, not a broker, says that all is lost.
      const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
      if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assigned(list);
      else
        on_revoked(list);
      if (!lost)
        watch_->on_contact(events_);
      break;
    }
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      on_commit(event);
      break;
    case RD_KAFKA_EVENT_ERROR:
      if (!on_missing_topic(rd_kafka_event_error(event)))
        watch_->on_event(event, events_);
      break;
    default:
      watch_->on_event(event, events_);
  }
}

void KafkaSource::on_assigned(rd_kafka_topic_partition_list_t* list) {
  if (list->cnt != 0)
    watch_->set_standing(false);
  logic::ClientEvent event{Kind::assigned, {}, {}};
  for (int index = 0; index != list->cnt; ++index)
    event.partitions.push_back(
      held_->add(logic::PartitionId{list->elems[index].partition}));
  const ErrorPtr error{rd_kafka_incremental_assign(client_.get(), list)};
  if (error) {
    for (const auto& partition : event.partitions)
      held_->remove(partition);
    watch_->on_error(rd_kafka_error_code(error.get()), "taking partitions over",
                     rd_kafka_error_string(error.get()), events_);
    return;
  }
  if (!event.partitions.empty())
    events_.push_back(std::move(event));
}

void KafkaSource::on_revoked(rd_kafka_topic_partition_list_t* list) {
  const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
  Revocation revocation;
  revocation.list.reset(rd_kafka_topic_partition_list_copy(list));
  for (int index = 0; index != list->cnt; ++index) {
    const logic::PartitionId partition{list->elems[index].partition};
    if (lost)
      held_->set_lost(partition);
    if (const auto* id = held_->find(partition))
      revocation.outstanding.push_back(*id);
  }
  if (!revocation.outstanding.empty())
    events_.push_back(
      {lost ? Kind::lost : Kind::revoked, revocation.outstanding, {}});
  revocations_.push_back(std::move(revocation));
  finish_revocations();
}

void KafkaSource::release(std::span<const logic::PartitionEpoch> partitions) {
  if (!client_)
    return;
  for (auto& revocation : revocations_)
    std::erase_if(revocation.outstanding, [&](const auto& each) {
      return std::find(partitions.begin(), partitions.end(), each)
             != partitions.end();
    });
  finish_revocations();
}

void KafkaSource::finish_revocations() {
  // Oldest first, each as a whole: librdkafka ends a rebalance at the first
  // unassign, so giving partitions back one by one would cut it short.
  while (!revocations_.empty() && revocations_.front().outstanding.empty()) {
    const auto list = std::move(revocations_.front().list);
    revocations_.pop_front();
    unassign(list.get());
  }
}

void KafkaSource::unassign(const rd_kafka_topic_partition_list_t* list) {
  const PartitionListPtr given{rd_kafka_topic_partition_list_new(list->cnt)};
  for (int index = 0; index != list->cnt; ++index) {
    const logic::PartitionId partition{list->elems[index].partition};
    if (const auto* id = held_->find(partition)) {
      held_->remove(logic::PartitionEpoch{*id});
      rd_kafka_topic_partition_list_add(
        given.get(), config_.input_topic.c_str(), partition.value);
    }
  }
  const ErrorPtr error{
    rd_kafka_incremental_unassign(client_.get(), given.get())};
  if (error)
    watch_->on_error(rd_kafka_error_code(error.get()), "giving partitions back",
                     rd_kafka_error_string(error.get()), events_);
}

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
      held_->push(message, events_);
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
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      events_.push_back(
        {Kind::failed, {}, to_missing_offset(message, config_)});
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
  for (const auto& each : offsets)
    if (held_->owns({each.partition, each.epoch}))
      rd_kafka_topic_partition_list_add(list.get(), config_.input_topic.c_str(),
                                        each.partition.value)
        ->offset
        = each.next.value;
  if (list->cnt == 0)
    return {};
  const bool waits = wait.count() > 0;
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
  return to_commit_outcome(event.get(), config_.input_topic);
}

void KafkaSource::on_commit(rd_kafka_event_t* event) {
  if (auto outcome = to_commit_outcome(event, config_.input_topic); !outcome) {
    events_.push_back({Kind::uncommitted, {}, outcome.error()});
    watch_->report(outcome.error(), events_);
  } else {
    watch_->on_contact(events_);
  }
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
      result.push_back({partition, logic::Offset{high}});
  }
  return result;
}

void KafkaSource::end(std::chrono::milliseconds deadline) {
  if (!client_)
    return;
  const auto until = std::chrono::steady_clock::now() + deadline;
  WakeSignal::disconnect(events_queue_.get());
  WakeSignal::disconnect(records_queue_.get());
  for (auto& revocation : revocations_)
    revocation.outstanding.clear();
  finish_revocations(); // leaves none
  held_->clear(); // messages and queues must go before the client
  leave_group(client_.get(), events_queue_.get(), until);
  const bool left = rd_kafka_consumer_closed(client_.get()) != 0;
  held_.reset();
  watch_.reset();
  records_queue_.reset();
  events_queue_.reset();
  rd_kafka_destroy_flags(client_.release(),
                         left ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

} // namespace

logic::Result<std::unique_ptr<logic::RecordSource>>
open_kafka_source(const KafkaConfig& config, const logic::MemoryPlan& plan) {
  auto source = std::make_unique<KafkaSource>();
  if (auto opened = source->open(config, plan); !opened)
    return opened.error();
  return std::unique_ptr<logic::RecordSource>{std::move(source)};
}

} // namespace millrace::adapters::kafka
