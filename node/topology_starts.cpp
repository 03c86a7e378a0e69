#include "actors/anomaly_detector.hpp"
#include "actors/consumer.hpp"
#include "actors/dispatcher.hpp"
#include "actors/encoder.hpp"
#include "actors/enricher.hpp"
#include "actors/insights.hpp"
#include "actors/producer.hpp"
#include "actors/trainer.hpp"
#include "actors/validator.hpp"
#include "node/topology_cast.hpp"

#include <caf/send.hpp>

#include <utility>

/// How each actor is started and connected, the first and every further one.
namespace millrace::node {

using logic::Incarnation;

void Cast::describe_starts() {
  describe_core();
  if (!shards_.empty() && !parts_.model)
    describe_trainer();
  for (std::uint32_t shard = 0; shard != shards_.size(); ++shard)
    describe_shard(shard);
  for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
    describe_lane(lane);
  if (config_.insights.enabled)
    starts_["insights"] = [this](Incarnation) {
      return fill(insights_, actors::spawn_insights(
                               system_, {config_.insights, parts_.node,
                                         producer_.front, around()}));
    };
  for (const auto& [name, task] : parts_.background)
    starts_[name] = [this, task = task](Incarnation) {
      return logic::Result<caf::strong_actor_ptr>{
        caf::actor_cast<caf::strong_actor_ptr>(
          actors::spawn_background_task(system_, task))};
    };
}

void Cast::describe_core() {
  std::vector<actors::RolePtr<actors::ValidatorActor>> validators;
  std::vector<actors::RolePtr<actors::AnomalyDetectorActor>> detectors;
  for (const auto& lane : lanes_)
    validators.push_back(lane.validator.front);
  for (const auto& shard : shards_)
    detectors.push_back(shard.detector.front);

  starts_["dispatcher"] =
    [this, next = actors::dispatchers(
             system_, {static_cast<std::uint32_t>(config_.delivery.retry_limit),
                       consumer_.front, producer_.front, validators, detectors,
                       parts_.recorder, around()})](Incarnation incarnation) {
      auto started = next(incarnation);
      if (started)
        for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
          if (lanes_[lane].validator.role->holder())
            caf::anon_send(*started, attachment(lane, {}));
      return fill_and_compare(dispatcher_, std::move(started));
    };

  actors::ProducerParts producer;
  producer.delivery = config_.delivery;
  producer.provenance_header = config_.encoding.provenance_in_header();
  producer.insights_topic = !config_.kafka.insights_topic.empty();
  producer.node = parts_.node;
  producer.open_sink = parts_.open_sink;
  producer.dispatcher = dispatcher_.front;
  producer.surroundings = around();
  starts_["producer"] =
    [this, next = actors::producers(system_, std::move(producer))](
      Incarnation incarnation) {
      auto started = next(incarnation);
      if (started)
        for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
          caf::anon_send(*started,
                         messages::FenceLane{lane, lanes_[lane].incarnation});
      return fill_and_compare(producer_, std::move(started));
    };

  actors::ConsumerParts consumer;
  consumer.flow = config_.flow;
  consumer.delivery = config_.delivery;
  consumer.topic = config_.kafka.input_topic;
  consumer.open_source = parts_.open_source;
  consumer.dispatcher = dispatcher_.front;
  consumer.producer = producer_.front;
  consumer.detectors = detectors;
  consumer.surroundings = around();
  starts_["consumer"] =
    [this, next = actors::consumers(system_, std::move(consumer))](
      Incarnation incarnation) {
      return fill_and_compare(consumer_, next(incarnation));
    };
}

void Cast::describe_lane(std::uint32_t number) {
  std::vector<actors::RolePtr<actors::AnomalyDetectorActor>> detectors;
  for (const auto& shard : shards_)
    detectors.push_back(shard.detector.front);

  starts_[numbered("encoder", number)] = [this, number](Incarnation life) {
    auto& lane = lanes_[number];
    auto started = fill(
      lane.encoder,
      actors::spawn_encoder(system_, {config_.encoding, dispatcher_.front,
                                      producer_.front,
                                      mark_anew(number, "encoder"), around()}));
    renew_lane(number, life, "encoder");
    return started;
  };
  starts_[numbered("enricher", number)] = [this, number,
                                           detectors](Incarnation life) {
    auto& lane = lanes_[number];
    actors::EnricherParts parts{
      config_.insights,
      parts_.make_lookup ? parts_.make_lookup() : nullptr,
      dispatcher_.front,
      detectors,
      lane.encoder.front,
      config_.insights.enabled ? insights_.front : nullptr,
      mark_anew(number, "enricher"),
      around()};
    auto started = fill(lane.enricher,
                        actors::spawn_enricher(system_, std::move(parts)));
    renew_lane(number, life, "enricher");
    return started;
  };
  starts_[numbered("validator", number)] = [this, number](Incarnation life) {
    auto& lane = lanes_[number];
    auto started = fill(
      lane.validator,
      actors::spawn_validator(
        system_, {config_.validation, dispatcher_.front, lane.enricher.front,
                  mark_anew(number, "validator"), around()}));
    renew_lane(number, life, "validator");
    return started;
  };
}

/// A mark for the next actor of a stage. If the last one hangs in the middle of
/// a batch, its mark still shows which; of one that died it is blank.
actors::WorkMarkPtr Cast::mark_anew(std::uint32_t number,
                                    const std::string& stage) {
  auto& lane = lanes_[number];
  auto& mark = lane.marks[stage];
  if (mark)
    if (const auto culprit = mark->read())
      lane.culprits.push_back(*culprit);
  mark = std::make_shared<actors::WorkMark>();
  return mark;
}

/// The lane begins a new life with any of its stages: what the old one was at
/// is done again, and what it may still send does not count any more.
void Cast::renew_lane(std::uint32_t number, Incarnation incarnation,
                      const std::string& stage) {
  auto& lane = lanes_[number];
  lane.incarnation = incarnation;
  if (!lane.validator.role->holder())
    return; // not complete yet
  if (auto producer = producer_.role->holder())
    caf::anon_send(producer, messages::FenceLane{number, incarnation});
  if (auto dispatcher = dispatcher_.role->holder())
    caf::anon_send(dispatcher, attachment(number, stage));
}

messages::AttachLane Cast::attachment(std::uint32_t number,
                                      const std::string& stage) {
  auto& lane = lanes_[number];
  return {number, lane.incarnation, std::exchange(lane.culprits, {}), stage};
}

void Cast::describe_shard(std::uint32_t number) {
  actors::AnomalyDetectorParts parts{config_.detection,
                                     number,
                                     static_cast<std::uint32_t>(shards_.size()),
                                     parts_.model ? nullptr : trainer_.front,
                                     shards_[number].mark,
                                     around()};
  starts_[numbered("anomaly_detector", number)] =
    [this, number, next = actors::anomaly_detectors(system_, std::move(parts))](
      Incarnation life) -> logic::Result<caf::strong_actor_ptr> {
    auto& shard = shards_[number];
    auto started = next(life);
    if (!started)
      return started.error();
    // One may have come while nobody was there to take it.
    if (auto model = model_.get())
      caf::anon_send(*started, messages::UseForest{std::move(model)});
    auto filled = fill(shard.detector, std::move(*started));
    for (const auto& enricher : enrichers())
      caf::anon_send(enricher, messages::DetectorReplaced{shard.mark->read()});
    return filled;
  };
}

void Cast::describe_trainer() {
  starts_["trainer"] = [this](Incarnation) {
    return fill(trainer_,
                actors::spawn_trainer(
                  system_, {config_.detection,
                            [this](const logic::detection::ModelPtr& model) {
                              publish(model);
                            },
                            around()}));
  };
}

void Cast::publish(const logic::detection::ModelPtr& model) {
  model_.put(model);
  for (const auto& shard : shards_)
    if (auto detector = shard.detector.role->holder())
      caf::anon_send(detector, messages::UseForest{model});
}

} // namespace millrace::node
