#include "adapters/kafka/state_topic.hpp"

#include "adapters/kafka/consumer_settings.hpp"
#include "adapters/kafka/leave_group.hpp"
#include "adapters/kafka/state_topic_client.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using namespace logic::detection;

constexpr int max_events_per_look = 1'000;
/// Per shard, and as much again on its way; what was handed out is not read
/// again, so that this is memory while shards are taken over only.
constexpr std::int64_t fetch_kbytes = 512;
constexpr std::chrono::milliseconds heartbeat{500};
/// Of the deadline of `close`, for leaving the group.
constexpr std::chrono::milliseconds to_leave{500};

} // namespace

logic::Result<void> StateTopic::open(const KafkaConfig& config,
                                     const StateTopicParameters& parameters) {
  config_ = config;
  parameters_ = parameters;
  if (auto opened = open_consumer(); !opened)
    return opened;
  if (auto opened = writer_.open(config_, parameters_); !opened)
    return opened;
  watch_ = std::make_unique<BrokerWatch>(client_.get(), events_queue_.get(),
                                         "keeping state in topic "
                                           + parameters_.topic);
  setup_ = std::make_unique<StateTopicSetup>(parameters_);
  setup_->begin(client_.get(), events_queue_.get());
  return {};
}

logic::Result<void> StateTopic::open_consumer() {
  auto asked = config_;
  asked.client_id += "-state";
  const auto session_ms = parameters_.session_timeout.count();
  // Who hangs is as good as dead: the same time without a look for events.
  auto settings = shared_consumer_settings(asked, parameters_.group,
                                           session_ms);
  join_by(settings, {parameters_.session_timeout, heartbeat});
  settings.set("queued.min.messages", 10'000'000)
    .set("queued.max.messages.kbytes", fetch_kbytes)
    .set("fetch.message.max.bytes", fetch_kbytes * 1'024)
    // A transaction that somebody left open must not hide this node's claim.
    .set("isolation.level", std::string{"read_uncommitted"})
    .set("fetch.wait.max.ms", 50);
  auto client = settings.create(ClientRole::consumer);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  rd_kafka_poll_set_consumer(client_.get());
  events_queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  return {};
}

void StateTopic::connect(rd_kafka_queue_t* queue) {
  WakeSignal::disconnect(queue);
  wake_.connect(queue);
}

void StateTopic::on_ready(std::function<void()> wake) {
  if (!client_)
    return;
  // Whoever was to be woken before is gone.
  WakeSignal::disconnect(events_queue_.get());
  if (writer_.queue() != nullptr)
    WakeSignal::disconnect(writer_.queue());
  for (auto& [number, shard] : shards_)
    WakeSignal::disconnect(shard.queue.get());
  wake_.set(std::move(wake));
  wake_.connect(events_queue_.get());
  if (writer_.queue() != nullptr)
    wake_.connect(writer_.queue());
  for (auto& [number, shard] : shards_)
    wake_.connect(shard.queue.get());
  wake_.rearm();
  wake_.raise();
}

std::vector<StateStoreEvent> StateTopic::take_events() {
  if (!client_)
    return std::exchange(events_, {});
  wake_.rearm();
  for (int count = 0; count != max_events_per_look; ++count) {
    const EventPtr event{rd_kafka_queue_poll(events_queue_.get(), 0)};
    if (!event)
      break;
    on_event(event.get());
  }
  setup_->tick();
  if (auto fault = setup_->take_fault()) {
    // Unreachable brokers come back by themselves, all else does not.
    watch_->set_standing(fault->code != logic::ErrorCode::unavailable
                         && fault->code != logic::ErrorCode::timed_out);
    watch_->report(*std::move(fault), troubles_);
  }
  if (setup_->done() && !subscribed_)
    subscribe();
  serve_shards();
  finish_revocations();
  watch_->tick(troubles_);
  tell_troubles();
  return std::exchange(events_, {});
}

void StateTopic::tell_troubles() {
  using Kind = logic::ClientEvent::Kind;
  for (auto& trouble : std::exchange(troubles_, {}))
    events_.push_back(StateStoreTrouble{
      trouble.kind == Kind::recovered ? logic::Result<void>{}
                                      : logic::Result<void>{trouble.error}});
}

void StateTopic::report(const logic::Error& error) {
  if (error.code == logic::ErrorCode::unauthorized)
    watch_->set_standing(true);
  watch_->report(error, troubles_);
}

void StateTopic::subscribe() {
  const PartitionListPtr topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), parameters_.topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client_.get(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return report(
      to_state_topic_error(parameters_, error, "subscribing to", {}));
  subscribed_ = true;
  watch_->set_standing(false);
  watch_->on_contact(troubles_);
}

void StateTopic::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE: {
      auto* list = rd_kafka_event_topic_partition_list(event);
      if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        on_assigned(list);
      else
        on_revoked(list);
      break;
    }
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      on_confirmed(event);
      break;
    case RD_KAFKA_EVENT_ERROR:
      on_error(event);
      break;
    default:
      if (!setup_->on_event(event))
        watch_->on_event(event, troubles_);
  }
}

void StateTopic::on_error(rd_kafka_event_t* event) {
  const auto error = rd_kafka_event_error(event);
  if (to_code(error) == logic::ErrorCode::not_found)
    setup_->begin(client_.get(), events_queue_.get()); // it says, or mends it
  else if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
           || error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    report(to_state_topic_error(parameters_, error, "sharing the shards of",
                                rd_kafka_event_error_string(event)));
  else
    watch_->on_event(event, troubles_);
}

void StateTopic::on_assigned(rd_kafka_topic_partition_list_t* list) {
  if (list->cnt != 0) {
    watch_->set_standing(false);
    watch_->on_contact(troubles_);
  }
  const auto [member, generation] = membership();
  // The client may become another member and keep what it holds. It may have
  // been somebody else's meanwhile.
  for (auto& [number, shard] : shards_)
    if (!shard.revoked && shard.member != member) {
      shard.member = member;
      shard.group_generation = generation;
      start_again(shard, 0);
    }
  for (int index = 0; index != list->cnt; ++index) {
    auto& partition = list->elems[index];
    partition.offset = RD_KAFKA_OFFSET_BEGINNING;
    const auto number = static_cast<std::uint32_t>(partition.partition);
    HeldShard shard;
    shard.number = number;
    shard.member = member;
    shard.group_generation = generation;
    shard.assignment = next_assignment_++;
    shard.queue.reset(rd_kafka_queue_get_partition(
      client_.get(), parameters_.topic.c_str(), partition.partition));
    rd_kafka_queue_forward(shard.queue.get(), nullptr);
    connect(shard.queue.get());
    shards_.insert_or_assign(number, std::move(shard));
  }
  const ErrorPtr error{rd_kafka_incremental_assign(client_.get(), list)};
  if (!error)
    return;
  for (int index = 0; index != list->cnt; ++index)
    shards_.erase(static_cast<std::uint32_t>(list->elems[index].partition));
  report(to_state_topic_error(parameters_, rd_kafka_error_code(error.get()),
                              "taking over shards of",
                              rd_kafka_error_string(error.get())));
}

void StateTopic::on_revoked(rd_kafka_topic_partition_list_t* list) {
  // Of several revocations in a row the client calls the first one lost.
  const bool all_lost = rd_kafka_assignment_lost(client_.get()) != 0;
  const auto member = membership().member;
  bool any_lost = false;
  std::set<std::uint32_t> outstanding;
  for (int index = 0; index != list->cnt; ++index) {
    auto* shard = find(
      static_cast<std::uint32_t>(list->elems[index].partition));
    if (shard == nullptr)
      continue;
    shard->revoked = true;
    const bool lost = all_lost || member != shard->member;
    any_lost = any_lost || lost;
    if (!shard->announced)
      continue;
    events_.emplace_back(ShardRevoked{shard->number, lost});
    if (!lost)
      outstanding.insert(shard->number);
  }
  if (any_lost)
    writer_.drop_waiting();
  revocations_.add(PartitionListPtr{rd_kafka_topic_partition_list_copy(list)},
                   std::move(outstanding),
                   Clock::now() + parameters_.release_wait);
}

void StateTopic::release(std::uint32_t shard) {
  auto* held = find(shard);
  if (held == nullptr || !held->revoked)
    return;
  // The next owner may begin when it is written that this one has ended.
  if (!release_in_log(*held))
    revocations_.let_go(shard);
  wake_.raise();
}

bool StateTopic::release_in_log(HeldShard& shard) {
  if (shard.phase != Phase::owned)
    return false;
  if (std::exchange(shard.released, true))
    return true;
  std::vector<StateTopicEntry> entries;
  entries.push_back(
    {to_release_key(shard.generation), std::to_string(shard.base)});
  // Who comes next has to move what this one has not: then the record only
  // ends the queue of what was appended.
  if (!shard.settled)
    entries.back().value.reset();
  writer_.write(write_of(shard, StateWrite::Kind::release), std::move(entries));
  return true;
}

void StateTopic::finish_revocations() {
  while (const auto list = revocations_.take_finished(Clock::now()))
    unassign(list.get());
}

void StateTopic::unassign(const rd_kafka_topic_partition_list_t* list) {
  const PartitionListPtr paused{rd_kafka_topic_partition_list_new(list->cnt)};
  for (int index = 0; index != list->cnt; ++index) {
    const auto& partition = list->elems[index];
    auto* shard = find(static_cast<std::uint32_t>(partition.partition));
    if (shard == nullptr)
      continue;
    // The client would keep it in mind for the next time.
    if (shard->paused)
      rd_kafka_topic_partition_list_add(paused.get(), partition.topic,
                                        partition.partition);
    WakeSignal::disconnect(shard->queue.get());
    shards_.erase(shard->number);
  }
  if (paused->cnt != 0)
    rd_kafka_resume_partitions(client_.get(), paused.get());
  const ErrorPtr error{rd_kafka_incremental_unassign(client_.get(), list)};
  if (error)
    report(to_state_topic_error(parameters_, rd_kafka_error_code(error.get()),
                                "giving back shards of",
                                rd_kafka_error_string(error.get())));
}

void StateTopic::append(std::uint32_t shard, std::uint64_t number,
                        std::vector<StateRecord> records) {
  auto* held = find(shard);
  if (held == nullptr || held->phase != Phase::owned || held->released)
    return;
  std::vector<StateTopicEntry> entries;
  entries.reserve(records.size());
  for (auto& record : records) {
    held->move.on_append(number, record.key);
    auto& entry = entries.emplace_back();
    entry.key = to_state_key(held->base, record.key);
    if (!record.value.empty()) // else it deletes its key
      entry.value = std::move(record.value);
  }
  writer_.write(write_of(*held, StateWrite::Kind::append, number),
                std::move(entries));
  wake_.raise();
}

void StateTopic::close(std::chrono::milliseconds deadline) {
  if (!client_)
    return;
  const auto until = Clock::now() + deadline;
  for (auto& [number, shard] : shards_)
    if (rd_kafka_assignment_lost(client_.get()) == 0)
      release_in_log(shard);
  std::vector<EventPtr> errors;
  do {
    writer_.serve(errors, std::chrono::milliseconds{20});
    for (auto& written : writer_.take_written())
      on_written(written);
  } while (!writer_.idle() && Clock::now() + to_leave < until);
  revocations_.let_go_of_all();
  finish_revocations(); // leaves none
  for (auto& [number, shard] : shards_)
    WakeSignal::disconnect(shard.queue.get());
  shards_.clear(); // queues must go before the client
  WakeSignal::disconnect(events_queue_.get());
  leave_group(client_.get(), events_queue_.get(), until);
  destroy(rd_kafka_consumer_closed(client_.get()) != 0);
}

void StateTopic::destroy(bool left) {
  if (!client_)
    return;
  for (auto& [number, shard] : shards_)
    WakeSignal::disconnect(shard.queue.get());
  shards_.clear();
  WakeSignal::disconnect(events_queue_.get());
  if (writer_.queue() != nullptr)
    WakeSignal::disconnect(writer_.queue());
  watch_.reset();
  events_queue_.reset();
  rd_kafka_destroy_flags(client_.release(),
                         left ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

logic::Result<std::unique_ptr<StateStore>>
open_state_topic(const KafkaConfig& config,
                 const StateTopicParameters& parameters) {
  auto store = std::make_unique<StateTopic>();
  if (auto opened = store->open(config, parameters); !opened)
    return opened.error();
  return std::unique_ptr<StateStore>{std::move(store)};
}

} // namespace millrace::adapters::kafka
