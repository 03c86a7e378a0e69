#pragma once

#include "actors/metrics.hpp"
#include "node/topology.hpp"
#include "tests/support/fake_kafka.hpp"
#include "tests/support/memory_log.hpp"

#include "caf/test/dsl.hpp"

#include <prometheus/registry.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace millrace::tests {

/// A whole node's actors on CAF's deterministic scheduler, between a fake
/// source and a fake sink: nothing happens but when the test says so, and
/// time passes but when the test lets it.
struct NodeFixture : test_coordinator_fixture<> {
  node::NodeConfig config;
  std::shared_ptr<SourceScript> source = std::make_shared<SourceScript>();
  std::shared_ptr<SinkScript> sink = std::make_shared<SinkScript>();
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  std::shared_ptr<node::Topology> topology;
  std::shared_ptr<logic::FlightRecorder> recorder; ///< null: none
  logic::detection::ModelPtr model; ///< null: none, and nobody fits one
  int sources_opened = 0;
  int sinks_opened = 0;
  std::vector<std::string> deaths;
  std::uint32_t workers = 2;

  NodeFixture();
  ~NodeFixture() override;

  /// Spawns the actors and assigns partition 0 (epoch 1).
  void start();

  /// What Kafka has for us next.
  void arrive(logic::RecordBatchPtr batch);
  void happen(logic::SourceEvent::Kind kind, std::int32_t partition = 0,
              std::uint64_t epoch = 1);

  /// Runs until nothing is left to do at this point in time.
  void settle();
  /// Lets time pass in small steps and runs what falls due.
  void pass(std::chrono::milliseconds time);

  std::vector<SentRecord> sent(logic::Destination destination) const;
  /// The sum over all series of a counter or gauge with this label value
  /// (empty: any).
  double metric(const std::string& name, const std::string& label = {}) const;
};

} // namespace millrace::tests
