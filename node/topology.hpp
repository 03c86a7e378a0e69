#pragma once

#include "actors/interfaces.hpp"
#include "actors/stage.hpp"
#include "logic/detection/model.hpp"
#include "node/config/node_config.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace::node {

/// What the actors need of the outside.
struct TopologyParts {
  const NodeConfig& config;
  std::string node; ///< the name of this node, in dead letters and insights
  std::uint32_t workers = 1;
  std::unique_ptr<logic::RecordSource> source;
  std::unique_ptr<logic::RecordSink> sink;
  /// One lookup per lane; empty where there is no database.
  std::function<std::unique_ptr<logic::GeoLookup>()> make_lookup;
  /// Used instead of fitting one where not null.
  logic::detection::ModelPtr model;
  /// Called when an actor dies without which the node cannot go on.
  std::function<void(std::string)> on_death;
  actors::Surroundings surroundings;
};

/// The actors of a node that others speak to.
struct Topology {
  actors::ConsumerActor consumer;
  actors::DispatcherActor dispatcher;
  actors::ProducerActor producer;
  actors::InsightsActor insights; ///< null if disabled
  std::vector<actors::EnricherActor> enrichers; ///< one per lane
  /// All of them. Actors that know each other keep each other alive: whoever
  /// owns the topology tells each to exit in the end.
  std::vector<messages::NamedActor> actors;
};

/// Spawns and connects all actors of a node; the consumer comes last and
/// starts the flow.
Topology spawn_topology(caf::actor_system& system, TopologyParts parts);

} // namespace millrace::node
