#include "actors/stages/trainer.hpp"

#include "logic/detection/features.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "messages/detection.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace millrace::actors {

namespace {

class TrainerState {
public:
  static inline const char* name = name_of(logic::ActorKind::trainer).data();

  TrainerState(TrainerActor::pointer self, TrainerParameters parameters)
    : self_(self), parameters_(std::move(parameters)) {}

  TrainerActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](const messages::TrainForest& order) {
        gather(*order.rows);
        const auto enough = static_cast<std::size_t>(
          parameters_.config.first_fit_after);
        if (new_rows_ >= enough)
          fit();
      },
      answer_heartbeats(self_),
      obey_faults(parameters_.surroundings),
    };
  }

private:
  /// Keeps the latest `training_sample` rows.
  void gather(const std::vector<float>& values) {
    rows_.insert(rows_.end(), values.begin(), values.end());
    new_rows_ += values.size() / logic::detection::feature_count;
    const auto limit = static_cast<std::size_t>(
                         parameters_.config.training_sample)
                       * logic::detection::feature_count;
    if (rows_.size() > limit)
      rows_.erase(rows_.begin(),
                  rows_.end() - static_cast<std::ptrdiff_t>(limit));
  }

  void fit() {
    new_rows_ = 0;
    logic::detection::FitOptions options;
    options.trees = static_cast<std::size_t>(parameters_.config.trees);
    options.sample_size = static_cast<std::size_t>(
      parameters_.config.sample_size);
    options.seed = static_cast<std::uint64_t>(parameters_.config.seed);
    options.contamination = parameters_.config.contamination;
    auto model = logic::detection::fit_model(
      {rows_, logic::detection::feature_count},
      logic::detection::feature_names(), options);
    auto& metrics = *parameters_.surroundings.metrics;
    if (!model) {
      metrics.model_fits_failed.Increment();
      parameters_.surroundings.log->error("trainer", "could not fit a model",
                                          {{"error", model.error().text}});
      return;
    }
    metrics.model_fits_succeeded.Increment();
    parameters_.publish(*model);
  }

  TrainerActor::pointer self_;
  TrainerParameters parameters_;
  std::vector<float> rows_;
  std::size_t new_rows_ = 0;
};

} // namespace

TrainerActor spawn_trainer(caf::actor_system& system,
                           TrainerParameters parameters) {
  return system.spawn<TrainerActor::stateful_impl<TrainerState>, caf::detached>(
    std::move(parameters));
}

} // namespace millrace::actors
