#pragma once

#include "actors/stages/stage.hpp"
#include "actors/supervision/supervisor.hpp"
#include "logic/detection/model.hpp"
#include "messages/reconciliation.hpp"
#include "node/topology/current_model.hpp"
#include "node/topology/registrations.hpp"
#include "node/topology/topology.hpp"

#include <caf/send.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Internal to the topology.
namespace millrace::node {

/// What a lane is working on, whoever its stages are at the moment.
struct Lane {
  std::array<actors::WorkMarkPtr, logic::actor_kind_count> marks;
  std::vector<logic::BatchId> suspects; ///< found since the last life began
  logic::Incarnation incarnation;
};

/// All actors of a node, how each is started, and who supervises whom. The
/// lists that this takes follow from `logic::actor_table`; what is particular
/// to a kind is its `starter`.
class SupervisedTopology final : public Topology {
public:
  SupervisedTopology(caf::actor_system& system, TopologyParameters parameters);

  actors::SupervisorActor supervisor() const override { return supervisor_; }
  actors::ConsumerActor consumer() const override {
    return registrations_.current<logic::ActorKind::consumer>();
  }
  actors::DispatcherActor dispatcher() const override {
    return registrations_.current<logic::ActorKind::dispatcher>();
  }
  actors::ProducerActor producer() const override {
    return registrations_.current<logic::ActorKind::producer>();
  }
  actors::JudgementRouterActor judgement_router() const override {
    return registrations_.current<logic::ActorKind::judgement_router>();
  }
  actors::InsightsActor insights() const override {
    return registrations_.current<logic::ActorKind::insights>();
  }
  actors::LinksActor links() const override {
    return registrations_.current<logic::ActorKind::links>();
  }
  actors::RemoteLanesActor remote_lanes() const override {
    return registrations_.current<logic::ActorKind::remote_lanes>();
  }
  actors::LaneHostActor lane_host() const override {
    return registrations_.current<logic::ActorKind::lane_host>();
  }
  actors::StateKeeperActor state_keeper() const override {
    return registrations_.current<logic::ActorKind::state_keeper>();
  }
  std::vector<actors::EnricherActor> enrichers() const override;
  std::vector<std::pair<std::string, caf::actor>> gates() const override {
    return gates_;
  }
  void release() override;

private:
  // -- Who supervises whom ----------------------------------------------------

  logic::NodeShape shape() const;
  logic::supervision::GroupSpec tree() const;
  std::vector<logic::supervision::Member>
  members_of(const logic::GroupTraits& group, std::uint32_t lane) const;
  logic::supervision::ChildSpec child(logic::ActorKind kind,
                                      std::uint32_t number) const;
  logic::supervision::GroupSpec
  group(std::string name,
        std::vector<logic::supervision::Member> members) const;

  // -- Who stands where
  // ---------------------------------------------------------

  /// Of a worker the host of the lanes stands where others have the actor of
  /// that kind.
  template <logic::ActorKind kind>
  actors::RegisteredActorPtr<actors::ActorOf<kind>> place() const {
    const auto& host
      = std::get<actors::RegisteredActorPtr<actors::ActorOf<kind>>>(
        host_places_);
    return host ? host : registrations_.address<kind>();
  }
  void put_host_in_places(const caf::actor& host);

  // -- How each is started ----------------------------------------------------

  void describe_starts();

  /// How an actor of the kind is started; the number is that of its lane or
  /// of the detector. Specialised for each kind in actor_starts.cpp and
  /// link_starts.cpp.
  template <logic::ActorKind kind>
  actors::ChildStart starter(std::uint32_t number);

  /// For a stage of a lane; `spawn` makes the actor from its place there.
  template <logic::ActorKind kind, class Spawn>
  actors::ChildStart lane_starter(std::uint32_t lane, Spawn spawn);

  template <logic::ActorKind kind>
  logic::Result<caf::strong_actor_ptr>
  enroll(actors::ActorOf<kind> actor, std::uint32_t number = 0) {
    auto pointer = caf::actor_cast<caf::strong_actor_ptr>(actor);
    registrations_.at<kind>(number).registered->assign(std::move(actor));
    return pointer;
  }

  /// After the start of an actor whose mailbox held what others wait for.
  template <logic::ActorKind kind>
  logic::Result<caf::strong_actor_ptr>
  enroll_and_reconcile(logic::Result<actors::ActorOf<kind>> actor);

  /// Tells whoever was started of all lanes that are there.
  template <class Actor>
  void attach_lanes(const Actor& actor) {
    for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
      if (is_complete(lane))
        caf::anon_send(actor, attachment(lane, {}));
  }
  bool is_complete(std::uint32_t lane);
  actors::WorkMarkPtr renew_mark(std::uint32_t number, logic::ActorKind kind);
  void renew_lane(std::uint32_t number, logic::Incarnation incarnation,
                  logic::ActorKind kind);
  std::uint64_t detector_window_bytes() const;
  messages::AttachLane attachment(std::uint32_t number, std::string stage);
  void publish(const logic::detection::ModelPtr& model);
  void place_gates();

  const actors::Surroundings& around() const {
    return parameters_.surroundings;
  }

  caf::actor_system& system_;
  TopologyParameters parameters_;
  const NodeConfig& config_;
  Registrations registrations_;
  std::vector<Lane> lanes_;
  std::tuple<actors::RegisteredActorPtr<actors::DispatcherActor>,
             actors::RegisteredActorPtr<actors::JudgementRouterActor>,
             actors::RegisteredActorPtr<actors::ProducerActor>>
    host_places_; ///< null but of a worker
  std::vector<actors::WorkMarkPtr> detector_marks_;
  CurrentModel model_;
  std::map<std::string, actors::ChildStart> starts_;
  std::vector<std::pair<std::string, caf::actor>> gates_;
  actors::SupervisorActor supervisor_;
};

template <>
actors::ChildStart
  SupervisedTopology::starter<logic::ActorKind::links>(std::uint32_t);
template <>
actors::ChildStart
  SupervisedTopology::starter<logic::ActorKind::remote_lanes>(std::uint32_t);
template <>
actors::ChildStart
  SupervisedTopology::starter<logic::ActorKind::lane_host>(std::uint32_t);

} // namespace millrace::node
