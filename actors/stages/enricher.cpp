#include "actors/stages/enricher.hpp"

#include "logic/detection/login_rows.hpp"
#include "logic/enrichment/enrichment.hpp"
#include "logic/enrichment/insight_tally.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"

#include <caf/actor_clock.hpp>
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
                  std::move(parameters_.quiet_networks)),
      rows_(parameters_.detection) {}

  EnricherActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](messages::EnrichBatch& order) {
        attempt(self_, parameters_.place, order.ticket, [&] { enrich(order); });
      },
      [this](messages::RouterReplaced) { ask_again(); },
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
    if (!parameters_.router) {
      hand_on(self_, parameters_.place,
              messages::EncodeBatch{order.ticket, std::move(batch), {}});
      return;
    }
    auto rows = rows_.rows_of(*batch);
    have_judged({order.ticket, std::move(batch), std::move(rows)});
  }

  /// No time-out: the router answers in time or is replaced.
  void have_judged(messages::JudgeBatch order) {
    const auto question = next_question_++;
    const auto& asked
      = pending_.emplace(question, std::move(order)).first->second;
    const auto router = parameters_.router->current();
    if (!router)
      return; // asked again once it is there
    self_->request(router, caf::infinite, asked)
      .then([this, question](
              messages::BatchJudged& answer) { pass_on(question, answer); },
            [this, question](const caf::error& error) {
              // Of one that died nothing more comes; its successor is asked.
              const auto found = pending_.find(question);
              if (error != logic::ErrorCode::stage_failed
                  || found == pending_.end())
                return;
              fail(found->second.ticket, caf::to_string(error));
              pending_.erase(found);
            });
  }

  void pass_on(std::uint64_t question, messages::BatchJudged& answer) {
    const auto found = pending_.find(question);
    if (found == pending_.end())
      return;
    auto& [ticket, batch, rows] = found->second;
    log_findings(*batch, answer.judgements);
    hand_on(self_, parameters_.place,
            messages::EncodeBatch{ticket, std::move(batch),
                                  std::move(answer.judgements)});
    pending_.erase(found);
  }

  void ask_again() {
    for (auto& [question, asked] : std::exchange(pending_, {}))
      have_judged(std::move(asked));
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

  /// Names rules and reasons; who it was stands in the output record alone, and
  /// here by a pseudonym where there is a key.
  void log_findings(const logic::EnrichedBatch& batch,
                    const std::vector<logic::ShardJudgementsPtr>& judgements) {
    const auto& log = parameters_.place.surroundings.log;
    if (!log->enabled(logic::LogLevel::debug))
      return;
    for (const auto& part : judgements) {
      for (const auto& finding : part->findings)
        log_finding(finding, batch);
      for (const auto& finding : part->address_findings)
        log_finding(finding, batch);
    }
  }

  void log_finding(const logic::Finding& finding,
                   const logic::EnrichedBatch& batch) {
    const auto& raw = *batch.validated->raw;
    const auto& around = parameters_.place.surroundings;
    const auto& event = batch.validated->events[finding.event];
    around.log->limited(
      self_->clock().now(), logic::LogLevel::debug, name, "unusual login",
      {{"topic", raw.topic()},
       {"partition", raw.partition()},
       {"offset", raw[event.record].offset},
       {"rule", to_string(finding.rule)},
       {"severity", to_string(finding.severity)},
       {"detail", finding.text},
       {"user", around.pseudonyms
                  ? around.pseudonyms->pseudonym_of(event.user_id)
                  : std::string{}}});
  }

  EnricherActor::pointer self_;
  EnricherParameters parameters_;
  logic::Enrichment enrichment_;
  std::shared_ptr<logic::InsightTally> tally_
    = std::make_shared<logic::InsightTally>();
  logic::detection::LoginRowBuilder rows_;
  std::map<std::uint64_t, messages::JudgeBatch> pending_; ///< by question
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
