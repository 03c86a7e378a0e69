#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/delivery/outgoing_record.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/state_store.hpp"
#include "logic/records/client_event.hpp"
#include "logic/recovery/flight_recorder.hpp"
#include "node/topology/topology.hpp"
#include "tests/simulation/simulated_kafka.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/simulation/virtual_faults.hpp"
#include "tests/support/memory_log.hpp"

#include "caf/test/dsl.hpp"

#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace millrace::tests {

/// A whole node's actors on CAF's deterministic scheduler, between a fake
/// source and a fake sink: nothing happens but when the test says so, and
/// time passes but when the test lets it.
struct SimulatedNode : test_coordinator_fixture<> {
  node::NodeConfig config;
  std::shared_ptr<SourceScript> source = std::make_shared<SourceScript>();
  std::shared_ptr<SinkScript> sink = std::make_shared<SinkScript>();
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  std::shared_ptr<VirtualClock> clock = std::make_shared<VirtualClock>(
    1'730'000'000'000);
  std::shared_ptr<VirtualFaults> faults = std::make_shared<VirtualFaults>();
  std::shared_ptr<node::Topology> topology;
  std::shared_ptr<logic::FlightRecorder> recorder; ///< null: none
  /// Null: history ends with the node.
  std::shared_ptr<logic::detection::StateStore> state_store;
  logic::detection::ModelPtr model; ///< null: none, and nobody fits one
  std::optional<node::LinkSetup> links; ///< none: alone
  int sources_opened = 0;
  int sinks_opened = 0;
  std::vector<std::string> deaths;
  std::uint32_t workers = 2;

  SimulatedNode();
  ~SimulatedNode() override;

  /// Spawns the actors and assigns partition 0 (epoch 1).
  void start();

  /// What Kafka has for us next.
  void arrive(logic::RecordBatchPtr batch);
  void happen(logic::ClientEvent::Kind kind, std::int32_t partition = 0,
              std::uint64_t epoch = 1);

  /// Runs until nothing is left to do at this point in time.
  void run_until_idle();
  /// Lets time pass in small steps and runs what falls due.
  void pass(std::chrono::milliseconds time);

  std::vector<SentRecord> sent(logic::Destination destination) const;
  /// The sum over all series of a counter or gauge with this label value
  /// (empty: any).
  double metric(const std::string& name, const std::string& label = {}) const;
  /// `millrace_credit_bytes` of a stage; 0 where there is none.
  double credit(const std::string& stage, const std::string& state) const;
};

} // namespace millrace::tests
