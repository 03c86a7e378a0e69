#pragma once

#include "actors/supervisor.hpp"
#include "node/topology.hpp"
#include "node/topology_posts.hpp"

/// Internal to the topology.
namespace millrace::node {

/// All actors by role, how each is started, and who supervises whom.
class Cast final : public Topology {
public:
  Cast(caf::actor_system& system, TopologyParts parts);

  actors::SupervisorActor supervisor() const override { return supervisor_; }
  actors::ConsumerActor consumer() const override {
    return consumer_.role->holder();
  }
  actors::DispatcherActor dispatcher() const override {
    return dispatcher_.role->holder();
  }
  actors::ProducerActor producer() const override {
    return producer_.role->holder();
  }
  actors::InsightsActor insights() const override {
    return insights_.role->holder();
  }
  std::vector<actors::EnricherActor> enrichers() const override;
  std::vector<std::pair<std::string, caf::actor>> gates() const override {
    return gates_;
  }
  void release() override;

private:
  // -- Who supervises whom ----------------------------------------------------

  logic::supervision::GroupSpec tree() const;
  std::vector<logic::supervision::Member> shard_members() const;
  std::vector<logic::supervision::Member> background_members() const;
  logic::supervision::GroupSpec
  group(std::string name,
        std::vector<logic::supervision::Member> members) const;

  // -- How each is started ----------------------------------------------------

  void describe_starts();
  void describe_core();
  void describe_lane(std::uint32_t number);
  void describe_shard(std::uint32_t number);
  void describe_trainer();

  template <class Handle>
  logic::Result<caf::strong_actor_ptr>
  fill(const Post<Handle>& post, Handle actor) {
    auto pointer = caf::actor_cast<caf::strong_actor_ptr>(actor);
    post.role->fill(std::move(actor));
    return pointer;
  }

  /// After the start of an actor whose mailbox held what others wait for.
  template <class Handle>
  logic::Result<caf::strong_actor_ptr>
  fill_and_compare(const Post<Handle>& post, logic::Result<Handle> actor) {
    if (!actor)
      return actor.error();
    auto filled = fill(post, std::move(*actor));
    if (auto dispatcher = dispatcher_.role->holder())
      caf::anon_send(dispatcher, messages::CompareNotes{});
    return filled;
  }

  actors::WorkMarkPtr mark_anew(std::uint32_t number, const std::string& stage);
  void renew_lane(std::uint32_t number, logic::Incarnation incarnation,
                  const std::string& stage);
  messages::AttachLane attachment(std::uint32_t number,
                                  const std::string& stage);
  void publish(const logic::detection::ModelPtr& model);

  template <class Handle>
  void guard_with_gate(const std::string& name, Post<Handle>& post);
  void place_gates();

  const actors::Surroundings& around() const { return parts_.surroundings; }

  caf::actor_system& system_;
  TopologyParts parts_;
  const NodeConfig& config_;
  Post<actors::ConsumerActor> consumer_;
  Post<actors::DispatcherActor> dispatcher_;
  Post<actors::ProducerActor> producer_;
  Post<actors::InsightsActor> insights_;
  Post<actors::TrainerActor> trainer_;
  std::vector<Lane> lanes_;
  std::vector<Shard> shards_;
  ModelShelf model_;
  std::map<std::string, actors::ChildStart> starts_;
  std::vector<std::pair<std::string, caf::actor>> gates_;
  actors::SupervisorActor supervisor_;
};

} // namespace millrace::node
