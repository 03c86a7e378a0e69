#include "adapters/kafka/kafka_sink.hpp"

#include "adapters/kafka/delivery_fault.hpp"
#include "adapters/kafka/kafka_sink_client.hpp"
#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/send_token_opaque.hpp"

#include <algorithm>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr std::size_t max_run = 1'000;
/// More than Kafka's own bytes of a record.
constexpr std::size_t envelope_bytes = 512;
/// librdkafka takes what it is told of a leader under an epoch before the one
/// that it knows for outdated, and those of a topic made anew begin at 0: it
/// may send to a broker that is not the leader for ever. So the client is made
/// anew as well, and has so long to get rid of what it has.
constexpr std::chrono::seconds purge_after{5};
/// So that the client's threads see that somebody waits.
constexpr int hurry_ms = 1;

} // namespace

logic::Result<void> KafkaSink::open(const KafkaConfig& config,
                                    const KafkaSinkLimits& limits,
                                    const KafkaTransactions& transactions) {
  config_ = config;
  limits_ = limits;
  transactions_ = transactions;
  by_key_ = config.partitioning == "key";
  sizes_.message_bytes = message_room(config, 0);
  topics_ = std::make_unique<TopicWatch>(
    std::array{config.output_topic, config.dlq_topic, config.insights_topic},
    config.input_topic);
  return open_client();
}

logic::Result<void> KafkaSink::open_client() {
  auto client = create_producing_client(config_, limits_, sizes_,
                                        transactions_);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  if (watch_ == nullptr)
    watch_ = std::make_unique<BrokerWatch>(client_.get(), queue_.get(),
                                           "producing");
  else
    watch_->attach(client_.get(), queue_.get());
  if (!transactions_.id.empty()) {
    watch_->await_admission();
    thread_ = std::make_unique<TransactionThread>(
      client_.get(), config_.input_topic, [this] { wake_.raise(); });
    thread_->give({TransactionThread::Order::Kind::prepare});
  }
  return topics_->attach(client_.get(), queue_.get());
}

bool KafkaSink::close_gap() {
  if (queued_ == refused_.size())
    return renew_client();
  // Requests under way are waited for: their records may be written.
  rd_kafka_purge(client_.get(),
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  wake_.raise(); // of what comes back into the queue nothing tells
  return false;
}

bool KafkaSink::fits_topics() {
  if (gap_ && !close_gap())
    return false;
  if (!topics_->limits_settled())
    return false;
  const auto batch_bytes = std::min(ClientSizes{}.batch_bytes,
                                    topics_->least_message_bytes());
  const auto message_bytes = std::max(
    sizes_.message_bytes,
    message_room(config_, topics_->input_message_bytes()));
  if (topics_->take_recreation())
    purge_at_ = Clock::now() + purge_after;
  if (batch_bytes == sizes_.batch_bytes && message_bytes == sizes_.message_bytes
      && !purge_at_)
    return true;
  if (queued_ != refused_.size()) {
    if (purge_at_ && Clock::now() >= *purge_at_)
      purge();
    return false; // the client is still at work
  }
  sizes_ = {message_bytes, batch_bytes};
  purge_at_.reset();
  return renew_client();
}

void KafkaSink::purge() {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE
                                  | RD_KAFKA_PURGE_F_INFLIGHT
                                  | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

bool KafkaSink::renew_client() {
  WakeSignal::disconnect(queue_.get());
  thread_.reset();
  prepared_ = false;
  ask_again_at_.reset();
  gap_ = false;
  topics_->detach();
  queue_.reset();
  client_.reset();
  if (auto opened = open_client(); !opened) {
    // The same settings made a client before.
    failure_ = opened.error();
    client_.reset();
    return false;
  }
  wake_.connect(queue_.get());
  wake_.rearm();
  return true;
}

void KafkaSink::on_ready(std::function<void()> wake) {
  if (!client_)
    return;
  WakeSignal::disconnect(queue_.get()); // whoever was woken before is gone
  wake_.set(std::move(wake));
  wake_.connect(queue_.get());
  wake_.rearm();
  wake_.raise(); // for what came before
}

std::int32_t
KafkaSink::partition_of(const DestinationTopic& topic,
                        const logic::OutgoingRecord& record) const {
  return by_key_ ? RD_KAFKA_PARTITION_UA
                 : topic.partition_for(record.source_partition);
}

bool KafkaSink::is_large(const logic::OutgoingRecord& record) const noexcept {
  const auto bytes = record.headers.size() + record.key.value_or("").size()
                     + record.value.value_or("").size() + envelope_bytes;
  return static_cast<std::int64_t>(bytes) > sizes_.message_bytes;
}

std::size_t
KafkaSink::run_length(std::span<const logic::OutgoingRecord> records,
                      bool keyed) const {
  const auto& first = records.front();
  std::size_t length = 1;
  while (length != records.size() && length != max_run
         && records[length].destination == first.destination
         && records[length].source_partition == first.source_partition
         && records[length].headers.empty() && !is_large(records[length])
         && (!keyed || records[length].key))
    ++length;
  return length;
}

/// The client of a transaction stays until its end.
bool KafkaSink::may_send() {
  if (!transactions_.id.empty())
    return transaction_ == Transaction::open;
  return fits_topics();
}

std::size_t KafkaSink::send(std::span<const logic::OutgoingRecord> records) {
  if (!client_)
    return 0;
  topics_->tick();
  if (!may_send())
    return 0; // the answer, or the last report, wakes the owner
  std::size_t taken = 0;
  while (taken != records.size()) {
    const auto& record = records[taken];
    auto& topic = topics_->at(record.destination);
    if (topic.state == DestinationTopic::State::unknown)
      break; // the answer wakes the owner
    if (topic.state == DestinationTopic::State::refused) {
      refuse(record, topic.error, topics_->refusal(topic).text);
      ++taken;
      continue;
    }
    // What is known of the topic may have been changed since it was asked for.
    const bool keyless = topic.limits.compacted && !record.key;
    if ((keyless || is_large(record)) && topics_->refresh_limits())
      break; // the answer wakes the owner
    if (keyless) {
      refuse(record, RD_KAFKA_RESP_ERR_INVALID_RECORD, keyless_text(topic));
      ++taken;
      continue;
    }
    if (!record.headers.empty()) {
      if (!send_one(topic, record))
        break;
      ++taken;
      continue;
    }
    const auto length = run_length(records.subspan(taken),
                                   topic.limits.compacted);
    const auto sent = send_run(topic, records.subspan(taken, length));
    taken += sent;
    if (sent != length)
      break;
  }
  if (!refused_.empty())
    wake_.raise();
  return taken;
}

std::size_t KafkaSink::send_run(DestinationTopic& topic,
                                std::span<const logic::OutgoingRecord> run) {
  messages_.assign(run.size(), rd_kafka_message_t{});
  timestamps_.resize(run.size());
  for (std::size_t index = 0; index != run.size(); ++index) {
    const auto& record = run[index];
    auto& message = messages_[index];
    message.payload = to_mutable(record.value);
    message.len = record.value ? record.value->size() : 0;
    message.key = to_mutable(record.key);
    message.key_len = record.key ? record.key->size() : 0;
    message._private = to_opaque(record.token);
    timestamps_[index] = record.timestamp_ms;
  }
  // Of our patch (cmake/patches/librdkafka-2.14.2-millrace.patch): the ordinary
  // call gives no record a timestamp.
  rd_kafka_produce_batch_at(topic.handle.get(), partition_of(topic, run[0]), 0,
                            messages_.data(), static_cast<int>(run.size()),
                            timestamps_.data());
  std::size_t taken = 0;
  for (; taken != run.size(); ++taken) {
    const auto error = messages_[taken].err;
    if (takes_no_more(error))
      break; // and none of those behind it
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
      ++queued_;
    else
      refuse(run[taken], error,
             local_refusal_text(error, sizes_.message_bytes));
  }
  return taken;
}

bool KafkaSink::send_one(DestinationTopic& topic,
                         const logic::OutgoingRecord& record) {
  const auto error = produce(client_.get(),
                             {.topic = topic.handle.get(),
                              .partition = partition_of(topic, record),
                              .key = record.key,
                              .value = record.value,
                              .headers = record.headers,
                              .timestamp_ms = record.timestamp_ms,
                              .opaque = to_opaque(record.token)});
  if (takes_no_more(error))
    return false; // the next reports wake the owner
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    ++queued_;
  else
    refuse(record, error, local_refusal_text(error, sizes_.message_bytes));
  return true;
}

bool KafkaSink::takes_no_more(rd_kafka_resp_err_t error) {
  // One call says that there is a cause, the other which it is.
  const bool stopped = error == RD_KAFKA_RESP_ERR__FATAL
                       || error == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE;
  if (stopped)
    gap_ = has_gap(client_.get());
  return error == RD_KAFKA_RESP_ERR__QUEUE_FULL || (stopped && gap_)
         || (error == RD_KAFKA_RESP_ERR__STATE && thread_);
}

void KafkaSink::refuse(const logic::OutgoingRecord& record,
                       rd_kafka_resp_err_t error, std::string text) {
  if (hints_at_topic(error))
    topics_->refresh();
  refused_.push_back({record.token, to_delivery_fault(error), std::move(text),
                      logic::Blame::record, record.destination,
                      rd_kafka_err2name(error)});
  ++queued_; // until it is reported
}

void KafkaSink::hurry() {
  if (client_)
    rd_kafka_flush(client_.get(), hurry_ms);
}

void KafkaSink::end(std::chrono::milliseconds deadline) {
  if (!client_)
    return;
  WakeSignal::disconnect(queue_.get());
  // What is queued is given up: whoever wants it delivered waits for the
  // reports before closing.
  purge();
  last_reports_.clear();
  last_reports_.failed.swap(refused_);
  const auto until = Clock::now() + deadline;
  while (rd_kafka_outq_len(client_.get()) > 0 && Clock::now() < until) {
    const EventPtr event{rd_kafka_queue_poll(queue_.get(), 10)};
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
      on_reports(event.get(), last_reports_);
  }
  thread_.reset();
  // A client that goes with one open leaves it to the broker's time-out.
  if (transaction_ != Transaction::none)
    ErrorPtr{rd_kafka_abort_transaction(
      client_.get(), to_timeout(std::chrono::milliseconds{500}))};
  transaction_ = Transaction::none;
  watch_.reset();
  topics_.reset(); // its handles are the client's
  queue_.reset();
  client_.reset();
  queued_ = 0;
}

logic::Result<std::unique_ptr<logic::RecordSink>>
open_kafka_sink(const KafkaConfig& config, const KafkaSinkLimits& limits,
                const KafkaTransactions& transactions) {
  auto sink = std::make_unique<KafkaSink>();
  if (auto opened = sink->open(config, limits, transactions); !opened)
    return opened.error();
  return std::unique_ptr<logic::RecordSink>{std::move(sink)};
}

} // namespace millrace::adapters::kafka
