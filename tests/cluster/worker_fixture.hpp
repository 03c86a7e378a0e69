#pragma once

#include "actors/links/door.hpp"
#include "tests/actors/links/simulated_network.hpp"
#include "tests/faults/fault_fixture.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace millrace::tests {

/// A whole worker on the scheduler of the node that it works for.
class SimulatedWorker {
public:
  SimulatedWorker(caf::actor_system& system, node::LinkSetup links,
                  bool with_gates) {
    config_.node.role = "worker";
    config_.link.enabled = true;
    config_.supervision.restart_limit = 1'000;
    config_.supervision.restart_backoff = std::chrono::milliseconds{4};
    config_.supervision.restart_backoff_max = std::chrono::milliseconds{20};
    config_.fault_injection.enabled = with_gates;
    config_.insights.interval = std::chrono::seconds{1};
    topology_ = node::spawn_topology(
      system,
      {.config = config_,
       .node = links.self.name,
       .workers = 2,
       .open_source = {},
       .open_sink = {},
       .make_lookup = {},
       .quiet_networks = {},
       .model = nullptr,
       .recorder = nullptr,
       .background = {},
       .links = links,
       .on_give_up = [](const std::string& why) { CAF_FAIL(why); },
       .surroundings = {log_, std::make_shared<actors::Metrics>(registry_),
                        std::make_shared<VirtualClock>(1'730'000'000'000),
                        std::make_shared<VirtualFaults>()},
       .supervisor_thread = false});
  }

  void begin_to_end() {
    caf::anon_send(topology_->supervisor(), messages::StopChildren{});
  }
  void end() { topology_->release(); }

  node::Topology& topology() { return *topology_; }
  const MemoryLog& log() const { return *log_; }

  void order(const std::string& text) {
    caf::anon_send(topology_->supervisor(),
                   messages::PassOnFault{FaultFixture::order_of(text)});
  }

private:
  node::NodeConfig config_;
  std::shared_ptr<prometheus::Registry> registry_
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log_ = std::make_shared<MemoryLog>();
  std::shared_ptr<node::Topology> topology_;
};

/// A node that has workers do its work, all on virtual time.
struct WorkerFixture : FaultFixture {
  std::shared_ptr<SimulatedNetwork> network
    = std::make_shared<SimulatedNetwork>();
  std::map<std::string, std::unique_ptr<SimulatedWorker>> helpers;
  bool gates_of_workers = false;

  WorkerFixture() {
    config.node.role = "ingest";
    config.link.enabled = true;
    auto setup = setup_of("ingest", logic::links::NodeRole::ingest);
    setup.targets = [] {
      std::vector<logic::links::DialPlan::Target> targets;
      for (const auto* name : {"w1", "w2"})
        targets.push_back({endpoint_of(name), true});
      return targets;
    };
    links = std::move(setup);
  }

  ~WorkerFixture() override {
    while (!helpers.empty())
      kill(helpers.begin()->first);
  }

  static logic::links::Endpoint endpoint_of(const std::string& name) {
    return {name, 9110};
  }

  node::LinkSetup setup_of(const std::string& name,
                           logic::links::NodeRole role) {
    node::LinkSetup setup;
    setup.self.cluster = "logins";
    setup.self.version = "0.4.0";
    setup.self.name = name;
    setup.self.role = role;
    setup.transport = network;
    setup.door = actors::spawn_door(sys, setup.keeper);
    setup.targets = [] {
      return std::vector<logic::links::DialPlan::Target>{};
    };
    setup.draw_incarnation = [this] { return ++drawn; };
    network->doors[endpoint_of(name)] = setup.door;
    return setup;
  }

  void add(const std::string& name) {
    helpers[name] = std::make_unique<SimulatedWorker>(
      sys, setup_of(name, logic::links::NodeRole::worker), gates_of_workers);
    run_until_idle();
  }

  /// Its process is gone, with all that is on its way to it.
  void kill(const std::string& name) {
    network->doors.erase(endpoint_of(name));
    auto worker = helpers.extract(name);
    worker.mapped()->begin_to_end();
    run_until_idle();
    worker.mapped()->end();
    run_until_idle();
  }

  /// Both partitions are here, and so are those workers.
  void begin_with(const std::vector<std::string>& names) {
    for (const auto& name : names)
      add(name);
    begin();
    pass(std::chrono::seconds{1});
    CAF_REQUIRE_EQUAL(metric("millrace_workers"),
                      static_cast<double>(names.size()));
  }

  double done_by_workers() const {
    return metric("millrace_worker_records_total");
  }
  double all_fed() const {
    double records = 0;
    for (const auto& [partition, next] : fed)
      records += static_cast<double>(next);
    return records;
  }

  std::uint64_t drawn = 0;
};

} // namespace millrace::tests
