#include "actors/enricher.hpp"

#include "logic/enrichment.hpp"
#include "logic/insight_tally.hpp"

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
  static inline const char* name = "enricher";

  EnricherState(EnricherActor::pointer self, EnricherParts parts)
    : self_(self), parts_(std::move(parts)),
      enrichment_(parts_.insights_config.watched_versions,
                  std::move(parts_.lookup)) {}

  EnricherActor::behavior_type make_behavior() {
    harden(self_);
    return {
      [this](messages::EnrichBatch& order) {
        attempt(self_, parts_.dispatcher, *parts_.mark, order.ticket,
                [&] { enrich(order); });
      },
      [this](const messages::DetectorReplaced& news) { ask_again(news); },
      [this](messages::Tick) { hand_over_tally(); },
      answer_heartbeats(self_),
      obey_faults(),
    };
  }

private:
  void enrich(messages::EnrichBatch& order) {
    auto batch = enrichment_.enrich(std::move(order.batch));
    count_lookups();
    // A batch that is tried again was counted the first time.
    if (order.ticket.attempt == 0)
      count_logins(*batch);
    if (parts_.detectors.empty()) {
      tell(self_, parts_.encoder,
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
    detectors.reserve(parts_.detectors.size());
    for (const auto& role : parts_.detectors)
      if (auto detector = role->holder())
        detectors.push_back(std::move(detector));
    if (detectors.size() != parts_.detectors.size())
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
         batch](std::vector<messages::BatchJudged> parts) {
          if (pending_.erase(question) == 0)
            return;
          std::vector<logic::ShardVerdictsPtr> verdicts;
          verdicts.reserve(parts.size());
          for (const auto& part : parts)
            verdicts.push_back(part.verdicts);
          tell(self_, parts_.encoder,
               messages::EncodeBatch{ticket, batch, std::move(verdicts)});
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
      if (news.culprit == asked.ticket.id)
        fail(asked.ticket, "the detector died at work on it");
      else
        have_judged(asked.ticket, std::move(asked.batch));
    }
  }

  void fail(const logic::BatchTicket& ticket, std::string text) {
    tell(
      self_, parts_.dispatcher,
      messages::BatchFailed{ticket, "anomaly_detector", std::move(text), true});
  }

  void count_lookups() {
    auto& metrics = *parts_.surroundings.metrics;
    metrics.geo_hits.Increment(
      static_cast<double>(enrichment_.hits() - counted_hits_));
    metrics.geo_misses.Increment(
      static_cast<double>(enrichment_.misses() - counted_misses_));
    counted_hits_ = enrichment_.hits();
    counted_misses_ = enrichment_.misses();
  }

  void count_logins(const logic::EnrichedBatch& batch) {
    if (!parts_.insights)
      return;
    if (tally_->empty())
      self_->delayed_send(self_, tally_interval, messages::Tick{});
    tally_->add(batch);
  }

  void hand_over_tally() {
    if (tally_->empty())
      return;
    tell(self_, parts_.insights,
         messages::CountLogins{
           std::exchange(tally_, std::make_shared<logic::InsightTally>())});
  }

  struct Pending {
    logic::BatchTicket ticket;
    logic::EnrichedBatchPtr batch;
  };

  EnricherActor::pointer self_;
  EnricherParts parts_;
  logic::Enrichment enrichment_;
  std::shared_ptr<logic::InsightTally> tally_
    = std::make_shared<logic::InsightTally>();
  std::map<std::uint64_t, Pending> pending_; ///< questions to the detectors
  std::uint64_t next_question_ = 0;
  std::uint64_t counted_hits_ = 0;
  std::uint64_t counted_misses_ = 0;
};

} // namespace

EnricherActor spawn_enricher(caf::actor_system& system, EnricherParts parts) {
  return system.spawn<EnricherActor::stateful_impl<EnricherState>>(
    std::move(parts));
}

} // namespace millrace::actors
