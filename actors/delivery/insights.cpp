#include "actors/delivery/insights.hpp"

#include "logic/enrichment/insight_tally.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::actors {

namespace {

/// Between two lines on the watch list.
constexpr std::int64_t watched_log_pause_ms = 300'000;

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
      [this](messages::PublishNow) {
        publish();
        log_watched();
      },
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
      watched_ += tally_.watched;
      watched_of_ += tally_.logins;
      for (const auto& user : tally_.watched_users)
        if (watched_users_.size() != logic::InsightTally::max_watched_users
            && std::ranges::find(watched_users_, user) == watched_users_.end())
          watched_users_.push_back(user);
      tally_.clear();
    }
    window_start_ms_ = now_ms;
    if (!watched_log_ms_ || now_ms - *watched_log_ms_ >= watched_log_pause_ms)
      log_watched();
  }

  /// The metric counts exactly; the line tells people that there is something
  /// to see, which need not be said in every window.
  void log_watched() {
    if (watched_ == 0)
      return;
    auto& log = *parameters_.surroundings.log;
    constexpr std::string_view message = "logins on watched versions";
    const auto count = std::exchange(watched_, 0);
    const auto logins = std::exchange(watched_of_, 0);
    std::string users;
    for (const auto& user : std::exchange(watched_users_, {}))
      users.append(users.empty() ? "" : ",").append(user);
    if (users.empty())
      log.info(name, message, {{"count", count}, {"of", logins}});
    else
      log.info(name, message,
               {{"count", count}, {"of", logins}, {"users", users}});
    watched_log_ms_ = parameters_.surroundings.clock->now_ms();
  }

  InsightsActor::pointer self_;
  InsightsParameters parameters_;
  logic::InsightTally tally_;
  std::int64_t window_start_ms_ = 0;
  std::uint64_t watched_ = 0; ///< since the last line
  std::uint64_t watched_of_ = 0;
  std::vector<std::string> watched_users_; ///< pseudonyms, the first few
  std::optional<std::int64_t> watched_log_ms_; ///< when that was written
};

} // namespace

InsightsActor spawn_insights(caf::actor_system& system,
                             InsightsParameters parameters) {
  return system.spawn<InsightsActor::stateful_impl<InsightsState>>(
    std::move(parameters));
}

} // namespace millrace::actors
