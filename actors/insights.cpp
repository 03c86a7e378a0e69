#include "actors/insights.hpp"

#include "logic/insight_tally.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <vector>

namespace millrace::actors {

namespace {

class InsightsState {
public:
  static inline const char* name = "insights";

  InsightsState(InsightsActor::pointer self, InsightsParts parts)
    : self_(self), parts_(std::move(parts)) {}

  InsightsActor::behavior_type make_behavior() {
    harden(self_);
    window_start_ms_ = parts_.surroundings.clock->now_ms();
    schedule();
    return {
      [this](const messages::CountLogins& counts) {
        export_counts(*counts.tally);
        tally_.merge(*counts.tally);
      },
      [this](messages::PublishNow) { publish(); },
      [this](messages::Tick) {
        publish();
        schedule();
      },
      answer_heartbeats(self_),
      obey_faults(),
    };
  }

private:
  void schedule() {
    self_->delayed_send(self_, parts_.config.interval, messages::Tick{});
  }

  void export_counts(const logic::InsightTally& tally) {
    auto& metrics = *parts_.surroundings.metrics;
    metrics.watch_list_hits.Increment(static_cast<double>(tally.watched));
    for (std::size_t index = 0; index != logic::insight_dimension_count;
         ++index) {
      const auto counts = tally.dimensions[index].sorted();
      std::vector<ValueCount> window;
      window.reserve(counts.size());
      for (const auto& [value, count] : counts)
        window.push_back({value, count});
      metrics.logins(static_cast<logic::InsightDimension>(index)).add(window);
    }
  }

  void publish() {
    const auto now_ms = parts_.surroundings.clock->now_ms();
    if (!tally_.empty()) {
      tell(self_, parts_.producer,
           messages::PublishInsight{std::make_shared<const std::string>(
             tally_.to_json(parts_.node, window_start_ms_, now_ms))});
      if (tally_.watched != 0)
        parts_.surroundings.log->info(
          "insights", "logins on watched versions",
          {{"count", tally_.watched}, {"of", tally_.logins}});
      tally_.clear();
    }
    window_start_ms_ = now_ms;
  }

  InsightsActor::pointer self_;
  InsightsParts parts_;
  logic::InsightTally tally_;
  std::int64_t window_start_ms_ = 0;
};

} // namespace

InsightsActor spawn_insights(caf::actor_system& system, InsightsParts parts) {
  return system.spawn<InsightsActor::stateful_impl<InsightsState>>(
    std::move(parts));
}

} // namespace millrace::actors
