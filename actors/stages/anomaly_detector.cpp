#include "actors/stages/anomaly_detector.hpp"

#include "logic/detection/detector.hpp"
#include "messages/detection.hpp"
#include "messages/pipeline.hpp"
#include "messages/state.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <map>
#include <memory>
#include <optional>

namespace millrace::actors {

namespace {

class AnomalyDetector {
public:
  static inline const char* name
    = name_of(logic::ActorKind::anomaly_detector).data();

  explicit AnomalyDetector(AnomalyDetectorParameters parameters)
    : parameters_(std::move(parameters)),
      detector_(parameters_.config, parameters_.number,
                parameters_.detector_count) {
    if (!parameters_.keeper)
      detector_.host_all();
  }

  void begin(AnomalyDetectorActor::pointer self) { self_ = self; }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static AnomalyDetectorActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&AnomalyDetector::judge),
      actor.handle_with(&AnomalyDetector::use_forest),
      actor.handle_with(&AnomalyDetector::forget),
      actor.handle_with(&AnomalyDetector::host),
      actor.handle_with(&AnomalyDetector::save),
      actor.handle_with(&AnomalyDetector::settle),
      actor.handle_with(&AnomalyDetector::give_up),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  void forget(const messages::ForgetPartitions& order) {
    if (!order.logs_restarted)
      return;
    for (const auto& partition : order.partitions)
      detector_.forget_offsets(partition.partition);
    if (order.partitions.empty())
      detector_.forget_offsets(std::nullopt);
  }

  caf::result<messages::RowsJudged> judge(const messages::JudgeRows& order) {
    auto judgements = std::make_shared<logic::ShardJudgements>();
    try {
      std::optional<WorkMark::During> during;
      if (order.batch)
        during.emplace(*parameters_.mark, order.ticket.id);
      *judgements = detector_.judge(*order.rows, order.shards);
    } catch (const std::exception& error) {
      return caf::make_error(logic::ErrorCode::stage_failed, error.what());
    }
    count();
    offer_samples();
    return messages::RowsJudged{std::move(judgements)};
  }

  /// Repeated where the keeper did not hear the answer.
  void host(const messages::HostShard& message) {
    const auto& [shard, handover] = message.order;
    if (handover->state) {
      detector_.host(shard, std::move(handover->state));
      writers_.insert_or_assign(shard, *std::move(handover->writer));
      count();
    }
    tell(self_, parameters_.keeper, messages::ShardHosted{shard});
  }

  void save(const messages::SaveShard& message) {
    const auto& order = message.order;
    auto snapshot = std::make_shared<logic::detection::Snapshot>();
    auto* const state = detector_.state(order.shard);
    const auto writer = writers_.find(order.shard);
    if (state && writer != writers_.end()) {
      // What was not heard of any more is taken again.
      if (writer->second.under_way())
        writer->second.failed();
      *snapshot = writer->second.take(
        *state, parameters_.surroundings.clock->now_ms(), order.last);
      state->handed_over = order.last;
    }
    tell(self_, parameters_.keeper,
         messages::ShardSnapshot{order, std::move(snapshot)});
  }

  void settle(const messages::SettleSnapshot& message) {
    const auto writer = writers_.find(message.order.shard);
    if (writer != writers_.end())
      writer->second.settle(message.order.attempt, message.order.saved);
  }

  void give_up(const messages::GiveUpShard& order) { drop(order.shard); }

  void drop(std::uint32_t shard) {
    detector_.give_up(shard);
    writers_.erase(shard);
    count();
  }

  void use_forest(const messages::UseForest& order) {
    detector_.use_forest(order.model);
    if (parameters_.number == 0) {
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
                       / parameters_.detector_count;
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

  void count() {
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
    // A gauge over all detectors: each adds its own change.
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
  }

  AnomalyDetectorActor::pointer self_ = nullptr;
  AnomalyDetectorParameters parameters_;
  logic::detection::Detector detector_;
  std::map<std::uint32_t, logic::detection::SnapshotWriter> writers_;
  logic::detection::DetectorCounts counted_;
  std::optional<caf::actor_clock::time_point> next_offer_;
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
