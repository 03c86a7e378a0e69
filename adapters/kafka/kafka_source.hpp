#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/ports.hpp"

#include <cstddef>
#include <memory>

namespace millrace::adapters::kafka {

struct KafkaSourceLimits {
  /// Bytes that librdkafka may hold prefetched, everything counted. This is
  /// the client's share of the node's memory budget; at least 1 MiB.
  std::size_t client_queue_bytes = 64U << 20U;
};

/// One consumer of `input_topic` in `consumer_group`, cooperative-sticky.
///
/// Records come by a queue of their own and the consumer queue carries events
/// alone, so that rebalances and errors are seen while nobody takes records.
/// Partitions under revocation stay assigned (and are still
/// heartbeaten for) until `release`.
class KafkaSource final : public logic::RecordSource {
public:
  /// Creates the client and subscribes; does not wait for a broker.
  static logic::Result<std::unique_ptr<KafkaSource>>
  open(const KafkaConfig& config, KafkaSourceLimits limits);

  KafkaSource(const KafkaSource&) = delete;
  KafkaSource& operator=(const KafkaSource&) = delete;
  ~KafkaSource() override;

  void on_ready(std::function<void()> wake) override;
  std::vector<logic::SourceEvent> take_events() override;
  logic::RecordBatchPtr
  take_batch(const logic::BatchLimits& limits,
             const std::function<bool(logic::PartitionId)>& accepts) override;
  void release(std::span<const logic::PartitionEpoch> partitions) override;
  logic::Result<void> commit(std::span<const logic::PartitionOffset> offsets,
                             std::chrono::milliseconds wait) override;
  std::vector<logic::PartitionLag> high_watermarks() override;
  void close(std::chrono::milliseconds deadline) override;

private:
  class State;
  explicit KafkaSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
