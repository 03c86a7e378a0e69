#include "adapters/kafka/kafka_source.hpp"

#include "adapters/kafka/consumer_settings.hpp"
#include "adapters/kafka/group_assignment.hpp"
#include "adapters/kafka/kafka_source_client.hpp"
#include "adapters/kafka/leave_group.hpp"
#include "adapters/kafka/source_errors.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using Kind = logic::ClientEvent::Kind;
using logic::PartitionEpoch;

constexpr int max_events_per_look = 1'000;
constexpr std::chrono::milliseconds renewal_deadline{3'000};
/// Between two tries to get in under a name that somebody else has.
constexpr std::chrono::milliseconds name_retry{1'000};

} // namespace

logic::Result<void> KafkaSource::open(const KafkaConfig& config,
                                      const logic::MemoryPlan& plan,
                                      const std::string& instance_id) {
  config_ = config;
  plan_ = plan;
  instance_id_ = instance_id;
  return open_client();
}

logic::Result<void> KafkaSource::open_client() {
  auto client = create_consumer(config_, plan_, instance_id_);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  membership_.clear();
  rd_kafka_poll_set_consumer(client_.get());
  events_queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  records_queue_.reset(rd_kafka_queue_new(client_.get()));
  watch_ = std::make_unique<BrokerWatch>(client_.get(), events_queue_.get(),
                                         role());
  held_ = std::make_unique<HeldPartitions>(client_.get(), records_queue_.get(),
                                           config_.input_topic);
  positions_ = std::make_unique<ReadPositions>(
    client_.get(), events_queue_.get(), config_, *held_, *watch_, memory_);
  const PartitionListPtr topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), config_.input_topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(client_.get(), topics.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return to_error(error, "subscribing to " + config_.input_topic);
  return {};
}

std::string KafkaSource::role() const {
  auto text = "consuming " + config_.input_topic;
  if (!instance_id_.empty())
    text += " as member \"" + instance_id_ + "\" of group "
            + config_.consumer_group;
  return text;
}

void KafkaSource::on_ready(std::function<void()> wake) {
  if (!client_)
    return;
  // Whoever was to be woken before is gone.
  WakeSignal::disconnect(events_queue_.get());
  WakeSignal::disconnect(records_queue_.get());
  wake_.set(std::move(wake));
  connect();
}

void KafkaSource::connect() {
  wake_.connect(events_queue_.get());
  wake_.connect(records_queue_.get());
  wake_.rearm();
  wake_.raise();
}

void KafkaSource::renew_client() {
  std::vector<PartitionEpoch> lost;
  for (const auto partition : held_->ids())
    if (const auto* id = held_->find(partition); held_->owns(*id))
      lost.push_back(*id);
  if (!lost.empty())
    events_.push_back({Kind::lost, std::move(lost), {}});
  end(renewal_deadline);
  if (auto opened = open_client(); !opened) {
    // The same settings made a client before.
    events_.push_back({Kind::failed, {}, opened.error()});
    return;
  }
  connect();
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
  watch_->tick(events_);
  positions_->tick(revocations_.empty(), events_);
  if (positions_->wants_new_client())
    renew_client();
  else if (watch_->name_in_use())
    renew_refused_client();
  return std::exchange(events_, {});
}

void KafkaSource::renew_refused_client() {
  const auto now = std::chrono::steady_clock::now();
  const bool due = name_refused_ && now - *name_refused_ >= name_retry;
  if (due || !name_refused_)
    name_refused_ = now;
  if (due)
    renew_client();
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
      if (!positions_->on_event(event))
        watch_->on_event(event, events_);
  }
}

void KafkaSource::on_assigned(rd_kafka_topic_partition_list_t* list) {
  if (list->cnt != 0)
    watch_->set_standing(false);
  logic::ClientEvent event{Kind::assigned, {}, {}};
  for (int index = 0; index != list->cnt; ++index) {
    const logic::PartitionId partition{list->elems[index].partition};
    confirmed_.erase(partition); // somebody else may have committed since
    event.partitions.push_back(
      positions_->on_assigned(partition, list->elems[index].offset));
  }
  if (const auto error = take_over(client_.get(), list)) {
    for (const auto& partition : event.partitions)
      held_->remove(partition);
    watch_->on_error(rd_kafka_error_code(error.get()), "taking partitions over",
                     rd_kafka_error_string(error.get()), events_);
    return;
  }
  if (!event.partitions.empty())
    events_.push_back(std::move(event));
  if (std::exchange(name_refused_, std::nullopt))
    events_.push_back({Kind::recovered, {}, {}});
  read_membership();
}

/// Of a classic group only at changes, where all that was taken from us before
/// is known: another that comes meanwhile might stand for a group that has gone
/// on without us.
void KafkaSource::read_membership() {
  const Owned<rd_kafka_consumer_group_metadata_t,
              rd_kafka_consumer_group_metadata_destroy>
    member{rd_kafka_consumer_group_metadata(client_.get())};
  void* bytes = nullptr;
  std::size_t size = 0;
  if (!member)
    return;
  if (const ErrorPtr error{
        rd_kafka_consumer_group_metadata_write(member.get(), &bytes, &size)};
      error)
    return;
  const std::string_view read{static_cast<const char*>(bytes), size};
  if (membership_ != read) {
    membership_ = read;
    membership_changed_ = true;
  }
  rd_kafka_mem_free(nullptr, bytes);
  membership_read_ = std::chrono::steady_clock::now();
}

void KafkaSource::on_revoked(rd_kafka_topic_partition_list_t* list) {
  const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
  std::vector<PartitionEpoch> revoked;
  for (int index = 0; index != list->cnt; ++index) {
    const logic::PartitionId partition{list->elems[index].partition};
    positions_->forget(partition);
    if (lost)
      held_->set_lost(partition);
    if (const auto* id = held_->find(partition))
      revoked.push_back(*id);
  }
  // With a cooperative assignor that is another generation already, under which
  // they are still ours.
  if (!lost)
    read_membership();
  revocations_.add(PartitionListPtr{rd_kafka_topic_partition_list_copy(list)},
                   {revoked.begin(), revoked.end()});
  if (!revoked.empty())
    events_.push_back(
      {lost ? Kind::lost : Kind::revoked, std::move(revoked), {}});
  finish_revocations();
}

void KafkaSource::release(std::span<const logic::PartitionEpoch> partitions) {
  if (!client_)
    return;
  for (const auto& each : partitions) {
    confirmed_.erase(each.partition);
    revocations_.let_go(each);
  }
  finish_revocations();
  positions_->on_released(partitions, events_);
  if (positions_->wants_new_client())
    renew_client();
  if (!events_.empty())
    wake_.raise();
}

void KafkaSource::finish_revocations() {
  while (const auto list = revocations_.take_finished(
           std::chrono::steady_clock::now()))
    unassign(list.get());
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
  if (const auto error = give_back(client_.get(), given.get()))
    watch_->on_error(rd_kafka_error_code(error.get()), "giving partitions back",
                     rd_kafka_error_string(error.get()), events_);
}

bool KafkaSource::end(std::chrono::milliseconds deadline) {
  if (!client_)
    return true;
  const auto until = std::chrono::steady_clock::now() + deadline;
  WakeSignal::disconnect(events_queue_.get());
  WakeSignal::disconnect(records_queue_.get());
  revocations_.let_go_of_all();
  finish_revocations(); // leaves none
  held_->clear(); // messages and queues must go before the client
  if (deadline.count() > 0)
    leave_group(client_.get(), events_queue_.get(), until);
  const bool left = rd_kafka_consumer_closed(client_.get()) != 0;
  positions_.reset();
  held_.reset();
  watch_.reset();
  records_queue_.reset();
  events_queue_.reset();
  rd_kafka_destroy_flags(client_.release(),
                         left ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return left;
}

logic::Result<std::unique_ptr<logic::RecordSource>>
open_kafka_source(const KafkaConfig& config, const logic::MemoryPlan& plan,
                  const std::string& instance_id) {
  auto source = std::make_unique<KafkaSource>();
  if (auto opened = source->open(config, plan, instance_id); !opened)
    return opened.error();
  return std::unique_ptr<logic::RecordSource>{std::move(source)};
}

} // namespace millrace::adapters::kafka
