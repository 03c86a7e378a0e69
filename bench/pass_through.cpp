// What Kafka itself costs, as the yardstick for the whole node: CPU-seconds of
// this process per 1M records through librdkafka alone, and through the node's
// own source and sink.
//
//   pass_through --bootstrap HOST:PORT --count N --in TOPIC --out TOPIC
//                [--mode raw|consume|produce|adapters|fill]
//
// `fill` writes the records that the other modes read. The broker is a process
// of its own: `millrace broker --topics in:4,out:4 --retention 512`.

#include "adapters/kafka/client.hpp"
#include "bench/adapter_run.hpp"
#include "bench/measurement.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::bench;

/// A producer of librdkafka's, with what is in flight.
class RawProducer {
public:
  explicit RawProducer(const Options& options) {
    const auto config = to_config(options);
    ClientSettings settings{config};
    settings.set("enable.idempotence", std::string{"true"})
      .set("linger.ms", config.linger.count())
      .set("batch.num.messages", config.batch_messages)
      .set("queue.buffering.max.messages", 1'000'000)
      .events(RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    client_ = unwrap(settings.create(ClientRole::producer));
    queue_.reset(rd_kafka_queue_get_main(client_.get()));
    topic_.reset(
      rd_kafka_topic_new(client_.get(), options.out.c_str(), nullptr));
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client_.get(), 0, topic_.get(), &metadata, 10'000)
        != RD_KAFKA_RESP_ERR_NO_ERROR)
      fail("no broker at " + options.bootstrap);
    partitions_ = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (partitions_ == 0)
      fail("topic " + options.out + " does not exist");
  }

  void send(std::int32_t partition, std::vector<rd_kafka_message_t>& messages) {
    if (messages.empty())
      return;
    rd_kafka_produce_batch(topic_.get(), partition % partitions_, 0,
                           messages.data(), static_cast<int>(messages.size()));
    for (const auto& message : messages)
      if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail(rd_kafka_err2str(message.err));
    sent_ += static_cast<std::int64_t>(messages.size());
    messages.clear();
  }

  /// Delivery reports; `each` gets a message's opaque.
  template <class Each>
  void poll(int timeout_ms, const Each& each) {
    while (
      const EventPtr event{rd_kafka_queue_poll(queue_.get(), timeout_ms)}) {
      timeout_ms = 0;
      while (const auto* message = rd_kafka_event_message_next(event.get())) {
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
          fail(rd_kafka_err2str(message->err));
        ++done_;
        each(message->_private);
      }
    }
  }

  std::size_t in_flight() const noexcept {
    return static_cast<std::size_t>(sent_ - done_);
  }
  std::int64_t sent() const noexcept { return sent_; }
  std::int64_t done() const noexcept { return done_; }

private:
  ClientPtr client_;
  QueuePtr queue_;
  TopicPtr topic_;
  std::int32_t partitions_ = 0;
  std::int64_t sent_ = 0;
  std::int64_t done_ = 0;
};

void fill(const Options& options) {
  auto to_input = options;
  to_input.out = options.in;
  RawProducer producer{to_input};
  const std::string value(value_bytes, 'x');
  std::vector<rd_kafka_message_t> messages;
  Measurement measurement{options};
  std::int32_t partition = 0;
  const auto nothing = [](void*) {};
  while (producer.done() < options.count) {
    measurement.progress(producer.done());
    const auto left = options.count - producer.sent();
    const bool room = left > 0 && producer.in_flight() < max_in_flight;
    for (std::int64_t index = 0;
         room && index != std::min<std::int64_t>(left, batch_records);
         ++index) {
      auto& message = messages.emplace_back();
      message.payload = const_cast<char*>(value.data());
      message.len = value.size();
    }
    producer.send(partition++, messages);
    producer.poll(room ? 0 : 10, nothing);
  }
  measurement.print();
}

/// The cheapest way through librdkafka: consumed messages are produced from
/// where they lie and given back when they are delivered.
void raw(const Options& options) {
  RawProducer producer{options};
  const auto config = to_config(options);
  ClientSettings settings{config};
  settings.set("group.id", config.consumer_group)
    .set("auto.offset.reset", std::string{"earliest"})
    .set("enable.auto.commit", std::string{"false"})
    .set("enable.auto.offset.store", std::string{"false"})
    .set("fetch.queue.backoff.ms", 20)
    .set("queued.min.messages", 10'000'000)
    .set("fetch.wait.max.ms", 10);
  const auto client = unwrap(settings.create(ClientRole::consumer));
  rd_kafka_poll_set_consumer(client.get());
  const QueuePtr queue{rd_kafka_queue_get_consumer(client.get())};
  const PartitionListPtr topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), options.in.c_str(), -1);
  rd_kafka_subscribe(client.get(), topics.get());

  Measurement measurement{options};
  std::array<rd_kafka_message_t*, batch_records> pulled{};
  std::vector<rd_kafka_message_t> messages;
  const auto give_back = [](void* message) {
    rd_kafka_message_destroy(static_cast<rd_kafka_message_t*>(message));
  };
  while (producer.done() < options.count) {
    measurement.progress(producer.done());
    const bool room = producer.in_flight() < max_in_flight;
    const auto count = room ? rd_kafka_consume_batch_queue(
                         queue.get(), 5, pulled.data(), pulled.size())
                            : 0;
    std::int32_t partition = -1;
    for (ssize_t index = 0; index < count; ++index) {
      auto* message = pulled[static_cast<std::size_t>(index)];
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR
          || producer.sent() + static_cast<std::int64_t>(messages.size())
               >= options.count) {
        rd_kafka_message_destroy(message);
        continue;
      }
      if (message->partition != partition)
        producer.send(partition, messages);
      partition = message->partition;
      auto& next = messages.emplace_back();
      next.payload = message->payload;
      next.len = message->len;
      next.key = message->key;
      next.key_len = message->key_len;
      next._private = message;
    }
    producer.send(partition, messages);
    producer.poll(room ? 0 : 10, give_back);
  }
  measurement.print();
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measure what Kafka itself costs."};
  Options options;
  app.add_option("--bootstrap", options.bootstrap, "broker, host:port")
    ->required();
  app.add_option("--count", options.count, "records");
  app.add_option("--in", options.in, "topic to read");
  app.add_option("--out", options.out, "topic to write");
  app
    .add_option("--mode", options.mode,
                "raw, consume, produce, adapters or fill")
    ->check(CLI::IsMember({"raw", "consume", "produce", "adapters", "fill"}));
  CLI11_PARSE(app, argc, argv);
  if (options.mode == "fill")
    fill(options);
  else if (options.mode == "raw")
    raw(options);
  else
    AdapterRun{options}.run();
  return 0;
}
