#include "actors/delivery/dispatcher.hpp"
#include "actors/delivery/insights.hpp"
#include "actors/delivery/producer.hpp"
#include "actors/detection/state_keeper.hpp"
#include "actors/intake/consumer.hpp"
#include "actors/stages/anomaly_detector.hpp"
#include "actors/stages/encoder.hpp"
#include "actors/stages/enricher.hpp"
#include "actors/stages/judgement_router.hpp"
#include "actors/stages/trainer.hpp"
#include "actors/stages/validator.hpp"
#include "logic/detection/login_rows.hpp"
#include "logic/detection/model.hpp"
#include "messages/detection.hpp"
#include "messages/reconciliation.hpp"
#include "messages/workers.hpp"
#include "node/topology/supervised_topology.hpp"

#include <caf/send.hpp>

#include <utility>

/// How each actor is started and connected, the first and every further one.
namespace millrace::node {

using logic::ActorKind;
using logic::Incarnation;

template <ActorKind kind>
logic::Result<caf::strong_actor_ptr> SupervisedTopology::enroll_and_reconcile(
  logic::Result<actors::ActorOf<kind>> actor) {
  if (!actor)
    return actor.error();
  auto enrolled = enroll<kind>(std::move(*actor));
  if (auto dispatcher = this->dispatcher())
    caf::anon_send(dispatcher, messages::Reconcile{});
  return enrolled;
}

// -- Intake and delivery ------------------------------------------------------

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::consumer>(std::uint32_t) {
  actors::ConsumerParameters parameters;
  parameters.flow = config_.flow;
  parameters.delivery = config_.delivery;
  parameters.topic = config_.kafka.input_topic;
  parameters.open_source = parameters_.open_source;
  parameters.end_node = parameters_.end_node;
  parameters.dispatcher = registrations_.address<ActorKind::dispatcher>();
  parameters.producer = registrations_.address<ActorKind::producer>();
  parameters.router = registrations_.address<ActorKind::judgement_router>();
  parameters.surroundings = around();
  return [this, next = actors::consumers(system_, std::move(parameters))](
           Incarnation incarnation) {
    return enroll_and_reconcile<ActorKind::consumer>(next(incarnation));
  };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::dispatcher>(std::uint32_t) {
  actors::DispatcherParameters parameters;
  parameters.retry_limit = static_cast<std::uint32_t>(
    config_.delivery.retry_limit);
  parameters.lanes_bytes = config_.flow.memory_plan().lanes_bytes();
  parameters.consumer = registrations_.address<ActorKind::consumer>();
  parameters.producer = registrations_.address<ActorKind::producer>();
  parameters.lanes = registrations_.addresses<logic::first_in_lane>();
  parameters.router = registrations_.address<ActorKind::judgement_router>();
  parameters.recorder = parameters_.recorder;
  parameters.surroundings = around();
  return [this, next = actors::dispatchers(system_, std::move(parameters))](
           Incarnation incarnation) {
    auto started = next(incarnation);
    if (started)
      attach_lanes(*started);
    auto enrolled = enroll_and_reconcile<ActorKind::dispatcher>(
      std::move(started));
    if (auto lanes = remote_lanes())
      caf::anon_send(lanes, messages::RepeatLanes{});
    return enrolled;
  };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::producer>(std::uint32_t) {
  actors::ProducerParameters parameters;
  parameters.delivery = config_.delivery;
  parameters.provenance_header = config_.encoding.provenance_in_header();
  parameters.insights_topic = !config_.kafka.insights_topic.empty();
  parameters.node = parameters_.node;
  parameters.max_queued_dead_letters
    = config_.flow.memory_plan().queued_dead_letters();
  parameters.open_sink = parameters_.open_sink;
  parameters.consumer = registrations_.address<ActorKind::consumer>();
  parameters.dispatcher = registrations_.address<ActorKind::dispatcher>();
  parameters.surroundings = around();
  return [this, next = actors::producers(system_, std::move(parameters))](
           Incarnation incarnation) {
    auto started = next(incarnation);
    if (started)
      for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
        caf::anon_send(*started,
                       messages::FenceLane{lane, lanes_[lane].incarnation});
    auto enrolled = enroll_and_reconcile<ActorKind::producer>(
      std::move(started));
    if (auto lanes = remote_lanes())
      caf::anon_send(lanes, messages::RepeatLanes{});
    return enrolled;
  };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::insights>(std::uint32_t) {
  return [this](Incarnation) {
    return enroll<ActorKind::insights>(actors::spawn_insights(
      system_, {config_.insights, parameters_.node,
                place<ActorKind::producer>(), around()}));
  };
}

// -- Lanes --------------------------------------------------------------------

template <ActorKind kind, class Spawn>
actors::ChildStart
SupervisedTopology::lane_starter(std::uint32_t lane, Spawn spawn) {
  return [this, lane, spawn = std::move(spawn)](Incarnation incarnation) {
    constexpr auto next = logic::next_in_lane(kind);
    actors::LanePlace<kind> place;
    place.dispatcher = this->place<ActorKind::dispatcher>();
    if constexpr (logic::is_numbered(next))
      place.next = registrations_.at<next>(lane).address;
    else
      place.next = this->place<next>();
    place.mark = renew_mark(lane, kind);
    place.surroundings = around();
    auto enrolled = enroll<kind>(spawn(std::move(place)), lane);
    renew_lane(lane, incarnation, kind);
    return enrolled;
  };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::validator>(std::uint32_t number) {
  return lane_starter<ActorKind::validator>(number, [this](auto place) {
    return actors::spawn_validator(
      system_, {config_.validation, config_.detection.outcome,
                config_.encoding.member_prefix, std::move(place)});
  });
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::enricher>(std::uint32_t number) {
  return lane_starter<ActorKind::enricher>(number, [this](auto place) {
    return actors::spawn_enricher(
      system_,
      {config_.insights,
       parameters_.make_lookup ? parameters_.make_lookup() : nullptr,
       parameters_.quiet_networks,
       config_.detection.enabled ? this->place<ActorKind::judgement_router>()
                                 : nullptr,
       config_.detection, registrations_.address<ActorKind::insights>(),
       std::move(place)});
  });
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::encoder>(std::uint32_t number) {
  return lane_starter<ActorKind::encoder>(number, [this](auto place) {
    return actors::spawn_encoder(system_, {config_.encoding, std::move(place)});
  });
}

/// Whether each stage of the lane was started at least once.
bool SupervisedTopology::is_complete(std::uint32_t lane) {
  bool complete = true;
  registrations_.for_each([&]<ActorKind kind>(const std::string&,
                                              std::uint32_t number,
                                              const auto& registration) {
    if (logic::traits_of(kind).group == logic::ActorGroup::lane
        && number == lane && !registration.registered->current())
      complete = false;
  });
  return complete;
}

/// A mark for the next actor of a stage. If the last one hangs in the middle of
/// a batch, its mark still shows which; of one that died it is blank.
actors::WorkMarkPtr SupervisedTopology::renew_mark(std::uint32_t number,
                                                   ActorKind kind) {
  auto& lane = lanes_[number];
  auto& mark = lane.marks[static_cast<std::size_t>(kind)];
  if (mark)
    if (const auto suspect = mark->read())
      lane.suspects.push_back(*suspect);
  mark = std::make_shared<actors::WorkMark>();
  return mark;
}

/// The lane begins a new life with any of its stages: what the old one was at
/// is done again, and what it may still send does not count any more.
void SupervisedTopology::renew_lane(std::uint32_t number,
                                    Incarnation incarnation, ActorKind kind) {
  lanes_[number].incarnation = incarnation;
  if (!is_complete(number))
    return;
  if (auto producer = this->producer())
    caf::anon_send(producer, messages::FenceLane{number, incarnation});
  auto news = attachment(number, std::string{logic::name_of(kind)});
  if (auto dispatcher = this->dispatcher())
    caf::anon_send(dispatcher, std::move(news));
  else if (auto host = lane_host())
    caf::anon_send(host, std::move(news));
}

messages::AttachLane SupervisedTopology::attachment(std::uint32_t number,
                                                    std::string stage) {
  auto& lane = lanes_[number];
  messages::AttachLane order;
  order.lane = number;
  order.incarnation = lane.incarnation;
  order.suspects = std::exchange(lane.suspects, {});
  order.stage = std::move(stage);
  order.window_bytes = config_.flow.lane_window_bytes(lanes_.size());
  order.reserve = config_.node.computes_in_reserve();
  return order;
}

// -- Detection ----------------------------------------------------------------

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::anomaly_detector>(std::uint32_t number) {
  actors::AnomalyDetectorParameters parameters{
    config_.detection,
    number,
    static_cast<std::uint32_t>(detector_marks_.size()),
    registrations_.address<ActorKind::trainer>(),
    detector_marks_[number],
    registrations_.address<ActorKind::state_keeper>(),
    around()};
  return [this, number,
          next = actors::anomaly_detectors(system_, std::move(parameters))](
           Incarnation incarnation) -> logic::Result<caf::strong_actor_ptr> {
    auto started = next(incarnation);
    if (!started)
      return started.error();
    // One may have come while nobody was there to take it.
    if (auto model = model_.get())
      caf::anon_send(*started, messages::UseForest{std::move(model)});
    auto enrolled = enroll<ActorKind::anomaly_detector>(std::move(*started),
                                                        number);
    const messages::DetectorReplaced news{number,
                                          detector_marks_[number]->read()};
    if (auto asker = registrations_.current<ActorKind::judgement_router>())
      caf::anon_send(asker, news);
    if (auto keeper = state_keeper())
      caf::anon_send(keeper, news);
    return enrolled;
  };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::state_keeper>(std::uint32_t) {
  actors::StateKeeperParameters parameters;
  parameters.config = config_.detection;
  parameters.store = parameters_.state_store;
  parameters.detectors
    = registrations_.addresses<ActorKind::anomaly_detector>();
  parameters.router = registrations_.address<ActorKind::judgement_router>();
  parameters.links = registrations_.address<ActorKind::links>();
  parameters.surroundings = around();
  return [this, next = actors::state_keepers(system_, std::move(parameters))](
           Incarnation incarnation) -> logic::Result<caf::strong_actor_ptr> {
    auto started = next(incarnation);
    if (!started)
      return started.error();
    return enroll<ActorKind::state_keeper>(std::move(*started));
  };
}

std::uint64_t SupervisedTopology::detector_window_bytes() const {
  const auto largest_rows_bytes = static_cast<std::uint64_t>(
                                    config_.flow.batch_max_records)
                                  * (sizeof(logic::detection::LoginRow)
                                     + sizeof(logic::detection::AddressRow));
  return config_.flow.memory_plan().detector_window_bytes(
    detector_marks_.size(), largest_rows_bytes);
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::judgement_router>(std::uint32_t) {
  actors::JudgementRouterParameters parameters;
  parameters.shard_count = static_cast<std::uint32_t>(config_.detection.shards);
  parameters.owns_all = parameters_.state_store == nullptr;
  parameters.wait = config_.detection.wait;
  const auto memory = config_.flow.memory_plan();
  parameters.asked_bytes = memory.asked_bytes();
  parameters.owed_bytes = memory.owed_rows_bytes();
  parameters.links = registrations_.address<ActorKind::links>();
  parameters.detectors
    = registrations_.addresses<ActorKind::anomaly_detector>();
  parameters.detector_window_bytes = detector_window_bytes();
  parameters.dispatcher = registrations_.address<ActorKind::dispatcher>();
  parameters.surroundings = around();
  return
    [this, next = actors::judgement_routers(system_, std::move(parameters))](
      Incarnation incarnation) -> logic::Result<caf::strong_actor_ptr> {
      auto started = next(incarnation);
      if (!started)
        return started.error();
      auto enrolled = enroll<ActorKind::judgement_router>(std::move(*started));
      // Which shards are here, it is told by whoever was there before it.
      if (auto keeper = state_keeper())
        caf::anon_send(keeper, messages::ClientReady{});
      for (const auto& enricher : enrichers())
        caf::anon_send(enricher, messages::RouterReplaced{});
      if (auto lanes = remote_lanes())
        caf::anon_send(lanes, messages::RouterReplaced{});
      return enrolled;
    };
}

template <>
actors::ChildStart
SupervisedTopology::starter<ActorKind::trainer>(std::uint32_t) {
  return [this](Incarnation) {
    return enroll<ActorKind::trainer>(actors::spawn_trainer(
      system_,
      {config_.detection,
       [this](const logic::detection::ModelPtr& model) { publish(model); },
       around()}));
  };
}

void SupervisedTopology::publish(const logic::detection::ModelPtr& model) {
  model_.put(model);
  for (const auto& each : registrations_.all<ActorKind::anomaly_detector>())
    if (auto detector = each.registered->current())
      caf::anon_send(detector, messages::UseForest{model});
}

// -- All of them --------------------------------------------------------------

void SupervisedTopology::describe_starts() {
  registrations_.for_each(
    [this]<ActorKind kind>(const std::string& name, std::uint32_t number,
                           auto&) { starts_[name] = starter<kind>(number); });
  for (const auto& [name, task] : parameters_.background)
    starts_[name] = [this, task = task](Incarnation) {
      return logic::Result<caf::strong_actor_ptr>{
        caf::actor_cast<caf::strong_actor_ptr>(
          actors::spawn_background_task(system_, task))};
    };
}

} // namespace millrace::node
