#include "node/topology.hpp"

#include "actors/anomaly_detector.hpp"
#include "actors/consumer.hpp"
#include "actors/dispatcher.hpp"
#include "actors/encoder.hpp"
#include "actors/enricher.hpp"
#include "actors/fault_gate.hpp"
#include "actors/insights.hpp"
#include "actors/producer.hpp"
#include "actors/supervisor.hpp"
#include "actors/trainer.hpp"
#include "actors/validator.hpp"

#include <caf/send.hpp>

#include <mutex>
#include <optional>
#include <random>
#include <utility>

namespace millrace::node {

namespace {

using logic::Incarnation;
using logic::supervision::ChildSpec;
using logic::supervision::GroupSpec;
using logic::supervision::Member;
using logic::supervision::Restart;
using logic::supervision::Strategy;

std::string numbered(const char* kind, std::uint32_t number) {
  return std::string{kind} + ' ' + std::to_string(number);
}

/// A role, and who is spoken to instead of its holder: a gate where faults
/// are injected, else the same.
template <class Handle>
struct Post {
  actors::RolePtr<Handle> role = std::make_shared<actors::Role<Handle>>();
  actors::RolePtr<Handle> front = role;
};

template <class Handle>
std::vector<actors::RolePtr<Handle>>
fronts(const std::vector<Post<Handle>>& posts) {
  std::vector<actors::RolePtr<Handle>> result;
  result.reserve(posts.size());
  for (const auto& post : posts)
    result.push_back(post.front);
  return result;
}

/// The stages of one lane and what each is working on.
struct Lane {
  Post<actors::ValidatorActor> validator;
  Post<actors::EnricherActor> enricher;
  Post<actors::EncoderActor> encoder;
  std::map<std::string, actors::WorkMarkPtr> marks; ///< by kind of stage
  std::vector<logic::BatchId> culprits; ///< found since the last life began
  Incarnation incarnation;
};

struct Shard {
  Post<actors::AnomalyDetectorActor> detector;
  actors::WorkMarkPtr mark = std::make_shared<actors::WorkMark>();
};

/// The model in use, for detectors that begin later. Any thread.
class ModelShelf {
public:
  void put(logic::detection::ModelPtr model) {
    const std::lock_guard lock{mutex_};
    model_ = std::move(model);
  }
  logic::detection::ModelPtr get() const {
    const std::lock_guard lock{mutex_};
    return model_;
  }

private:
  mutable std::mutex mutex_;
  logic::detection::ModelPtr model_;
};

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

  GroupSpec tree() const {
    const auto& timing = config_.supervision;
    const auto working = timing.hang_deadline;
    const auto waiting = timing.client_hang_deadline;
    std::vector<Member> members{
      ChildSpec{.name = "dispatcher", .hang_deadline = working},
      ChildSpec{.name = "producer", .hang_deadline = waiting}};
    if (config_.insights.enabled)
      members.emplace_back(
        ChildSpec{.name = "insights", .hang_deadline = working});
    if (!shards_.empty())
      members.emplace_back(group("detection", shard_members()));
    for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
      members.emplace_back(group(
        numbered("lane", lane),
        {ChildSpec{.name = numbered("encoder", lane), .hang_deadline = working},
         ChildSpec{.name = numbered("enricher", lane),
                   .hang_deadline = working},
         ChildSpec{.name = numbered("validator", lane),
                   .hang_deadline = working}}));
    if (!parts_.background.empty())
      members.emplace_back(group("background", background_members()));
    members.emplace_back(
      ChildSpec{.name = "consumer", .hang_deadline = waiting});
    return group("node", std::move(members));
  }

  std::vector<Member> shard_members() const {
    std::vector<Member> members;
    if (!parts_.model)
      members.emplace_back(ChildSpec{.name = "trainer"}); // a fit takes long
    for (std::uint32_t shard = 0; shard != shards_.size(); ++shard)
      members.emplace_back(
        ChildSpec{.name = numbered("anomaly_detector", shard),
                  .hang_deadline = config_.supervision.hang_deadline});
    return members;
  }

  std::vector<Member> background_members() const {
    std::vector<Member> members;
    for (const auto& [name, task] : parts_.background)
      members.emplace_back(
        ChildSpec{.name = name, .restart = Restart::transient});
    return members;
  }

  GroupSpec group(std::string name, std::vector<Member> members) const {
    const auto& timing = config_.supervision;
    return {.name = std::move(name),
            .strategy = Strategy::one_for_one,
            .intensity
            = {static_cast<std::uint32_t>(timing.restart_limit),
               timing.restart_window},
            .back_off = {timing.restart_backoff, timing.restart_backoff_max},
            .members = std::move(members)};
  }

  // -- How each is started ----------------------------------------------------

  void describe_starts();
  void describe_core();
  void describe_lane(std::uint32_t lane);
  void describe_shard(std::uint32_t shard);
  void describe_trainer();

  template <class Handle>
  logic::Result<caf::strong_actor_ptr> fill(const Post<Handle>& post,
                                            Handle actor) {
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

  actors::WorkMarkPtr mark_anew(std::uint32_t lane, const std::string& stage);
  void renew_lane(std::uint32_t number, Incarnation incarnation,
                  const std::string& stage);
  messages::AttachLane attachment(std::uint32_t lane, const std::string& stage);
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

Cast::Cast(caf::actor_system& system, TopologyParts parts)
  : system_(system), parts_(std::move(parts)), config_(parts_.config),
    lanes_(parts_.workers) {
  if (config_.detection.enabled)
    shards_.resize(parts_.workers);
  model_.put(parts_.model);
  if (config_.fault_injection.enabled)
    place_gates();
  describe_starts();
  actors::SupervisorParts supervision;
  supervision.tree = tree();
  supervision.heartbeat
    = {config_.supervision.heartbeat_interval,
       static_cast<std::uint32_t>(config_.supervision.max_hung)};
  supervision.seed = std::hash<std::string>{}(parts_.node);
  supervision.starts = std::move(starts_);
  supervision.on_give_up = parts_.on_give_up;
  supervision.surroundings = around();
  supervision.own_thread = parts_.supervisor_thread;
  supervisor_ = actors::spawn_supervisor(system_, std::move(supervision));
}

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

  starts_["dispatcher"]
    = [this, next = actors::dispatchers(
               system_, {static_cast<std::uint32_t>(
                           config_.delivery.retry_limit),
                         consumer_.front, producer_.front, validators,
                         detectors, parts_.recorder, around()})](
        Incarnation incarnation) {
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
  starts_["producer"]
    = [this, next = actors::producers(system_, std::move(producer))](
        Incarnation incarnation) {
        auto started = next(incarnation);
        if (started)
          for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
            caf::anon_send(
              *started, messages::FenceLane{lane, lanes_[lane].incarnation});
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
  starts_["consumer"]
    = [this, next = actors::consumers(system_, std::move(consumer))](
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
      actors::spawn_encoder(system_,
                            {config_.encoding, dispatcher_.front,
                             producer_.front, mark_anew(number, "encoder"),
                             around()}));
    renew_lane(number, life, "encoder");
    return started;
  };
  starts_[numbered("enricher", number)]
    = [this, number, detectors](Incarnation life) {
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
        auto started = fill(lane.enricher, actors::spawn_enricher(
                                             system_, std::move(parts)));
        renew_lane(number, life, "enricher");
        return started;
      };
  starts_[numbered("validator", number)] = [this, number](Incarnation life) {
    auto& lane = lanes_[number];
    auto started = fill(
      lane.validator,
      actors::spawn_validator(system_, {config_.validation, dispatcher_.front,
                                        lane.enricher.front,
                                        mark_anew(number, "validator"),
                                        around()}));
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
  actors::AnomalyDetectorParts parts{
    config_.detection,
    number,
    static_cast<std::uint32_t>(shards_.size()),
    parts_.model ? nullptr : trainer_.front,
    shards_[number].mark,
    around()};
  starts_[numbered("anomaly_detector", number)]
    = [this, number,
       next = actors::anomaly_detectors(system_, std::move(parts))](
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

// -- Faults on purpose --------------------------------------------------------

template <class Handle>
void Cast::guard_with_gate(const std::string& name, Post<Handle>& post) {
  auto gate = actors::spawn_fault_gate(
    system_, {name,
              [role = post.role] {
                return caf::actor_cast<caf::strong_actor_ptr>(role->holder());
              },
              dispatcher_.role});
  post.front = std::make_shared<actors::Role<Handle>>();
  post.front->fill(caf::actor_cast<Handle>(gate));
  gates_.emplace_back(name, std::move(gate));
}

void Cast::place_gates() {
  guard_with_gate("consumer", consumer_);
  guard_with_gate("dispatcher", dispatcher_);
  guard_with_gate("producer", producer_);
  guard_with_gate("insights", insights_);
  guard_with_gate("trainer", trainer_);
  for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane) {
    guard_with_gate(numbered("validator", lane), lanes_[lane].validator);
    guard_with_gate(numbered("enricher", lane), lanes_[lane].enricher);
    guard_with_gate(numbered("encoder", lane), lanes_[lane].encoder);
  }
  for (std::uint32_t shard = 0; shard != shards_.size(); ++shard)
    guard_with_gate(numbered("anomaly_detector", shard),
                    shards_[shard].detector);
}

// -- The end ------------------------------------------------------------------

std::vector<actors::EnricherActor> Cast::enrichers() const {
  std::vector<actors::EnricherActor> result;
  for (const auto& lane : lanes_)
    if (auto enricher = lane.enricher.role->holder())
      result.push_back(std::move(enricher));
  return result;
}

template <class Handle>
void vacate(const Post<Handle>& post) {
  post.role->fill({});
  post.front->fill({});
}

void Cast::release() {
  for (const auto& [name, gate] : std::exchange(gates_, {}))
    caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
  vacate(consumer_);
  vacate(dispatcher_);
  vacate(producer_);
  vacate(insights_);
  vacate(trainer_);
  for (const auto& lane : lanes_) {
    vacate(lane.validator);
    vacate(lane.enricher);
    vacate(lane.encoder);
  }
  for (const auto& shard : shards_)
    vacate(shard.detector);
  supervisor_ = nullptr;
}

} // namespace

std::shared_ptr<Topology> spawn_topology(caf::actor_system& system,
                                         TopologyParts parts) {
  return std::make_shared<Cast>(system, std::move(parts));
}

} // namespace millrace::node
