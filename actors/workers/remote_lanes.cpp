#include "actors/workers/remote_lanes.hpp"

#include "actors/links/link.hpp"
#include "logic/core/actor_table.hpp"
#include "logic/core/bounded_text.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"
#include "logic/encoding/additions_codec.hpp"
#include "logic/records/batch_codec.hpp"
#include "logic/records/footprint.hpp"
#include "messages/insights.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"
#include "messages/workers.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;
using logic::Incarnation;
using logic::detection::LoginRows;
using logic::detection::ShardSet;

/// As many as there may be links.
constexpr std::uint32_t max_lanes = 64;

/// A worker, and its lane once it has granted credit.
struct Worker {
  std::string name;
  std::uint64_t peer = 0; ///< its incarnation
  caf::actor link;
  std::uint32_t lane = 0;
  Incarnation incarnation; ///< of the lane; risen whenever the lane begins anew
  std::optional<std::uint64_t> life; ///< of the worker's host; none: no lane
  std::uint64_t granted_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t batches_there = 0;
  std::uint64_t batches_done = 0;
  std::uint64_t records_done = 0;
  bool distrusted = false; ///< it said what makes no sense
};

/// A batch that is with a worker.
struct Lent {
  logic::BatchTicket ticket;
  logic::RecordBatchPtr batch;
  caf::actor_id worker = 0;
  std::uint64_t bytes = 0;
  /// What the worker asked about it, while that is not answered.
  std::optional<messages::JudgeBatch> question;
};

class RemoteLanesState {
public:
  static inline const char* name
    = name_of(logic::ActorKind::remote_lanes).data();

  RemoteLanesState(RemoteLanesActor::pointer self,
                   RemoteLanesParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      next_number_(parameters_.incarnation.value << 32U),
      next_life_(parameters_.incarnation.value << 32U) {}

  RemoteLanesActor::behavior_type make_behavior() {
    harden(self_);
    self_->set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) {
      remove(down.source.id());
    });
    metrics().workers.Set(0);
    // What a former start had attached is gone with it.
    for (auto lane = parameters_.first_lane;
         lane != parameters_.first_lane + max_lanes; ++lane)
      detach(lane, Incarnation{next_life_});
    tell(self_, parameters_.links, messages::ListPeers{});
    return {
      [this](messages::ValidateBatch& order) { lend(order); },
      [this](const wire::LaneWindow& window) { take_window(window); },
      [this](const wire::LaneQuestion& question) { take_question(question); },
      [this](const wire::LaneResult& result) { take_result(result); },
      [this](const wire::LaneFailed& report) { take_failure(report); },
      [this](wire::LaneInsight& insight) { publish(insight); },
      [this](const messages::LinkUp& news) { link_up(news.peer); },
      [this](const messages::LinkDown& news) { link_down(news.incarnation); },
      [](const messages::PeerOwners&) {},
      [this](messages::RouterReplaced) { ask_again(); },
      [this](messages::RepeatLanes) { repeat(); },
      [this](messages::ReportStatus) { return status(); },
      answer_heartbeats(self_),
      obey_faults(parameters_.surroundings),
    };
  }

private:
  // -- Workers ----------------------------------------------------------------

  void link_up(const messages::Peer& peer) {
    if (peer.node.role != logic::links::NodeRole::worker)
      return;
    const auto id = peer.link.id();
    if (workers_.contains(id))
      return;
    link_down(
      peer.node.incarnation); // by another link: what was on that is lost
    const auto lane = free_lane();
    if (!lane)
      return;
    Worker worker;
    worker.name = peer.node.name;
    worker.peer = peer.node.incarnation;
    worker.link = peer.link;
    worker.lane = *lane;
    self_->monitor(worker.link);
    tell_peer(self_, worker.link, wire::LaneOpen{});
    workers_.emplace(id, std::move(worker));
    show_count();
  }

  void link_down(std::uint64_t incarnation) {
    for (const auto& [id, worker] : workers_)
      if (worker.peer == incarnation)
        return remove(id);
  }

  void remove(caf::actor_id id) {
    const auto found = workers_.find(id);
    if (found == workers_.end())
      return;
    self_->demonitor(found->second.link);
    end_lane(id, found->second);
    workers_.erase(found);
    show_count();
  }

  std::optional<std::uint32_t> free_lane() const {
    for (auto lane = parameters_.first_lane;
         lane != parameters_.first_lane + max_lanes; ++lane)
      if (std::ranges::none_of(workers_, [lane](const auto& entry) {
            return entry.second.lane == lane;
          }))
        return lane;
    return std::nullopt;
  }

  /// Null where nobody of ours says it, or one who is not listened to.
  Worker* speaker() {
    const auto& sender = self_->current_sender();
    const auto found = sender ? workers_.find(sender->id()) : workers_.end();
    if (found != workers_.end() && !found->second.distrusted)
      return &found->second;
    metrics().worker_messages_ignored.Increment();
    return nullptr;
  }

  /// A worker that errs once may err in everything. Its batches are dealt
  /// again, and not to it.
  void distrust(Worker& worker, const std::string& why) {
    metrics().worker_messages_ignored.Increment();
    parameters_.surroundings.log->error(
      name, "a worker answers what makes no sense and gets no more work",
      {{"worker", worker.name}, {"error", why}});
    worker.distrusted = true;
    end_lane(worker.link.id(), worker);
  }

  // -- Lanes ------------------------------------------------------------------

  void take_window(const wire::LaneWindow& window) {
    auto* const worker = speaker();
    if (worker == nullptr)
      return;
    if (worker->life != window.life) {
      forget_lent(worker->link.id());
      worker->life = window.life;
      worker->incarnation = Incarnation{++next_life_};
      parameters_.surroundings.log->info(
        name, "a worker takes part",
        {{"worker", worker->name}, {"lane", worker->lane}});
    }
    worker->granted_bytes = window.bytes;
    attach(*worker);
  }

  void attach(const Worker& worker) {
    tell(self_, parameters_.producer,
         messages::FenceLane{worker.lane, worker.incarnation});
    messages::AttachLane order;
    order.lane = worker.lane;
    order.incarnation = worker.incarnation;
    order.window_bytes = worker.granted_bytes;
    order.first_stage = parameters_.address->current();
    order.most_bytes = wire::max_lane_footprint;
    tell(self_, parameters_.dispatcher, std::move(order));
  }

  void detach(std::uint32_t lane, Incarnation incarnation) {
    tell(self_, parameters_.dispatcher,
         messages::DetachLane{lane, incarnation});
  }

  void end_lane(caf::actor_id id, Worker& worker) {
    forget_lent(id);
    worker.life.reset();
    worker.granted_bytes = 0;
    detach(worker.lane, worker.incarnation);
  }

  void repeat() {
    for (const auto& [id, worker] : workers_)
      if (worker.life)
        attach(worker);
    for (auto lane = parameters_.first_lane;
         lane != parameters_.first_lane + max_lanes; ++lane)
      if (std::ranges::none_of(workers_, [lane](const auto& entry) {
            return entry.second.lane == lane && entry.second.life;
          }))
        detach(lane, Incarnation{next_life_});
  }

  // -- Batches ----------------------------------------------------------------

  void lend(messages::ValidateBatch& order) {
    const auto found = std::ranges::find_if(workers_, [&](const auto& entry) {
      return entry.second.lane == order.ticket.lane
             && entry.second.incarnation == order.ticket.lane_incarnation
             && entry.second.life;
    });
    if (found == workers_.end())
      return; // the dispatcher is being told that the lane is gone
    auto bytes = logic::encode_batch(*order.batch);
    if (bytes.size() > wire::max_lane_bytes)
      return report_failure(order.ticket, name, "too large for a link", true);
    auto& worker = found->second;
    const auto number = next_number_++;
    Lent lent;
    lent.ticket = order.ticket;
    lent.worker = found->first;
    lent.bytes = logic::footprint_bytes(*order.batch);
    lent.batch = std::move(order.batch);
    worker.used_bytes += lent.bytes;
    ++worker.batches_there;
    tell_peer(
      self_, worker.link,
      wire::LaneWork{number, lent.ticket.attempt == 0, std::move(bytes)});
    lent_.emplace(number, std::move(lent));
  }

  /// The batch of that number, if it is with that worker. One that was dealt
  /// again meanwhile is not, and nothing is wrong with that.
  Lent* find(std::uint64_t number, const Worker& worker) {
    const auto found = lent_.find(number);
    return found != lent_.end() && found->second.worker == worker.link.id()
             ? &found->second
             : nullptr;
  }

  void give_back(std::uint64_t number, Worker& worker) {
    const auto found = lent_.find(number);
    worker.used_bytes -= found->second.bytes;
    --worker.batches_there;
    lent_.erase(found);
  }

  void forget_lent(caf::actor_id worker) {
    std::erase_if(lent_, [worker](const auto& entry) {
      return entry.second.worker == worker;
    });
    if (const auto found = workers_.find(worker); found != workers_.end()) {
      found->second.used_bytes = 0;
      found->second.batches_there = 0;
    }
  }

  void take_result(const wire::LaneResult& result) {
    auto* const worker = speaker();
    auto* const lent = worker ? find(result.number, *worker) : nullptr;
    if (lent == nullptr)
      return;
    auto batch = logic::decode_additions(result.additions, lent->batch);
    if (!batch)
      return distrust(*worker, batch.error().text);
    const auto ticket = lent->ticket;
    const auto records = lent->batch->size();
    ++worker->batches_done;
    worker->records_done += records;
    metrics().worker_records.Increment(static_cast<double>(records));
    give_back(result.number, *worker);
    tell(self_, parameters_.producer,
         messages::ProduceBatch{ticket, std::move(*batch)});
    tell(self_, parameters_.dispatcher, messages::BatchLeftLane{ticket});
  }

  void take_failure(const wire::LaneFailed& report) {
    auto* const worker = speaker();
    auto* const lent = worker ? find(report.number, *worker) : nullptr;
    if (lent == nullptr)
      return;
    const auto ticket = lent->ticket;
    give_back(report.number, *worker);
    // Stages are labels of metrics: not whatever somebody calls one.
    const bool known
      = logic::actor_kind_of(logic::kind_name(report.stage)).has_value();
    report_failure(ticket, known ? report.stage : std::string{name},
                   logic::bounded_text(report.text), report.guilty);
  }

  void report_failure(const logic::BatchTicket& ticket, std::string stage,
                      std::string text, bool guilty) {
    tell(
      self_, parameters_.dispatcher,
      messages::BatchFailed{ticket, std::move(stage), std::move(text), guilty});
  }

  // -- Judgements -------------------------------------------------------------

  void take_question(const wire::LaneQuestion& question) {
    auto* const worker = speaker();
    auto* const lent = worker ? find(question.number, *worker) : nullptr;
    if (lent == nullptr)
      return;
    auto rows = logic::detection::decode_rows(question.rows,
                                              parameters_.shard_count);
    if (!rows)
      return distrust(*worker, rows.error().text);
    if (!parameters_.router || lent->question || !are_of(*rows, *lent->batch))
      return distrust(*worker, "a question that is not about its batch");
    // The router knows a batch of this node by its raw bytes.
    auto validated = std::make_shared<logic::ValidatedBatch>();
    validated->raw = lent->batch;
    auto enriched = std::make_shared<logic::EnrichedBatch>();
    enriched->validated = std::move(validated);
    lent->question = messages::JudgeBatch{
      lent->ticket, std::move(enriched),
      std::make_shared<const LoginRows>(std::move(*rows))};
    ask(question.number, *lent->question);
  }

  static bool are_of(const LoginRows& rows, const logic::RecordBatch& batch) {
    return rows.topic == batch.topic() && rows.partition == batch.partition()
           && rows.first == batch.first_offset()
           && rows.last == batch.last_offset()
           && rows.users.size() <= batch.size()
           && rows.addresses.size() <= batch.size();
  }

  /// No time-out: the router answers in time or is replaced.
  void ask(std::uint64_t number, const messages::JudgeBatch& question) {
    const auto router = parameters_.router->current();
    if (!router)
      return; // asked again once it is there
    self_->request(router, caf::infinite, question)
      .then([this, number](
              const messages::BatchJudged& answer) { pass_on(number, answer); },
            [this, number](const caf::error& error) {
              // Of one that died nothing more comes; its successor is asked.
              if (error == logic::ErrorCode::stage_failed)
                give_up(number, to_string(error));
            });
  }

  void ask_again() {
    for (const auto& [number, lent] : lent_)
      if (lent.question)
        ask(number, *lent.question);
  }

  void pass_on(std::uint64_t number, const messages::BatchJudged& answer) {
    const auto found = lent_.find(number);
    if (found == lent_.end() || !found->second.question)
      return;
    const auto rows = std::exchange(found->second.question, {})->rows;
    auto bytes = logic::detection::encode_judgements(*rows, answer.judgements);
    if (bytes.size() > wire::max_lane_bytes) {
      const auto none = std::make_shared<logic::ShardJudgements>(
        logic::detection::unjudged(*rows, ShardSet{}.set()));
      bytes = logic::detection::encode_judgements(*rows, {{none}});
    }
    tell_peer(self_, workers_.at(found->second.worker).link,
              wire::LaneAnswer{number, std::move(bytes)});
  }

  /// It is dealt again, so that the worker need not finish it.
  void give_up(std::uint64_t number, std::string text) {
    const auto found = lent_.find(number);
    if (found == lent_.end() || !found->second.question)
      return;
    auto& worker = workers_.at(found->second.worker);
    const auto ticket = found->second.ticket;
    tell_peer(self_, worker.link, wire::LaneDrop{number});
    give_back(number, worker);
    report_failure(ticket,
                   std::string{name_of(logic::ActorKind::anomaly_detector)},
                   std::move(text), true);
  }

  // -- The rest ---------------------------------------------------------------

  void publish(wire::LaneInsight& insight) {
    if (speaker() != nullptr)
      tell(self_, parameters_.producer,
           messages::PublishInsight{
             std::make_shared<const std::string>(std::move(insight.json))});
  }

  messages::RemoteLanesStatus status() const {
    messages::RemoteLanesStatus report;
    for (const auto& [id, worker] : workers_)
      if (worker.life)
        report.lanes.push_back({worker.name, worker.lane, worker.granted_bytes,
                                worker.used_bytes, worker.batches_there,
                                worker.batches_done, worker.records_done});
    std::ranges::sort(report.lanes, {}, &messages::RemoteLaneStatus::lane);
    return report;
  }

  void show_count() {
    metrics().workers.Set(static_cast<double>(workers_.size()));
  }

  Metrics& metrics() const { return *parameters_.surroundings.metrics; }

  RemoteLanesActor::pointer self_;
  RemoteLanesParameters parameters_;
  std::map<caf::actor_id, Worker> workers_; ///< by link
  std::map<std::uint64_t, Lent> lent_; ///< by number
  std::uint64_t next_number_;
  std::uint64_t next_life_;
};

} // namespace

RemoteLanesActor spawn_remote_lanes(caf::actor_system& system,
                                    RemoteLanesParameters parameters) {
  return system.spawn<RemoteLanesActor::stateful_impl<RemoteLanesState>>(
    std::move(parameters));
}

} // namespace millrace::actors
