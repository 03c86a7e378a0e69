#include "actors/delivery/insights.hpp"

#include "logic/enrichment/insight_tally.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::actors {

namespace {

class InsightsState {
public:
  static inline const char* name = name_of(logic::ActorKind::insights).data();

  InsightsState(InsightsActor::pointer self, InsightsParameters parameters)
    : self_(self), parameters_(std::move(parameters)) {}

  InsightsActor::behavior_type make_behavior() {
    harden(self_);
    window_start_ms_ = parameters_.surroundings.clock->now_ms();
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
      obey_faults(parameters_.surroundings),
    };
  }

private:
  void schedule() {
    self_->delayed_send(self_, parameters_.config.interval, messages::Tick{});
  }

  void export_counts(const logic::InsightTally& tally) {
    auto& metrics = *parameters_.surroundings.metrics;
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
    const auto now_ms = parameters_.surroundings.clock->now_ms();
    if (!tally_.empty()) {
      tell(self_, parameters_.producer,
           messages::PublishInsight{std::make_shared<const std::string>(
             tally_.to_json(parameters_.node, window_start_ms_, now_ms))});
      if (tally_.watched != 0)
        log_watched();
      tally_.clear();
    }
    window_start_ms_ = now_ms;
  }

  void log_watched() {
    auto& log = *parameters_.surroundings.log;
    constexpr std::string_view message = "logins on watched versions";
    std::string users;
    for (const auto& user : tally_.watched_users)
      users.append(users.empty() ? "" : ",").append(user);
    if (users.empty())
      log.info(name, message,
               {{"count", tally_.watched}, {"of", tally_.logins}});
    else
      log.info(
        name, message,
        {{"count", tally_.watched}, {"of", tally_.logins}, {"users", users}});
  }

  InsightsActor::pointer self_;
  InsightsParameters parameters_;
  logic::InsightTally tally_;
  std::int64_t window_start_ms_ = 0;
};

} // namespace

InsightsActor spawn_insights(caf::actor_system& system,
                             InsightsParameters parameters) {
  return system.spawn<InsightsActor::stateful_impl<InsightsState>>(
    std::move(parameters));
}

} // namespace millrace::actors
