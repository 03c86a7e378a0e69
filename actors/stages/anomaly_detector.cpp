#include "actors/stages/anomaly_detector.hpp"

#include "logic/delivery/forgotten_epochs.hpp"
#include "logic/delivery/resequencer.hpp"
#include "logic/detection/detector.hpp"
#include "logic/records/partition_offset.hpp"
#include "messages/detection.hpp"
#include "messages/pipeline.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>

namespace millrace::actors {

namespace {

class AnomalyDetector {
public:
  static inline const char* name
    = name_of(logic::ActorKind::anomaly_detector).data();

  explicit AnomalyDetector(AnomalyDetectorParameters parameters)
    : parameters_(std::move(parameters)),
      detector_(parameters_.config, parameters_.shard,
                parameters_.shard_count) {}

  void begin(AnomalyDetectorActor::pointer self) {
    self_ = self;
    // Whoever waits for an answer asks again.
    for (auto& [held, order] : resequencers_)
      order.drop_waiting();
  }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static AnomalyDetectorActor::behavior_type behavior(Actor& actor) {
    return {
      // All detectors share one message: it must not be moved from.
      actor.handle_with(&AnomalyDetector::take_in),
      actor.handle_with(&AnomalyDetector::use_forest),
      actor.handle_with(&AnomalyDetector::advance_sequence),
      actor.handle_with(&AnomalyDetector::forget),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  using Promise = caf::typed_response_promise<messages::BatchJudged>;

  struct Waiting {
    logic::BatchId id;
    logic::EnrichedBatchPtr batch;
    Promise promise;
  };

  void forget(const messages::ForgetPartitions& order) {
    for (const auto& partition : order.partitions) {
      forgotten_.add(partition);
      resequencers_.erase(partition);
      if (order.logs_restarted)
        detector_.forget_offsets(partition.partition);
    }
    if (order.logs_restarted && order.partitions.empty())
      detector_.forget_offsets(std::nullopt);
  }

  /// Lanes finish in any order; what a user did must be seen in the order in
  /// which it stands in the partition.
  caf::result<messages::BatchJudged>
  take_in(const messages::JudgeBatch& order) {
    const auto& ticket = order.ticket;
    if (forgotten_.contains(ticket.partition, ticket.epoch))
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "the partition was given back");
    auto promise = self_->make_response_promise<messages::BatchJudged>();
    Waiting waiting{ticket.id, order.batch, promise};
    // A repeat is judged at once: the state knows which offsets it has seen.
    if (!resequencers_[{ticket.partition, ticket.epoch}].offer(
          ticket, std::move(waiting), [this](Waiting due) { judge(due); }))
      judge(waiting);
    return promise;
  }

  void advance_sequence(const messages::AdvanceSequence& news) {
    const auto found = resequencers_.find(news.advance.held);
    if (found != resequencers_.end())
      found->second.advance(news.advance.place,
                            [this](Waiting due) { judge(due); });
  }

  void judge(Waiting& due) {
    try {
      const WorkMark::During during{*parameters_.mark, due.id};
      auto judgements = std::make_shared<logic::ShardJudgements>(
        detector_.judge(*due.batch));
      count(*judgements, *due.batch);
      due.promise.deliver(messages::BatchJudged{std::move(judgements)});
    } catch (const std::exception& error) {
      due.promise.deliver(
        caf::make_error(logic::ErrorCode::stage_failed, error.what()));
      return;
    }
    offer_samples();
  }

  void use_forest(const messages::UseForest& order) {
    detector_.use_forest(order.model);
    if (parameters_.shard == 0) {
      parameters_.surroundings.metrics->set_model(order.model->info.id);
      parameters_.surroundings.log->info(
        "anomaly_detector", "using a model",
        {{"model", order.model->info.id},
         {"threshold", order.model->info.threshold},
         {"training_rows", order.model->info.training_rows}});
    }
  }

  /// The first share as soon as it is large enough, later ones in the
  /// rhythm of the refits.
  void offer_samples() {
    const auto share = static_cast<std::uint64_t>(
                         parameters_.config.first_fit_after)
                       / parameters_.shard_count;
    if (!parameters_.trainer || detector_.sampled_from() < share)
      return;
    const auto now = self_->clock().now();
    if (next_offer_ && now < *next_offer_)
      return;
    next_offer_ = now + parameters_.config.refit_interval;
    tell(self_, parameters_.trainer,
         messages::TrainForest{std::make_shared<const std::vector<float>>(
           detector_.take_samples())});
  }

  void count(const logic::ShardJudgements& judgements,
             const logic::EnrichedBatch& batch) {
    auto& metrics = *parameters_.surroundings.metrics;
    const auto counts = detector_.counts();
    for (std::size_t index = 0; index != logic::rule_count; ++index)
      if (const auto fired = counts.fired[index] - counted_.fired[index])
        metrics.anomalies[static_cast<logic::Rule>(index)].Increment(
          static_cast<double>(fired));
    for (std::size_t index = 0; index != logic::rule_count; ++index)
      if (const auto low = counts.low[index] - counted_.low[index])
        metrics.low_findings[static_cast<logic::Rule>(index)].Increment(
          static_cast<double>(low));
    // A gauge over all shards: each adds its own change.
    metrics.detector_users.Increment(static_cast<double>(counts.users)
                                     - static_cast<double>(counted_.users));
    metrics.detector_users_evicted.Increment(
      static_cast<double>(counts.evictions - counted_.evictions));
    metrics.detector_addresses.Increment(
      static_cast<double>(counts.addresses)
      - static_cast<double>(counted_.addresses));
    metrics.detector_addresses_evicted.Increment(static_cast<double>(
      counts.address_evictions - counted_.address_evictions));
    counted_ = counts;
    log_anomalies(judgements, batch);
  }

  /// Names rules and reasons; who it was stands in the output record alone, and
  /// here by a pseudonym where there is a key.
  void log_anomalies(const logic::ShardJudgements& judgements,
                     const logic::EnrichedBatch& batch) {
    if (!parameters_.surroundings.log->enabled(logic::LogLevel::debug))
      return;
    for (const auto& finding : judgements.findings)
      log_finding(finding, batch);
    for (const auto& finding : judgements.address_findings)
      log_finding(finding, batch);
  }

  void log_finding(const logic::Finding& finding,
                   const logic::EnrichedBatch& batch) {
    const auto& raw = *batch.validated->raw;
    const auto& event = batch.validated->events[finding.event];
    const auto& pseudonyms = parameters_.surroundings.pseudonyms;
    parameters_.surroundings.log->limited(
      self_->clock().now(), logic::LogLevel::debug, name, "unusual login",
      {{"topic", raw.topic()},
       {"partition", raw.partition()},
       {"offset", raw[event.record].offset},
       {"rule", to_string(finding.rule)},
       {"severity", to_string(finding.severity)},
       {"detail", finding.text},
       {"user",
        pseudonyms ? pseudonyms->pseudonym_of(event.user_id) : std::string{}}});
  }

  AnomalyDetectorActor::pointer self_ = nullptr;
  AnomalyDetectorParameters parameters_;
  logic::detection::Detector detector_;
  logic::detection::DetectorCounts counted_;
  std::optional<caf::actor_clock::time_point> next_offer_;
  std::map<logic::PartitionEpoch, logic::Resequencer<Waiting>> resequencers_;
  logic::ForgottenEpochs forgotten_;
};

} // namespace

SuccessorFactory<AnomalyDetectorActor>
anomaly_detectors(caf::actor_system& system,
                  AnomalyDetectorParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<AnomalyDetector>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<AnomalyDetectorActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
