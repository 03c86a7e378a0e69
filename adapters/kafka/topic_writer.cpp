#include "adapters/kafka/topic_writer.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/delivery_fault.hpp"
#include "adapters/kafka/message_fields.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace::adapters::kafka {

class TopicWriter::State {
public:
  logic::Result<void> open(const KafkaConfig& config, const std::string& topic,
                           TopicWriterLimits limits);
  bool write(const TopicRecord& record);
  void poll(std::chrono::milliseconds wait);
  logic::Result<void> flush(std::chrono::milliseconds deadline);

  const TopicWriterCounts& counts() const noexcept { return counts_; }
  std::size_t queued() const noexcept { return queued_; }
  std::vector<WriteReport> take_reports() {
    return std::exchange(reports_, {});
  }

private:
  void deliver(std::uintptr_t token) {
    ++counts_.delivered;
    if (keeps_reports_)
      reports_.push_back({token, std::nullopt, {}});
  }
  void fail(std::uintptr_t token, rd_kafka_resp_err_t error) {
    auto text = to_error(error, "writing to topic " + name_).text;
    if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
      text += "; was it deleted, or made anew with fewer partitions?";
    ++counts_.failed;
    if (keeps_reports_)
      reports_.push_back({token, to_delivery_fault(error), text});
    counts_.last_error = std::move(text);
  }

  ClientPtr client_;
  QueuePtr queue_;
  TopicPtr topic_;
  std::string name_;
  TopicWriterCounts counts_;
  std::size_t queued_ = 0;
  bool keeps_reports_ = false;
  std::vector<WriteReport> reports_;
};

namespace {

/// Somebody waits for a writer to end, so it does not try for ever.
std::chrono::milliseconds patience(const KafkaConfig& config) {
  constexpr std::chrono::minutes longest{5};
  return config.delivery_timeout.count() != 0 ? config.delivery_timeout
                                              : longest;
}

} // namespace

logic::Result<void> TopicWriter::State::open(const KafkaConfig& config,
                                             const std::string& topic,
                                             TopicWriterLimits limits) {
  keeps_reports_ = limits.reports;
  auto asked = config;
  asked.client_id += "-writer";
  ClientSettings settings{asked};
  settings.set("enable.idempotence", std::string{"true"})
    .set("compression.type", config.compression)
    .set("linger.ms", config.linger.count())
    .set("batch.num.messages", config.batch_messages)
    .set("message.max.bytes",
         static_cast<std::int64_t>(config.max_message.bytes))
    .set("delivery.timeout.ms", patience(config).count())
    .set("allow.auto.create.topics", std::string{"false"})
    .set("partitioner", std::string{"murmur2_random"})
    .set("queue.buffering.max.messages",
         static_cast<std::int64_t>(
           std::clamp<std::size_t>(limits.max_queued_records, 1, 10'000'000)))
    .set("queue.buffering.max.kbytes",
         static_cast<std::int64_t>(std::clamp<std::size_t>(
           limits.max_queued_bytes / 1'024, 1, 2'147'483'647)))
    .events(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  auto client = settings.create(ClientRole::producer);
  if (!client)
    return client.error();
  client_ = *std::move(client);
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  name_ = topic;
  topic_.reset(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  if (!topic_)
    return to_error(rd_kafka_last_error(), "preparing to write to " + topic);
  return {};
}

bool TopicWriter::State::write(const TopicRecord& record) {
  const auto error = produce(
    client_.get(), {.topic = topic_.get(),
                    .partition = record.partition ? record.partition->value
                                                  : RD_KAFKA_PARTITION_UA,
                    .flags = RD_KAFKA_MSG_F_COPY,
                    .key = record.key,
                    .value = record.value,
                    .headers = record.headers,
                    .timestamp_ms = record.timestamp_ms,
                    .opaque = std::bit_cast<void*>(record.token)});
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
    return false;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    ++queued_;
  else
    fail(record.token, error);
  return true;
}

void TopicWriter::State::poll(std::chrono::milliseconds wait) {
  int timeout_ms = to_timeout(wait);
  while (const EventPtr event{rd_kafka_queue_poll(queue_.get(), timeout_ms)}) {
    timeout_ms = 0;
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) {
      counts_.last_error = without_timing(
        rd_kafka_event_error_string(event.get()));
      continue;
    }
    while (const auto* message = rd_kafka_event_message_next(event.get())) {
      --queued_;
      const auto token = std::bit_cast<std::uintptr_t>(message->_private);
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        deliver(token);
      else
        fail(token, message->err);
    }
  }
}

logic::Result<void>
TopicWriter::State::flush(std::chrono::milliseconds deadline) {
  using std::chrono::steady_clock;
  const auto until = steady_clock::now() + deadline;
  while (queued_ != 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - steady_clock::now());
    if (left.count() <= 0)
      break;
    poll(left);
  }
  if (queued_ != 0)
    return logic::Error{
      logic::ErrorCode::timed_out,
      "writing to topic " + name_ + ": " + std::to_string(queued_)
        + " records were not confirmed within "
        + std::to_string(deadline.count()) + " ms"
        + (counts_.last_error.empty() ? "" : "; last: " + counts_.last_error)};
  if (counts_.failed != 0)
    return logic::Error{logic::ErrorCode::unavailable,
                        std::to_string(counts_.failed)
                          + " records were not written; last: "
                          + counts_.last_error};
  return {};
}

TopicWriter::TopicWriter(std::unique_ptr<State> state)
  : state_(std::move(state)) {}

TopicWriter::~TopicWriter() = default;

logic::Result<std::unique_ptr<TopicWriter>>
TopicWriter::open(const KafkaConfig& config, const std::string& topic,
                  TopicWriterLimits limits) {
  auto state = std::make_unique<State>();
  if (auto opened = state->open(config, topic, limits); !opened)
    return opened.error();
  return std::unique_ptr<TopicWriter>{new TopicWriter{std::move(state)}};
}

bool TopicWriter::write(const TopicRecord& record) {
  return state_->write(record);
}

void TopicWriter::poll(std::chrono::milliseconds wait) {
  state_->poll(wait);
}

logic::Result<void> TopicWriter::flush(std::chrono::milliseconds deadline) {
  return state_->flush(deadline);
}

std::vector<WriteReport> TopicWriter::take_reports() {
  return state_->take_reports();
}

const TopicWriterCounts& TopicWriter::counts() const noexcept {
  return state_->counts();
}

std::size_t TopicWriter::queued_records() const noexcept {
  return state_->queued();
}

} // namespace millrace::adapters::kafka
