#include "actors/links/link_keeper.hpp"
#include "actors/workers/lane_host.hpp"
#include "actors/workers/remote_lanes.hpp"
#include "messages/reconciliation.hpp"
#include "node/topology/supervised_topology.hpp"

#include <caf/send.hpp>

#include <cstdint>
#include <tuple>
#include <utility>

/// How those are started and connected that have to do with other nodes.
namespace millrace::node {

using logic::ActorKind;
using logic::Incarnation;

// -- Links --------------------------------------------------------------------

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::links>(std::uint32_t) {
  return [this](Incarnation) {
    const auto& setup = *parameters_.links;
    // Peers ask about logins, and speak about the work of lanes.
    const auto judge = [this] {
      return caf::actor_cast<caf::actor>(
        registrations_.current<ActorKind::judgement_router>());
    };
    const auto lanes = [this] {
      const auto host = registrations_.address<ActorKind::lane_host>();
      const auto remote = registrations_.address<ActorKind::remote_lanes>();
      return host ? caf::actor_cast<caf::actor>(host->current())
                  : caf::actor_cast<caf::actor>(remote->current());
    };
    auto keeper = actors::spawn_link_keeper(
      system_, {.self = setup.self,
                .draw_incarnation = setup.draw_incarnation,
                .transport = setup.transport,
                .door = setup.door,
                .targets = setup.targets,
                .watchers = {judge, lanes},
                .router = judge,
                .lanes = lanes,
                .answered_bytes = config_.flow.memory_plan().answered_bytes(),
                .surroundings = around()});
    setup.keeper->assign(keeper);
    return enroll<ActorKind::links>(std::move(keeper));
  };
}

// -- Work elsewhere, and for others -------------------------------------------

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::remote_lanes>(std::uint32_t) {
  return [this](Incarnation incarnation) {
    actors::RemoteLanesParameters parameters;
    parameters.incarnation = incarnation;
    parameters.first_lane = static_cast<std::uint32_t>(lanes_.size());
    parameters.shard_count = static_cast<std::uint32_t>(
      config_.detection.shards);
    parameters.dispatcher = registrations_.address<ActorKind::dispatcher>();
    parameters.producer = registrations_.address<ActorKind::producer>();
    parameters.router = registrations_.address<ActorKind::judgement_router>();
    parameters.links = registrations_.address<ActorKind::links>();
    parameters.address = registrations_.address<ActorKind::remote_lanes>();
    parameters.surroundings = around();
    return enroll<ActorKind::remote_lanes>(
      actors::spawn_remote_lanes(system_, std::move(parameters)));
  };
}

/// It understands of each of them what lanes say to it.
void SupervisedTopology::put_host_in_places(const caf::actor& host) {
  std::apply(
    [&host]<class... Handle>(
      const actors::RegisteredActorPtr<Handle>&... places) {
      (places->assign(caf::actor_cast<Handle>(host)), ...);
    },
    host_places_);
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::lane_host>(std::uint32_t) {
  return [this](Incarnation incarnation) {
    actors::LaneHostParameters parameters;
    parameters.incarnation = incarnation;
    parameters.limits = {
      static_cast<std::uint32_t>(lanes_.size()),
      static_cast<std::uint64_t>(config_.flow.memory_plan().in_flight_bytes()),
      config_.flow.largest_batch_bytes()};
    parameters.lanes = registrations_.addresses<logic::first_in_lane>();
    parameters.links = registrations_.address<ActorKind::links>();
    parameters.surroundings = around();
    auto host = actors::spawn_lane_host(system_, std::move(parameters));
    if (!config_.fault_injection.enabled)
      put_host_in_places(caf::actor_cast<caf::actor>(host));
    attach_lanes(host);
    auto enrolled = enroll<ActorKind::lane_host>(std::move(host));
    // What they asked the former one, nobody answers.
    for (const auto& enricher : enrichers())
      caf::anon_send(enricher, messages::RouterReplaced{});
    return enrolled;
  };
}

} // namespace millrace::node
