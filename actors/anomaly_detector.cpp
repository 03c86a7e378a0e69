#include "actors/anomaly_detector.hpp"

#include "logic/detection/detector.hpp"
#include "logic/forgotten_epochs.hpp"
#include "logic/in_order.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>

namespace millrace::actors {

namespace {

class AnomalyDetectorState {
public:
  static inline const char* name = "anomaly_detector";

  AnomalyDetectorState(AnomalyDetectorActor::pointer self,
                       AnomalyDetectorParts parts)
    : self_(self), parts_(std::move(parts)),
      detector_(parts_.config, parts_.shard, parts_.shard_count) {}

  AnomalyDetectorActor::behavior_type make_behavior() {
    return {
      // All detectors share one message: it must not be moved from.
      [this](const messages::JudgeBatch& order) { return take_in(order); },
      [this](const messages::UseForest& order) { use_forest(order); },
      [this](const messages::ForgetPartitions& order) {
        for (const auto& partition : order.partitions) {
          forgotten_.add(partition);
          in_order_.erase(partition);
        }
      },
    };
  }

private:
  using Promise = caf::typed_response_promise<messages::BatchJudged>;

  struct Waiting {
    logic::EnrichedBatchPtr batch;
    Promise promise;
  };

  /// Lanes finish in any order; what a user did must be seen in the order in
  /// which it stands in the partition.
  caf::result<messages::BatchJudged>
  take_in(const messages::JudgeBatch& order) {
    const auto& ticket = order.ticket;
    if (forgotten_.contains(ticket.partition, ticket.epoch))
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "the partition was given back");
    auto promise = self_->make_response_promise<messages::BatchJudged>();
    in_order_[{ticket.partition, ticket.epoch}].offer(
      ticket.sequence, ticket.oldest_unfinished, Waiting{order.batch, promise},
      [this](Waiting due) { judge(due); });
    return promise;
  }

  void judge(Waiting& due) {
    try {
      auto verdicts = std::make_shared<logic::ShardVerdicts>(
        detector_.judge(*due.batch));
      count(*verdicts);
      due.promise.deliver(messages::BatchJudged{std::move(verdicts)});
    } catch (const std::exception& error) {
      due.promise.deliver(
        caf::make_error(logic::ErrorCode::stage_failed, error.what()));
      return;
    }
    offer_samples();
  }

  void use_forest(const messages::UseForest& order) {
    detector_.use_forest(order.model);
    if (parts_.shard == 0) {
      parts_.surroundings.metrics->set_model(order.model->info.id);
      parts_.surroundings.log->info(
        "anomaly_detector", "using a model",
        {{"model", order.model->info.id},
         {"threshold", order.model->info.threshold},
         {"training_rows", order.model->info.training_rows}});
    }
  }

  /// The first share as soon as it is large enough, later ones in the
  /// rhythm of the refits.
  void offer_samples() {
    const auto share = static_cast<std::uint64_t>(parts_.config.first_fit_after)
                       / parts_.shard_count;
    if (!parts_.trainer || detector_.sampled_from() < share)
      return;
    const auto now = self_->clock().now();
    if (next_offer_ && now < *next_offer_)
      return;
    next_offer_ = now + parts_.config.refit_interval;
    self_->send(parts_.trainer, messages::TrainForest{
                                  std::make_shared<const std::vector<float>>(
                                    detector_.take_samples())});
  }

  void count(const logic::ShardVerdicts& verdicts) {
    auto& metrics = *parts_.surroundings.metrics;
    const auto counts = detector_.counts();
    for (std::size_t index = 0; index != logic::rule_count; ++index)
      if (const auto fired = counts.fired[index] - counted_.fired[index])
        metrics.anomalies[static_cast<logic::Rule>(index)].Increment(
          static_cast<double>(fired));
    // A gauge over all shards: each adds its own change.
    metrics.detector_users.Increment(static_cast<double>(counts.users)
                                     - static_cast<double>(counted_.users));
    metrics.detector_users_evicted.Increment(
      static_cast<double>(counts.evictions - counted_.evictions));
    counted_ = counts;
    log_anomalies(verdicts);
  }

  /// Names rules and reasons; who it was stands in the output record alone.
  void log_anomalies(const logic::ShardVerdicts& verdicts) {
    auto& log = *parts_.surroundings.log;
    if (!log.enabled(logic::LogLevel::debug))
      return;
    for (const auto& detail : verdicts.details)
      log.limited(self_->clock().now(), logic::LogLevel::debug,
                  "anomaly_detector", "anomalous login",
                  {{"detail", detail.text}});
  }

  AnomalyDetectorActor::pointer self_;
  AnomalyDetectorParts parts_;
  logic::detection::Detector detector_;
  logic::detection::DetectorCounts counted_;
  std::optional<caf::actor_clock::time_point> next_offer_;
  std::map<logic::PartitionEpoch, logic::InOrder<Waiting>> in_order_;
  logic::ForgottenEpochs forgotten_;
};

} // namespace

AnomalyDetectorActor spawn_anomaly_detector(caf::actor_system& system,
                                            AnomalyDetectorParts parts) {
  return system
    .spawn<AnomalyDetectorActor::stateful_impl<AnomalyDetectorState>>(
      std::move(parts));
}

} // namespace millrace::actors
