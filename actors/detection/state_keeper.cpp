#include "actors/detection/state_keeper.hpp"

#include "logic/detection/detector.hpp"
#include "logic/detection/state_keeping.hpp"
#include "messages/detection.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/reconciliation.hpp"
#include "messages/state.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::actors {

namespace {

using namespace logic::detection;

constexpr std::chrono::seconds announcement_interval{2};

/// A node that ends waits so long for the next owners of its shards: a round
/// of the group takes some heartbeats.
constexpr std::chrono::seconds farewell_limit{4};

class StateKeeper {
public:
  static inline const char* name
    = name_of(logic::ActorKind::state_keeper).data();

  explicit StateKeeper(StateKeeperParameters parameters)
    : parameters_(std::move(parameters)),
      keeping_({parameters_.config, parameters_.saves}) {}

  void begin(StateKeeperActor::pointer self) {
    self_ = self;
    closing_.reset(); // whoever waits for an answer asks again
    parameters_.store->on_ready(wake_up<StateKeeperActor>(self));
    self_->delayed_send(self_, keeping_.tick_interval(), messages::Tick{});
  }

  const Surroundings& surroundings() const { return parameters_.surroundings; }

  template <class Actor>
  static StateKeeperActor::behavior_type behavior(Actor& actor) {
    return {
      actor.handle_with(&StateKeeper::take_events),
      actor.handle_with(&StateKeeper::hosted),
      actor.handle_with(&StateKeeper::take_snapshot),
      actor.handle_with(&StateKeeper::detector_replaced),
      actor.handle_with(&StateKeeper::outdone),
      actor.handle_with(&StateKeeper::tick),
      actor.handle_with(&StateKeeper::close),
      answer_heartbeats(actor.self()),
      obey_faults(actor.surroundings()),
    };
  }

private:
  struct Closing {
    caf::typed_response_promise<messages::StateClosed> promise;
    caf::actor_clock::time_point deadline;
  };

  /// The store is.
  struct Closed {
    std::size_t unsaved = 0; ///< shards
    caf::actor_clock::time_point farewell; ///< until when others may ask
  };

  caf::actor_clock::time_point now() const { return self_->clock().now(); }

  void take_events(const messages::ClientReady&) {
    StateOrders orders;
    for (auto& event : parameters_.store->take_events()) {
      if (const auto* trouble = std::get_if<StateStoreTrouble>(&event))
        tell_of(*trouble);
      if (const auto* answer = std::get_if<StateAppended>(&event))
        count(*answer);
      keeping_.take(std::move(event), now(), orders);
    }
    carry_out(std::move(orders));
    tell_of_restored();
    tell_of_owned();
    finish_closing();
  }

  void hosted(const messages::ShardHosted& news) {
    keeping_.hosted(news.shard);
    tell_of_owned();
  }

  void take_snapshot(const messages::ShardSnapshot& answer) {
    StateOrders orders;
    keeping_.answered(answer.order, std::move(*answer.snapshot), orders);
    carry_out(std::move(orders));
  }

  void detector_replaced(const messages::DetectorReplaced& news) {
    StateOrders orders;
    keeping_.detector_replaced(news.number, detector_count(), orders);
    carry_out(std::move(orders));
  }

  void tick(messages::Tick) {
    // Some stores have deadlines, which pass while nothing happens.
    take_events({});
    // What was said may be lost with somebody's mailbox.
    if (now() >= next_announcement_)
      announce();
    StateOrders orders;
    keeping_.tick(now(), orders);
    carry_out(std::move(orders));
    const auto oldest = keeping_.oldest_save();
    metrics().state_age.Set(
      oldest ? std::chrono::duration<double>(now() - *oldest).count() : 0.0);
    finish_closing();
    self_->delayed_send(self_, keeping_.tick_interval(), messages::Tick{});
  }

  caf::result<messages::StateClosed> close(const messages::CloseState& order) {
    auto promise = self_->make_response_promise<messages::StateClosed>();
    closing_ = Closing{promise, now() + order.deadline};
    StateOrders orders;
    keeping_.end(now(), orders);
    carry_out(std::move(orders));
    tell_of_owned();
    finish_closing();
    return promise;
  }

  void finish_closing() {
    if (!closing_)
      return;
    if (!closed_ && !close_store())
      return;
    // Until their next owners are there, its shards are asked for here.
    if (keeping_.orphans() != 0 && linked_ && now() < closed_->farewell)
      return;
    std::exchange(closing_, {})
      ->promise.deliver(messages::StateClosed{closed_->unsaved});
  }

  bool close_store() {
    const auto unsaved = keeping_.unfinished();
    const auto left = closing_->deadline - now();
    if (unsaved != 0 && left > left.zero())
      return false;
    if (unsaved != 0)
      parameters_.surroundings.log->warn(
        name, "the last history of some users was not saved",
        {{"shards", unsaved}});
    // All that it was given has been answered: this takes a sync.
    parameters_.store->close(
      std::max(std::chrono::milliseconds{100},
               std::chrono::duration_cast<std::chrono::milliseconds>(left)));
    keeping_.ended(now());
    closed_ = Closed{unsaved,
                     std::min(closing_->deadline, now() + farewell_limit)};
    return true;
  }

  void outdone(const messages::ShardsOutdone& answer) {
    linked_ = answer.linked;
    StateOrders orders;
    keeping_.outdone(answer.shards, orders);
    carry_out(std::move(orders));
    finish_closing();
  }

  /// The router each time: it may be another that knows nothing yet, and what
  /// it does not know to be here goes on unjudged.
  void tell_of_owned() {
    auto serving = keeping_.serving();
    tell(self_, parameters_.router, messages::OwnShards{serving});
    if (serving == serving_)
      return;
    serving_ = std::move(serving);
    announce();
  }

  void announce() {
    next_announcement_ = now() + announcement_interval;
    if (!parameters_.links)
      return;
    messages::AnnounceOwners owners;
    for (const auto& [shard, generation] : serving_)
      owners.shards.push_back({shard, generation});
    tell(self_, parameters_.links, std::move(owners));
  }

  void carry_out(StateOrders orders) {
    for (auto& order : orders.host) {
      const auto& detector = detector_of(order.shard);
      tell(self_, detector, messages::HostShard{std::move(order)});
    }
    for (const auto& order : orders.settle)
      tell(self_, detector_of(order.shard), messages::SettleSnapshot{order});
    for (const auto& order : orders.save)
      tell(self_, detector_of(order.shard), messages::SaveShard{order});
    for (const auto shard : orders.give_up)
      tell(self_, detector_of(shard), messages::GiveUpShard{shard});
    for (auto& order : orders.append) {
      for (const auto& record : order.records)
        metrics().state_bytes_saved.Increment(
          static_cast<double>(record.key.size() + record.value.size()));
      parameters_.store->append(order.shard, order.number,
                                std::move(order.records));
    }
    for (const auto shard : orders.release)
      parameters_.store->release(shard);
    metrics().state_shards.Set(
      static_cast<double>(keeping_.owned() - keeping_.loading()));
  }

  void count(const StateAppended& answer) {
    (answer.outcome ? metrics().snapshots_saved : metrics().snapshots_failed)
      .Increment();
  }

  void tell_of(const StateStoreTrouble& news) {
    auto& log = *parameters_.surroundings.log;
    if (news.state) {
      log.info(name, "history is saved again");
      return;
    }
    log.limited(now(), trouble_level(news.state.error()), name,
                "history cannot be saved, and is tried again",
                {{"error", news.state.error().text}});
  }

  void tell_of_restored() {
    for (const auto& [shard, report] : keeping_.take_restored())
      tell_of(shard, report);
    if (keeping_.loading() != 0 || totals_.shards == 0)
      return;
    metrics().state_lost_seconds.Set(totals_.lost_seconds);
    parameters_.surroundings.log->info(
      name, "history of users and addresses is here",
      {{"shards", totals_.shards},
       {"users", totals_.users},
       {"addresses", totals_.addresses},
       {"lost_seconds", totals_.lost_seconds}});
    totals_ = {};
  }

  void tell_of(std::uint32_t shard, const RestoreReport& report) {
    const auto lost = report.lost_seconds(
      parameters_.surroundings.clock->now_ms());
    ++totals_.shards;
    totals_.users += report.users;
    totals_.addresses += report.addresses;
    totals_.lost_seconds = std::max(totals_.lost_seconds, lost);
    metrics().state_records_refused.Increment(
      static_cast<double>(report.refused));
    metrics().state_pages_dropped.Increment(static_cast<double>(
      report.pages_dropped + report.pages_outdated + report.changes_dropped));
    for (const auto& note : report.notes)
      parameters_.surroundings.log->limited(
        now(), logic::LogLevel::warn, name, "history is not whole",
        {{"shard", shard},
         {"reason", note},
         {"pages_dropped", report.pages_dropped},
         {"records_refused", report.refused}});
  }

  std::uint32_t detector_count() const {
    return static_cast<std::uint32_t>(parameters_.detectors.size());
  }

  const RegisteredActorPtr<AnomalyDetectorActor>&
  detector_of(std::uint32_t shard) const {
    return parameters_.detectors[Detector::host_of(shard, detector_count())];
  }

  Metrics& metrics() const { return *parameters_.surroundings.metrics; }

  /// Of the shards restored since all were.
  struct Totals {
    std::size_t shards = 0;
    std::size_t users = 0;
    std::size_t addresses = 0;
    double lost_seconds = 0;
  };

  StateKeeperActor::pointer self_ = nullptr;
  StateKeeperParameters parameters_;
  StateKeeping keeping_;
  std::vector<OwnedShard> serving_; ///< as it was told last
  caf::actor_clock::time_point next_announcement_{};
  std::optional<Closing> closing_;
  std::optional<Closed> closed_;
  bool linked_ = false; ///< with somebody who may own a shard next
  Totals totals_;
};

} // namespace

SuccessorFactory<StateKeeperActor>
state_keepers(caf::actor_system& system, StateKeeperParameters parameters) {
  return [&system, state = std::make_shared<SurvivingState<StateKeeper>>(
                     std::move(parameters))](logic::Incarnation incarnation) {
    return spawn_successor<StateKeeperActor>(system, state, incarnation);
  };
}

} // namespace millrace::actors
