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
#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/kafka_source.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace std::chrono_literals;

constexpr std::size_t batch_records = 1'000;
constexpr std::size_t value_bytes = 300;
constexpr std::size_t max_in_flight = 100'000;
constexpr auto stall_limit = 60s;

struct Options {
  std::string bootstrap;
  std::string in = "in";
  std::string out = "out";
  std::string mode = "raw";
  std::int64_t count = 1'000'000;
};

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "pass_through: %s\n", text.c_str());
  std::exit(1);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec)
           + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Measures from its construction, and gives up when nothing moves.
class Measurement {
public:
  explicit Measurement(const Options& options) : options_(options) {}

  /// Call with what is finished so far.
  void progress(std::int64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (done != done_) {
      done_ = done;
      moved_ = now;
    } else if (now - moved_ > stall_limit) {
      fail("nothing moved for a minute, with " + std::to_string(done) + " of "
           + std::to_string(options_.count) + " records done");
    }
  }

  void print() const {
    const auto million = 1e6 / static_cast<double>(options_.count);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now()
                                               - start_;
    std::printf("%-9s %9lld records  %.3f CPU-s per 1M  %.2f s wall\n",
                options_.mode.c_str(), static_cast<long long>(options_.count),
                (cpu_seconds() - cpu_start_) * million, wall.count());
  }

private:
  const Options& options_;
  double cpu_start_ = cpu_seconds();
  std::chrono::steady_clock::time_point start_
    = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point moved_ = start_;
  std::int64_t done_ = 0;
};

KafkaConfig to_config(const Options& options) {
  KafkaConfig config;
  config.bootstrap_servers = options.bootstrap;
  config.input_topic = options.in;
  config.output_topic = options.out;
  config.dlq_topic = options.out + "-unused";
  config.insights_topic.clear();
  // A fresh group each time: every run reads from the beginning.
  config.consumer_group = "bench-" + std::to_string(std::random_device{}());
  config.fetch_wait = 10ms;
  return config;
}

template <class T>
T unwrap(logic::Result<T> result) {
  if (!result)
    fail(result.error().text);
  return *std::move(result);
}

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

/// Waits for a port's wake-up.
class Waker {
public:
  void wake() {
    const std::lock_guard guard{mutex_};
    woken_ = true;
    ready_.notify_one();
  }
  void wait() {
    std::unique_lock lock{mutex_};
    ready_.wait_for(lock, 100ms, [this] { return woken_; });
    woken_ = false;
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
};

/// Through KafkaSource, KafkaSink or both, as the mode says.
class AdapterRun {
public:
  explicit AdapterRun(const Options& options)
    : options_(options), reads_(options.mode != "produce"),
      writes_(options.mode != "consume") {
    const auto config = to_config(options);
    if (reads_) {
      source_ = unwrap(KafkaSource::open(config, {}));
      source_->on_ready([this] { waker_.wake(); });
    }
    if (writes_) {
      sink_ = unwrap(KafkaSink::open(config, {}));
      sink_->on_ready([this] { waker_.wake(); });
    }
    logic::RecordBatch::Builder builder{options.in, logic::PartitionId{0},
                                        logic::AssignmentEpoch{1}};
    const std::string value(value_bytes, 'x');
    for (std::size_t index = 0; index != batch_records; ++index)
      builder.append({logic::Offset{static_cast<std::int64_t>(index)},
                      1'700'000'000'000,
                      std::nullopt,
                      value,
                      {}});
    same_ = builder.finish();
  }

  void run() {
    Measurement measurement{options_};
    while (finished() < options_.count) {
      measurement.progress(finished());
      if (!step())
        waker_.wait();
    }
    measurement.print();
  }

private:
  std::int64_t finished() const { return writes_ ? delivered_ : taken_; }

  /// False when there was nothing to do.
  bool step() {
    bool moved = false;
    if (source_)
      source_->take_events();
    if (unsent_ == nullptr && taken_ < options_.count
        && (!sink_ || sink_->queued_records() < max_in_flight)) {
      auto batch = source_ ? source_->take_batch({}, nullptr) : same_;
      if (batch) {
        moved = true;
        taken_ += static_cast<std::int64_t>(batch->size());
        if (writes_)
          prepare(std::move(batch));
      }
    }
    if (unsent_)
      moved = send() || moved;
    if (sink_) {
      sink_->take_reports(reports_);
      for (const auto& each : reports_.delivered) {
        delivered_ += each.count;
        settle(each.slot, each.count);
        moved = true;
      }
      for (const auto& each : reports_.failed)
        fail(each.text);
    }
    return moved;
  }

  void prepare(logic::RecordBatchPtr batch) {
    records_.clear();
    for (std::size_t index = 0; index != batch->size(); ++index) {
      const auto view = (*batch)[index];
      auto& record = records_.emplace_back();
      record.token = {next_slot_, static_cast<std::uint32_t>(index)};
      record.source_partition = logic::PartitionId{
        source_ ? batch->partition().value
                : static_cast<std::int32_t>(next_slot_ % 4)};
      record.key = view.key;
      record.value = view.value;
      record.timestamp_ms = view.timestamp_ms;
    }
    ++next_slot_;
    held_.push_back({batch, batch->size()});
    unsent_ = std::move(batch);
    first_unsent_ = 0;
  }

  bool send() {
    const auto sent = sink_->send(std::span{records_}.subspan(first_unsent_));
    first_unsent_ += sent;
    if (first_unsent_ == records_.size())
      unsent_ = nullptr;
    return sent != 0;
  }

  void settle(std::uint32_t slot, std::uint32_t count) {
    const auto index = static_cast<std::size_t>(slot - first_slot_);
    if (index < held_.size())
      held_[index].left -= count;
    while (!held_.empty() && held_.front().left == 0) {
      held_.pop_front();
      ++first_slot_;
    }
  }

  struct Held {
    logic::RecordBatchPtr batch;
    std::size_t left = 0;
  };

  const Options& options_;
  bool reads_;
  bool writes_;
  Waker waker_;
  std::unique_ptr<KafkaSource> source_;
  std::unique_ptr<KafkaSink> sink_;
  logic::RecordBatchPtr same_;
  logic::RecordBatchPtr unsent_;
  std::size_t first_unsent_ = 0;
  std::vector<logic::OutgoingRecord> records_;
  logic::DeliveryReports reports_;
  std::deque<Held> held_;
  std::uint32_t first_slot_ = 0;
  std::uint32_t next_slot_ = 0;
  std::int64_t taken_ = 0;
  std::int64_t delivered_ = 0;
};

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
