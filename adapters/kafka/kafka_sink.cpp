#include "adapters/kafka/kafka_sink.hpp"

#include "adapters/kafka/broker_watch.hpp"
#include "adapters/kafka/client.hpp"
#include "adapters/kafka/delivery_fault.hpp"
#include "adapters/kafka/destination_topic.hpp"
#include "adapters/kafka/message_fields.hpp"
#include "adapters/kafka/topic_watch.hpp"
#include "adapters/kafka/wake_signal.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

constexpr std::size_t max_run = 1'000;
constexpr std::size_t opaque_index_bits = 32;

static_assert(sizeof(void*) == 8, "a token travels as librdkafka's opaque");

void* to_opaque(logic::SendToken token) noexcept {
  const auto bits = (std::uint64_t{token.slot} << opaque_index_bits)
                    | std::uint64_t{token.index};
  return reinterpret_cast<void*>(bits); // NOLINT: never dereferenced
}

logic::SendToken to_token(const void* opaque) noexcept {
  const auto bits = reinterpret_cast<std::uint64_t>(opaque);
  return {static_cast<std::uint32_t>(bits >> opaque_index_bits),
          static_cast<std::uint32_t>(bits)};
}

logic::Result<ClientPtr> create_client(const KafkaConfig& config,
                                       const KafkaSinkLimits& limits) {
  ClientSettings settings{config};
  settings.set("enable.idempotence", std::string{"true"})
    .set("acks", std::string{"all"})
    .set("allow.auto.create.topics", std::string{"false"})
    .set("compression.type", config.compression)
    .set("linger.ms", config.linger.count())
    .set("batch.num.messages", config.batch_messages)
    .set("message.max.bytes",
         static_cast<std::int64_t>(config.max_message.bytes))
    .set("delivery.timeout.ms", config.delivery_timeout.count())
    .set("queue.buffering.max.messages",
         static_cast<std::int64_t>(
           std::clamp<std::size_t>(limits.max_queued_records, 1, 10'000'000)))
    .set("queue.buffering.max.kbytes",
         static_cast<std::int64_t>(std::clamp<std::size_t>(
           limits.max_queued_bytes / 1'024, 1, 2'147'483'647)))
    // The murmur2 hash of Java clients, so that keys meet where theirs do.
    .set("partitioner", std::string{"murmur2_random"})
    .events(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  return settings.create(ClientRole::producer);
}

/// One idempotent producer for the three destinations.
class KafkaSink final : public logic::RecordSink {
public:
  KafkaSink() = default;
  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;
  ~KafkaSink() override { end(std::chrono::seconds{1}); }

  logic::Result<void> open(const KafkaConfig& config,
                           const KafkaSinkLimits& limits);

  void on_ready(std::function<void()> wake) override;
  std::size_t send(std::span<const logic::OutgoingRecord> records) override;
  void take_reports(logic::DeliveryReports& reports) override;
  std::size_t queued_records() const override { return queued_; }
  void hurry() override;
  void close(std::chrono::milliseconds deadline) override { end(deadline); }

private:
  void end(std::chrono::milliseconds deadline);
  std::size_t run_length(std::span<const logic::OutgoingRecord> records) const;
  std::int32_t partition_of(const DestinationTopic& topic,
                            const logic::OutgoingRecord& record) const;
  std::size_t send_run(DestinationTopic& topic,
                       std::span<const logic::OutgoingRecord> run);
  bool send_one(DestinationTopic& topic, const logic::OutgoingRecord& record);
  void refuse(const logic::OutgoingRecord& record, rd_kafka_resp_err_t error,
              std::string text);
  void on_reports(rd_kafka_event_t* event, logic::DeliveryReports& reports);

  WakeSignal wake_;
  ClientPtr client_;
  QueuePtr queue_;
  std::unique_ptr<BrokerWatch> watch_;
  std::unique_ptr<TopicWatch> topics_;
  std::vector<logic::DeliveryFailure> refused_;
  logic::DeliveryReports last_reports_; ///< of what closing gave up
  std::size_t queued_ = 0;
  bool by_key_ = false;
  std::vector<rd_kafka_message_t> messages_; ///< scratch
  std::vector<std::int64_t> timestamps_; ///< scratch
};

logic::Result<void> KafkaSink::open(const KafkaConfig& config,
                                    const KafkaSinkLimits& limits) {
  by_key_ = config.partitioning == "key";
  auto client = create_client(config, limits);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  watch_ = std::make_unique<BrokerWatch>(client_.get(), queue_.get(),
                                         "producing");
  topics_ = std::make_unique<TopicWatch>(client_.get(), queue_.get());
  return topics_->open(
    {config.output_topic, config.dlq_topic, config.insights_topic});
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

std::size_t
KafkaSink::run_length(std::span<const logic::OutgoingRecord> records) const {
  const auto& first = records.front();
  std::size_t length = 1;
  while (length != records.size() && length != max_run
         && records[length].destination == first.destination
         && records[length].source_partition == first.source_partition
         && records[length].headers.empty())
    ++length;
  return length;
}

std::size_t KafkaSink::send(std::span<const logic::OutgoingRecord> records) {
  if (!client_)
    return 0;
  topics_->tick();
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
    if (!record.headers.empty()) {
      if (!send_one(topic, record))
        break;
      ++taken;
      continue;
    }
    const auto length = run_length(records.subspan(taken));
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
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      break; // and so are all behind it
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
      ++queued_;
    else
      refuse(run[taken], error, rd_kafka_err2str(error));
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
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
    return false;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    ++queued_;
  else
    refuse(record, error, rd_kafka_err2str(error));
  return true;
}

void KafkaSink::refuse(const logic::OutgoingRecord& record,
                       rd_kafka_resp_err_t error, std::string text) {
  refused_.push_back({record.token, to_delivery_fault(error), std::move(text)});
  ++queued_; // until it is reported
}

void KafkaSink::take_reports(logic::DeliveryReports& reports) {
  reports.clear();
  if (!client_) {
    std::swap(reports, last_reports_);
    return;
  }
  wake_.rearm();
  std::swap(reports.failed, refused_);
  queued_ -= reports.failed.size();
  while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
      on_reports(event.get(), reports);
    else if (!topics_->on_event(event.get(), *watch_, reports.events))
      watch_->on_event(event.get(), reports.events);
  }
  watch_->tick();
  topics_->tick();
}

void KafkaSink::on_reports(rd_kafka_event_t* event,
                           logic::DeliveryReports& reports) {
  bool delivered = false;
  while (const auto* message = rd_kafka_event_message_next(event)) {
    --queued_;
    const auto token = to_token(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      delivered = true;
      if (reports.delivered.empty()
          || reports.delivered.back().slot != token.slot)
        reports.delivered.push_back({token.slot, 0});
      ++reports.delivered.back().count;
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
      topics_->refresh();
    reports.failed.push_back({token, to_delivery_fault(message->err),
                              rd_kafka_message_errstr(message)});
  }
  if (delivered)
    watch_->on_contact(reports.events);
}

void KafkaSink::hurry() {
  if (client_)
    rd_kafka_flush(client_.get(), 0);
}

void KafkaSink::end(std::chrono::milliseconds deadline) {
  if (!client_)
    return;
  WakeSignal::disconnect(queue_.get());
  // What is queued is given up: whoever wants it delivered waits for the
  // reports before closing.
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE
                                  | RD_KAFKA_PURGE_F_INFLIGHT
                                  | RD_KAFKA_PURGE_F_NON_BLOCKING);
  last_reports_.clear();
  last_reports_.failed.swap(refused_);
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (rd_kafka_outq_len(client_.get()) > 0
         && std::chrono::steady_clock::now() < until) {
    const EventPtr event{rd_kafka_queue_poll(queue_.get(), 10)};
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
      on_reports(event.get(), last_reports_);
  }
  watch_.reset();
  topics_.reset();
  queue_.reset();
  client_.reset();
  queued_ = 0;
}

} // namespace

logic::Result<std::unique_ptr<logic::RecordSink>>
open_kafka_sink(const KafkaConfig& config, const KafkaSinkLimits& limits) {
  auto sink = std::make_unique<KafkaSink>();
  if (auto opened = sink->open(config, limits); !opened)
    return opened.error();
  return std::unique_ptr<logic::RecordSink>{std::move(sink)};
}

} // namespace millrace::adapters::kafka
