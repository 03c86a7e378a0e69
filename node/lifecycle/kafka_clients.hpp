#pragma once

#include "adapters/faults/client_faults.hpp"
#include "logic/core/result.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/intake/record_source.hpp"
#include "node/config/node_config.hpp"

#include <memory>

namespace millrace::node {

/// Opens the clients of a node, the first ones and those that replace failed
/// ones; faulty ones where faults are injected. One thread at a time.
class KafkaClients {
public:
  /// `config` must outlive this.
  explicit KafkaClients(const NodeConfig& config);

  /// Opens one of each and keeps them for the first who ask: what cannot even
  /// be made shows at the start, not in a restart.
  logic::Result<void> open_first();

  logic::Result<std::unique_ptr<logic::RecordSource>> open_source();
  logic::Result<std::unique_ptr<logic::RecordSink>> open_sink();

  /// Null unless faults are injected.
  const std::shared_ptr<adapters::faults::ClientFaults>&
  client_faults() const noexcept {
    return client_faults_;
  }

private:
  const NodeConfig& config_;
  std::shared_ptr<adapters::faults::ClientFaults> client_faults_;
  std::unique_ptr<logic::RecordSource> first_source_;
  std::unique_ptr<logic::RecordSink> first_sink_;
};

} // namespace millrace::node
