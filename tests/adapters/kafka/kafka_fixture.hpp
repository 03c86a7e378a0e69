#pragma once

#include "adapters/kafka/embedded_broker.hpp"
#include "adapters/kafka/kafka_config.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "logic/intake/record_source.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace millrace::adapters::kafka::test {

using namespace std::chrono_literals;
using logic::Offset;
using logic::PartitionEpoch;
using logic::PartitionId;

inline constexpr auto patience = 30s;

/// A broker with the four topics, four partitions each.
struct KafkaFixture {
  explicit KafkaFixture(std::int32_t brokers = 1,
                        std::uint64_t retention_bytes = 0) {
    EmbeddedBrokerOptions options;
    options.brokers = brokers;
    if (retention_bytes != 0)
      options.retention_bytes = retention_bytes;
    for (const auto* name : {"user-login", "processed-user-login",
                             "user-login-dlq", "user-login-insights"})
      options.topics.push_back({name, 4});
    auto started = EmbeddedBroker::start(options);
    if (!started)
      throw std::runtime_error{started.error().text};
    broker = *std::move(started);
    config.bootstrap_servers = broker->bootstrap_servers();
    // A successor waits for so long until the mock group lets it in, but a busy
    // machine must not be late with a heartbeat.
    config.session_timeout = 6s;
    config.fetch_wait = 10ms;
  }

  /// Writes `count` values "0", "1", ... to one partition.
  void write(std::int32_t partition, int count, int first = 0) {
    auto writer = TopicWriter::open(config, config.input_topic);
    for (int number = first; number != first + count; ++number) {
      const auto value = std::to_string(number);
      TopicRecord record;
      record.partition = PartitionId{partition};
      record.key = "key";
      record.value = value;
      record.timestamp_ms = 1'700'000'000'000 + number;
      while (!(*writer)->write(record))
        (*writer)->poll(100ms);
    }
    if (auto flushed = (*writer)->flush(patience); !flushed)
      throw std::runtime_error{flushed.error().text};
  }

  /// All values of a topic, by partition.
  std::map<std::int32_t, std::vector<std::string>>
  values(const std::string& topic) {
    std::map<std::int32_t, std::vector<std::string>> result;
    auto reader = TopicReader::open(config);
    auto extent = (*reader)->extent(topic, patience);
    if (!extent)
      throw std::runtime_error{extent.error().text};
    auto read = (*reader)->read(
      topic, *extent,
      [&](PartitionId partition, const logic::RecordView& record) {
        result[partition.value].emplace_back(record.value.value_or("(null)"));
        return true;
      },
      patience);
    if (!read)
      throw std::runtime_error{read.error().text};
    return result;
  }

  std::unique_ptr<EmbeddedBroker> broker;
  KafkaConfig config;
};

/// Waits for a port's wake-ups; looks again twice a second all the same.
class Waker {
public:
  template <class Port>
  explicit Waker(Port& port) {
    port.on_ready([this] {
      const std::lock_guard guard{mutex_};
      woken_ = true;
      ready_.notify_one();
    });
  }

  /// False when `done` does not come true in time.
  template <class Done>
  bool
  wait_until(const Done& done, std::chrono::milliseconds limit = patience) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      std::unique_lock lock{mutex_};
      if (std::chrono::steady_clock::now() >= until)
        return false;
      if (ready_.wait_for(lock, 500ms, [this] { return woken_; }))
        ++wake_ups;
      woken_ = false;
    }
    return true;
  }

  int wake_ups = 0;

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
};

/// A source, and what its owner remembers.
struct Consumer {
  using Kind = logic::ClientEvent::Kind;

  explicit Consumer(const KafkaConfig& config,
                    const logic::MemoryPlan& plan = logic::MemoryPlan{},
                    const std::string& instance_id = {})
    : source(open(config, plan, instance_id)), waker(*source) {}

  static std::unique_ptr<logic::RecordSource>
  open(const KafkaConfig& config, const logic::MemoryPlan& plan,
       const std::string& instance_id) {
    auto opened = open_kafka_source(config, plan, instance_id);
    if (!opened)
      throw std::runtime_error{opened.error().text};
    return *std::move(opened);
  }

  void look() {
    for (auto& event : source->take_events()) {
      for (const auto& partition : event.partitions) {
        if (event.kind == Kind::assigned)
          held.insert(partition);
        else if (event.kind == Kind::revoked || event.kind == Kind::lost
                 || event.kind == Kind::restarted)
          asked_back.push_back(partition);
      }
      events.push_back(std::move(event));
    }
  }

  void take(const logic::BatchLimits& limits = {}) {
    while (auto batch = source->take_batch(limits, nullptr)) {
      for (std::size_t index = 0; index != batch->size(); ++index)
        values[batch->partition().value].emplace_back(*(*batch)[index].value);
      batches.push_back(std::move(batch));
    }
  }

  void give_back() {
    for (const auto& partition : asked_back)
      held.erase(partition);
    source->release(asked_back);
    asked_back.clear();
  }

  std::size_t taken() const {
    std::size_t count = 0;
    for (const auto& [partition, list] : values)
      count += list.size();
    return count;
  }

  bool saw(Kind kind) const {
    for (const auto& event : events)
      if (event.kind == kind)
        return true;
    return false;
  }

  /// Looks and takes until so many records came.
  bool take_records(std::size_t count) {
    return waker.wait_until([&] {
      look();
      take();
      return taken() >= count;
    });
  }

  bool hold_partitions(std::size_t count) {
    return waker.wait_until([&] {
      look();
      return held.size() == count;
    });
  }

  std::unique_ptr<logic::RecordSource> source;
  Waker waker;
  std::vector<logic::ClientEvent> events;
  std::set<PartitionEpoch> held;
  std::vector<PartitionEpoch> asked_back;
  std::map<std::int32_t, std::vector<std::string>> values;
  std::vector<logic::RecordBatchPtr> batches;
};

inline std::vector<std::string> numbers(int first, int count) {
  std::vector<std::string> result;
  for (int number = first; number != first + count; ++number)
    result.push_back(std::to_string(number));
  return result;
}

} // namespace millrace::adapters::kafka::test
