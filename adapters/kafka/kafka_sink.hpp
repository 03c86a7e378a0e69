#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/ports.hpp"

#include <cstddef>
#include <memory>

namespace millrace::adapters::kafka {

struct KafkaSinkLimits {
  /// Bounds of librdkafka's own queue. The caller's credit is meant to bound
  /// first; these are the backstop behind it.
  std::size_t max_queued_bytes = 256U << 20U;
  std::size_t max_queued_records = 500'000;
};

/// One idempotent producer for the three destinations.
class KafkaSink final : public logic::RecordSink {
public:
  /// Creates the client; does not wait for a broker.
  static logic::Result<std::unique_ptr<KafkaSink>>
  open(const KafkaConfig& config, KafkaSinkLimits limits);

  KafkaSink(const KafkaSink&) = delete;
  KafkaSink& operator=(const KafkaSink&) = delete;
  ~KafkaSink() override;

  void on_ready(std::function<void()> wake) override;
  std::size_t send(std::span<const logic::OutgoingRecord> records) override;
  void take_reports(logic::DeliveryReports& reports) override;
  std::size_t queued_records() const override;
  void hurry() override;
  void close(std::chrono::milliseconds deadline) override;

private:
  class State;
  explicit KafkaSink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
