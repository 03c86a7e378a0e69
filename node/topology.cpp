#include "node/topology.hpp"

#include "actors/anomaly_detector.hpp"
#include "actors/consumer.hpp"
#include "actors/dispatcher.hpp"
#include "actors/encoder.hpp"
#include "actors/enricher.hpp"
#include "actors/guard.hpp"
#include "actors/insights.hpp"
#include "actors/producer.hpp"
#include "actors/trainer.hpp"
#include "actors/validator.hpp"

#include <caf/send.hpp>

#include <utility>

namespace millrace::node {

namespace {

/// Spawns the tree from its leaves up:
///
///     guard
///     ├── dispatcher      ├── producer        ├── insights
///     ├── trainer         ├── anomaly_detector (one per shard)
///     ├── lane n: validator ─► enricher ─► encoder
///     └── consumer
class Spawner {
public:
  Spawner(caf::actor_system& system, TopologyParts parts)
    : system_(system), parts_(std::move(parts)), config_(parts_.config),
      guard_(actors::spawn_guard(system, parts_.on_death)) {}

  Topology spawn() {
    topology_.dispatcher = guarded(
      "dispatcher",
      actors::spawn_dispatcher(
        system_,
        {static_cast<std::uint32_t>(config_.delivery.retry_limit), around()}));
    spawn_producer();
    spawn_insights();
    spawn_detectors();
    for (std::uint32_t lane = 0; lane != parts_.workers; ++lane)
      spawn_lane(lane);
    spawn_consumer();
    caf::anon_send(guard_, messages::GuardActors{topology_.actors});
    topology_.actors.push_back(
      {"guard", caf::actor_cast<caf::strong_actor_ptr>(guard_)});
    return std::move(topology_);
  }

private:
  void spawn_producer() {
    actors::ProducerParts parts;
    parts.delivery = config_.delivery;
    parts.provenance_header = config_.encoding.provenance_in_header();
    parts.insights_topic = !config_.kafka.insights_topic.empty();
    parts.node = parts_.node;
    parts.sink = std::move(parts_.sink);
    parts.dispatcher = topology_.dispatcher;
    parts.surroundings = around();
    topology_.producer = guarded(
      "producer", actors::spawn_producer(system_, std::move(parts)));
  }

  void spawn_insights() {
    if (!config_.insights.enabled)
      return;
    topology_.insights = guarded(
      "insights",
      actors::spawn_insights(system_, {config_.insights, parts_.node,
                                       topology_.producer, around()}));
  }

  void spawn_detectors() {
    if (!config_.detection.enabled)
      return;
    actors::TrainerActor trainer;
    if (!parts_.model)
      trainer = spawn_trainer();
    for (std::uint32_t shard = 0; shard != parts_.workers; ++shard)
      detectors_->push_back(
        guarded(numbered("anomaly_detector", shard),
                actors::spawn_anomaly_detector(system_, {config_.detection,
                                                         shard, parts_.workers,
                                                         trainer, around()})));
    if (parts_.model)
      publish(*detectors_, parts_.model);
  }

  actors::TrainerActor spawn_trainer() {
    // The detectors know the trainer, so it learns of them afterwards.
    return guarded("trainer",
                   actors::spawn_trainer(
                     system_, {config_.detection,
                               [detectors = detectors_](
                                 const logic::detection::ModelPtr& model) {
                                 publish(*detectors, model);
                               },
                               around()}));
  }

  static void publish(const std::vector<actors::AnomalyDetectorActor>& to,
                      const logic::detection::ModelPtr& model) {
    for (const auto& detector : to)
      caf::anon_send(detector, messages::UseForest{model});
  }

  void spawn_lane(std::uint32_t lane) {
    auto encoder = guarded(
      numbered("encoder", lane),
      actors::spawn_encoder(system_, {config_.encoding, topology_.dispatcher,
                                      topology_.producer, around()}));
    auto enricher = guarded(
      numbered("enricher", lane),
      actors::spawn_enricher(
        system_,
        {config_.insights, parts_.make_lookup ? parts_.make_lookup() : nullptr,
         topology_.dispatcher, *detectors_, std::move(encoder),
         topology_.insights, around()}));
    topology_.enrichers.push_back(enricher);
    auto validator = guarded(
      numbered("validator", lane),
      actors::spawn_validator(system_,
                              {config_.validation, topology_.dispatcher,
                               std::move(enricher), around()}));
    caf::anon_send(topology_.dispatcher,
                   messages::AttachLane{
                     lane, caf::actor_cast<caf::strong_actor_ptr>(validator)});
  }

  void spawn_consumer() {
    actors::ConsumerParts parts;
    parts.flow = config_.flow;
    parts.delivery = config_.delivery;
    parts.topic = config_.kafka.input_topic;
    parts.source = std::move(parts_.source);
    parts.dispatcher = topology_.dispatcher;
    parts.producer = topology_.producer;
    parts.detectors = *detectors_;
    parts.surroundings = around();
    topology_.consumer = guarded(
      "consumer", actors::spawn_consumer(system_, std::move(parts)));
  }

  static std::string numbered(const char* kind, std::uint32_t number) {
    return std::string{kind} + ' ' + std::to_string(number);
  }

  template <class Handle>
  Handle guarded(std::string name, Handle actor) {
    topology_.actors.push_back(
      {std::move(name), caf::actor_cast<caf::strong_actor_ptr>(actor)});
    return actor;
  }

  const actors::Surroundings& around() const { return parts_.surroundings; }

  caf::actor_system& system_;
  TopologyParts parts_;
  const NodeConfig& config_;
  actors::GuardActor guard_;
  std::shared_ptr<std::vector<actors::AnomalyDetectorActor>> detectors_
    = std::make_shared<std::vector<actors::AnomalyDetectorActor>>();
  Topology topology_;
};

} // namespace

Topology spawn_topology(caf::actor_system& system, TopologyParts parts) {
  return Spawner{system, std::move(parts)}.spawn();
}

} // namespace millrace::node
