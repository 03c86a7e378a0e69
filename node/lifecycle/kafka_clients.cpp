#include "node/lifecycle/kafka_clients.hpp"

#include "adapters/faults/faulty_sink.hpp"
#include "adapters/faults/faulty_source.hpp"
#include "adapters/kafka/kafka_sink.hpp"
#include "adapters/kafka/kafka_source.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace millrace::node {

namespace kafka = adapters::kafka;
namespace faults = adapters::faults;

KafkaClients::KafkaClients(const NodeConfig& config)
  : config_(config), client_faults_(config.fault_injection.enabled
                                      ? std::make_shared<faults::ClientFaults>()
                                      : nullptr) {}

logic::Result<void> KafkaClients::open_first() {
  auto source = open_source();
  if (!source)
    return source.error();
  auto sink = open_sink();
  if (!sink)
    return sink.error();
  first_source_ = std::move(*source);
  first_sink_ = std::move(*sink);
  return {};
}

logic::Result<std::unique_ptr<logic::RecordSource>>
KafkaClients::open_source() {
  if (first_source_)
    return std::move(first_source_);
  const bool by_name = config_.kafka.static_membership;
  auto source = kafka::open_kafka_source(config_.kafka,
                                         config_.flow.memory_plan(),
                                         by_name ? config_.node.name : "");
  if (source && client_faults_)
    return faults::make_faulty_source(std::move(*source), client_faults_);
  return source;
}

logic::Result<std::unique_ptr<logic::RecordSink>> KafkaClients::open_sink() {
  if (first_sink_)
    return std::move(first_sink_);
  kafka::KafkaSinkLimits limits;
  limits.max_queued_bytes = static_cast<std::size_t>(
    config_.flow.memory_plan().send_queue_bytes(
      config_.kafka.max_message.bytes));
  kafka::KafkaTransactions transactions;
  if (config_.delivery.exactly_once())
    transactions = {config_.kafka.consumer_group + "-"
                      + config_.node.display_name(),
                    config_.delivery.transaction_timeout};
  auto sink = kafka::open_kafka_sink(config_.kafka, limits, transactions);
  if (sink && client_faults_)
    return faults::make_faulty_sink(std::move(*sink), client_faults_);
  return sink;
}

} // namespace millrace::node
