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

class AnomalyDetector {
public:
  static inline const char* name = "anomaly_detector";

  explicit AnomalyDetector(AnomalyDetectorParts parts)
    : parts_(std::move(parts)),
      detector_(parts_.config, parts_.shard, parts_.shard_count) {}

  void begin(AnomalyDetectorActor::pointer self) {
    self_ = self;
    // Whoever waits for an answer asks again.
    for (auto& [held, order] : in_order_)
      order.drop_waiting();
  }

  template <class Life>
  static AnomalyDetectorActor::behavior_type behavior(Life& life) {
    return {
      // All detectors share one message: it must not be moved from.
      life.by(&AnomalyDetector::take_in),
      life.by(&AnomalyDetector::use_forest),
      life.by(&AnomalyDetector::pass_over),
      life.by(&AnomalyDetector::forget),
      answer_heartbeats(life.self()),
      obey_faults(),
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
      in_order_.erase(partition);
    }
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
    if (!in_order_[{ticket.partition, ticket.epoch}].offer(
          ticket, std::move(waiting), [this](Waiting due) { judge(due); }))
      judge(waiting);
    return promise;
  }

  void pass_over(const messages::PassOver& news) {
    const auto found = in_order_.find(news.passage.held);
    if (found != in_order_.end())
      found->second.advance(news.passage.place,
                            [this](Waiting due) { judge(due); });
  }

  void judge(Waiting& due) {
    try {
      const WorkMark::During during{*parts_.mark, due.id};
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
    tell(self_, parts_.trainer,
         messages::TrainForest{std::make_shared<const std::vector<float>>(
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

  AnomalyDetectorActor::pointer self_ = nullptr;
  AnomalyDetectorParts parts_;
  logic::detection::Detector detector_;
  logic::detection::DetectorCounts counted_;
  std::optional<caf::actor_clock::time_point> next_offer_;
  std::map<logic::PartitionEpoch, logic::InOrder<Waiting>> in_order_;
  logic::ForgottenEpochs forgotten_;
};

} // namespace

Succession<AnomalyDetectorActor> anomaly_detectors(caf::actor_system& system,
                                                   AnomalyDetectorParts parts) {
  return [&system, lasting = std::make_shared<Lasting<AnomalyDetector>>(
                     std::move(parts))](logic::Incarnation incarnation) {
    return succeed<AnomalyDetectorActor>(system, lasting, incarnation);
  };
}

} // namespace millrace::actors
