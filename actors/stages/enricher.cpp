#include "actors/stages/enricher.hpp"

#include "logic/enrichment/enrichment.hpp"
#include "logic/enrichment/insight_tally.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"

#include <caf/actor_clock.hpp>
#include <caf/policy/select_all.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace millrace::actors {

namespace {

/// How often counts go to the insights actor.
constexpr std::chrono::milliseconds tally_interval{1'000};

class EnricherState {
public:
  static inline const char* name = name_of(logic::ActorKind::enricher).data();

  EnricherState(EnricherActor::pointer self, EnricherParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      enrichment_(parameters_.insights_config.watched_versions,
                  std::move(parameters_.lookup),
                  std::move(parameters_.quiet_networks)) {}

  EnricherActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](messages::EnrichBatch& order) {
        attempt(self_, parameters_.place, order.ticket, [&] { enrich(order); });
      },
      [this](const messages::DetectorReplaced& news) { ask_again(news); },
      [this](messages::FlushCounts) { hand_over_tally(); },
      [this](messages::Tick) { hand_over_tally(); },
      answer_heartbeats(self_),
      obey_faults(parameters_.place.surroundings),
    };
  }

private:
  void enrich(messages::EnrichBatch& order) {
    auto batch = enrichment_.enrich(std::move(order.batch));
    count_lookups();
    // A batch that is tried again was counted the first time.
    if (order.ticket.attempt == 0) {
      count_watched(*batch);
      count_logins(*batch);
    }
    if (parameters_.detectors.empty()) {
      tell(self_, parameters_.place.next,
           messages::EncodeBatch{order.ticket, std::move(batch), {}});
      return;
    }
    have_judged(order.ticket, std::move(batch));
  }

  void have_judged(const logic::BatchTicket& ticket,
                   logic::EnrichedBatchPtr batch) {
    const auto question = next_question_++;
    pending_.emplace(question, Pending{ticket, batch});
    std::vector<AnomalyDetectorActor> detectors;
    detectors.reserve(parameters_.detectors.size());
    for (const auto& role : parameters_.detectors)
      if (auto detector = role->current())
        detectors.push_back(std::move(detector));
    if (detectors.size() != parameters_.detectors.size())
      return; // asked again once all are there
    // A named constant: CAF forwards the arguments once for each receiver, and
    // a temporary would be moved into the first. No time-out: detectors are
    // local, so one that dies is an error at once, and one that hangs is
    // replaced.
    const messages::JudgeBatch order{ticket, batch};
    self_
      ->fan_out_request<caf::policy::select_all>(detectors, caf::infinite,
                                                 order)
      .then(
        [this, question, ticket,
         batch](std::vector<messages::BatchJudged> parameters) {
          if (pending_.erase(question) == 0)
            return;
          std::vector<logic::ShardJudgementsPtr> judgements;
          judgements.reserve(parameters.size());
          for (const auto& part : parameters)
            judgements.push_back(part.judgements);
          tell(self_, parameters_.place.next,
               messages::EncodeBatch{ticket, batch, std::move(judgements)});
        },
        [this, question, ticket](const caf::error& error) {
          // Of one that died nothing more comes; its successor is asked.
          if (error == logic::ErrorCode::stage_failed
              && pending_.erase(question) != 0)
            fail(ticket, caf::to_string(error));
        });
  }

  void ask_again(const messages::DetectorReplaced& news) {
    for (auto& [question, asked] : std::exchange(pending_, {})) {
      if (news.suspect == asked.ticket.id)
        fail(asked.ticket, "the detector died at work on it");
      else
        have_judged(asked.ticket, std::move(asked.batch));
    }
  }

  void fail(const logic::BatchTicket& ticket, std::string text) {
    tell(self_, parameters_.place.dispatcher,
         messages::BatchFailed{
           ticket, std::string{name_of(logic::ActorKind::anomaly_detector)},
           std::move(text), true});
  }

  void count_lookups() {
    auto& metrics = *parameters_.place.surroundings.metrics;
    metrics.geo_hits.Increment(
      static_cast<double>(enrichment_.hits() - counted_hits_));
    metrics.geo_misses.Increment(
      static_cast<double>(enrichment_.misses() - counted_misses_));
    counted_hits_ = enrichment_.hits();
    counted_misses_ = enrichment_.misses();
  }

  void count_watched(const logic::EnrichedBatch& batch) {
    if (batch.watched == 0)
      return;
    const auto& around = parameters_.place.surroundings;
    around.metrics->watch_list_hits.Increment(batch.watched);
    const bool debug = around.log->enabled(logic::LogLevel::debug);
    if (!debug && (!around.pseudonyms || is_full(*tally_)))
      return;
    // A few of each batch: every login may be on a watched version.
    std::size_t named = 0;
    for (std::size_t index = 0; index != batch.origins.size(); ++index)
      if (batch.origins[index].watched) {
        name_watched(batch, index, debug);
        if (++named == logic::InsightTally::max_watched_users)
          return;
      }
  }

  static bool is_full(const logic::InsightTally& tally) {
    return tally.watched_users.size() == logic::InsightTally::max_watched_users;
  }

  void name_watched(const logic::EnrichedBatch& batch, std::size_t index,
                    bool debug) {
    const auto& around = parameters_.place.surroundings;
    const auto& event = batch.validated->events[index];
    std::string user;
    if (around.pseudonyms) {
      user = around.pseudonyms->pseudonym_of(event.user_id);
      tally_->note_watched_user(user);
    }
    if (!debug)
      return;
    const auto& raw = *batch.validated->raw;
    const auto now = self_->clock().now();
    constexpr std::string_view message = "login on a watched version";
    if (user.empty())
      around.log->limited(now, logic::LogLevel::debug, name, message,
                          {{"topic", raw.topic()},
                           {"partition", raw.partition()},
                           {"offset", raw[event.record].offset},
                           {"app_version", event.app_version}});
    else
      around.log->limited(now, logic::LogLevel::debug, name, message,
                          {{"topic", raw.topic()},
                           {"partition", raw.partition()},
                           {"offset", raw[event.record].offset},
                           {"app_version", event.app_version},
                           {"user", user}});
  }

  void count_logins(const logic::EnrichedBatch& batch) {
    if (!parameters_.insights)
      return;
    if (tally_->empty())
      self_->delayed_send(self_, tally_interval, messages::Tick{});
    tally_->add(batch);
  }

  void hand_over_tally() {
    if (tally_->empty())
      return;
    tell(self_, parameters_.insights,
         messages::CountLogins{
           std::exchange(tally_, std::make_shared<logic::InsightTally>())});
  }

  struct Pending {
    logic::BatchTicket ticket;
    logic::EnrichedBatchPtr batch;
  };

  EnricherActor::pointer self_;
  EnricherParameters parameters_;
  logic::Enrichment enrichment_;
  std::shared_ptr<logic::InsightTally> tally_
    = std::make_shared<logic::InsightTally>();
  std::map<std::uint64_t, Pending> pending_; ///< questions to the detectors
  std::uint64_t next_question_ = 0;
  std::uint64_t counted_hits_ = 0;
  std::uint64_t counted_misses_ = 0;
};

} // namespace

EnricherActor spawn_enricher(caf::actor_system& system,
                             EnricherParameters parameters) {
  return system.spawn<EnricherActor::stateful_impl<EnricherState>>(
    std::move(parameters));
}

} // namespace millrace::actors
