#pragma once

#include "actors/interfaces.hpp"
#include "actors/supervision/background_task.hpp"
#include "actors/supervision/supervised.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/quiet_networks.hpp"
#include "logic/detection/state_store.hpp"
#include "logic/enrichment/geo_lookup.hpp"
#include "logic/intake/record_source.hpp"
#include "logic/recovery/dispatch_plan.hpp"
#include "logic/recovery/flight_recorder.hpp"
#include "node/config/node_config.hpp"
#include "node/links/link_setup.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::node {

/// What the actors need of the outside.
struct TopologyParameters {
  const NodeConfig& config;
  std::string node; ///< the name of this node, in dead letters and insights
  std::uint32_t workers = 1;
  /// Clients, also for those that replace failed ones.
  std::function<logic::Result<std::unique_ptr<logic::RecordSource>>()>
    open_source;
  std::function<logic::Result<std::unique_ptr<logic::RecordSink>>()> open_sink;
  /// One lookup per lane; empty where there is no database.
  std::function<std::unique_ptr<logic::GeoLookup>()> make_lookup;
  logic::detection::QuietNetworksSource quiet_networks; ///< empty: none
  /// Used instead of fitting one where not null.
  logic::detection::ModelPtr model;
  std::shared_ptr<logic::FlightRecorder> recorder; ///< may be null
  /// Null: what is known of users ends with the process.
  std::shared_ptr<logic::detection::StateStore> state_store{};
  std::map<std::string, actors::BackgroundTask> background; ///< by name
  std::optional<LinkSetup> links{}; ///< none: this node is alone
  /// Called when the node cannot go on, with the reason.
  std::function<void(std::string)> on_give_up;
  /// As `ConsumerParameters::end_node`.
  std::function<void(const logic::Error&)> end_node{};
  actors::Surroundings surroundings;
  bool supervisor_thread = true; ///< false under a deterministic scheduler
};

/// The actors of a node that others speak to.
class Topology {
public:
  virtual ~Topology() = default;

  virtual actors::SupervisorActor supervisor() const = 0;

  // Who was started last, though he may have died since; null before the first.
  // A worker has no consumer, dispatcher or producer.
  virtual actors::ConsumerActor consumer() const = 0;
  virtual actors::DispatcherActor dispatcher() const = 0;
  virtual actors::ProducerActor producer() const = 0;
  virtual actors::JudgementRouterActor
  judgement_router() const = 0; ///< or null
  virtual actors::InsightsActor insights() const = 0; ///< null if disabled
  virtual actors::LinksActor links() const = 0; ///< null without links
  virtual actors::RemoteLanesActor remote_lanes() const = 0; ///< or null
  virtual actors::LaneHostActor lane_host() const = 0; ///< null but of a worker
  virtual actors::StateKeeperActor state_keeper() const = 0; ///< or null
  virtual std::vector<actors::EnricherActor> enrichers() const = 0;

  /// The gates in front of the actors, by the names of these; none unless
  /// faults are injected.
  virtual std::vector<std::pair<std::string, caf::actor>> gates() const = 0;

  /// Lets go of all actors, which keep each other alive. Call it when the
  /// supervisor has ended.
  virtual void release() = 0;
};

/// Spawns the supervisor, and through it all actors of a node; the consumer
/// comes last and starts the flow.
std::shared_ptr<Topology> spawn_topology(caf::actor_system& system,
                                         TopologyParameters parameters);

} // namespace millrace::node
