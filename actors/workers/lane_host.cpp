#include "actors/workers/lane_host.hpp"

#include "actors/links/link.hpp"
#include "logic/detection/judgement_codec.hpp"
#include "logic/detection/login_rows_codec.hpp"
#include "logic/encoding/additions_codec.hpp"
#include "logic/records/batch_codec.hpp"
#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/links.hpp"
#include "messages/pipeline.hpp"
#include "messages/reconciliation.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"
#include "messages/workers.hpp"

#include <caf/actor_clock.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace millrace::actors {

namespace {

namespace wire = messages::wire;
using logic::AskerId;
using logic::BatchId;
using logic::HostedWork;

/// The most that `flow.batch_max_records` can ask for.
constexpr std::size_t max_records = 100'000;

/// A node that has work done here: the link to it.
struct Asker {
  std::string node; ///< empty until the link is told of
  caf::actor link;
  std::optional<std::uint64_t> told_bytes; ///< its window, as it knows it
};

/// The logins of a batch that are being judged where it came from.
struct Question {
  logic::detection::LoginRowsPtr rows;
  caf::typed_response_promise<messages::BatchJudged> promise;
};

class LaneHostState {
public:
  static inline const char* name = name_of(logic::ActorKind::lane_host).data();

  LaneHostState(LaneHostActor::pointer self, LaneHostParameters parameters)
    : self_(self), parameters_(std::move(parameters)),
      work_(parameters_.limits, parameters_.incarnation.value << 32U) {}

  LaneHostActor::behavior_type make_behavior() {
    harden(self_);
    self_->set_down_handler([this](caf::scheduled_actor*, caf::down_msg& down) {
      link_down(down.source.id());
    });
    tell(self_, parameters_.links, messages::ListPeers{});
    return {
      [this](wire::LaneOpen) { open(); },
      [this](const wire::LaneWork& order) { take_in(order); },
      [this](const wire::LaneAnswer& answer) { take_answer(answer); },
      [this](const wire::LaneDrop& order) { drop(order); },
      [this](const messages::JudgeBatch& order) { return have_judged(order); },
      [this](const messages::ProduceBatch& order) { return_result(order); },
      [this](messages::BatchFailed& report) { return_failure(report); },
      [this](const messages::BatchLeftLane&) {},
      [this](const messages::PublishInsight& order) { publish(order); },
      [this](const messages::AttachLane& order) { begin_lane(order); },
      [this](const messages::LinkUp& news) { link_up(news.peer); },
      [](const messages::LinkDown&) {}, // the link's own end is watched
      [](const messages::PeerOwners&) {},
      [this](messages::Tick) { end_drain(); },
      [this](messages::DrainIntake order) { return drain(order); },
      [this](messages::ReportStatus) { return status(); },
      answer_heartbeats(self_),
      obey_faults(parameters_.surroundings),
    };
  }

private:
  // -- Those who have work done here ------------------------------------------

  /// It may be said before this node is told of the link.
  void open() {
    if (const auto sender = self_->current_sender())
      begin(caf::actor_cast<caf::actor>(sender), {});
  }

  /// Also for nodes that are there already when this starts.
  void link_up(const messages::Peer& peer) {
    if (peer.node.role == logic::links::NodeRole::worker)
      return;
    if (const auto found = askers_.find(peer.link.id());
        found != askers_.end()) {
      found->second.node = peer.node.name;
      return;
    }
    begin(peer.link, peer.node.name);
  }

  void begin(caf::actor link, const std::string& node) {
    const auto id = link.id();
    for (const auto former : work_.open(id))
      let_go(former);
    auto& asker = askers_[id];
    if (!asker.link)
      self_->monitor(link);
    asker.link = std::move(link);
    asker.told_bytes.reset();
    if (!node.empty())
      asker.node = node;
    tell_windows();
  }

  void link_down(AskerId id) {
    if (askers_.erase(id) == 0)
      return;
    for (const auto former : work_.close(id))
      let_go(former);
    tell_windows();
    carry_on();
  }

  void tell_windows() {
    const auto bytes = work_.window_bytes();
    for (auto& [id, asker] : askers_)
      if (asker.told_bytes != bytes) {
        asker.told_bytes = bytes;
        tell_peer(self_, asker.link,
                  wire::LaneWindow{parameters_.incarnation.value, bytes});
      }
  }

  template <class Message>
  void say(const HostedWork::Name& which, Message message) {
    message.number = which.number;
    if (const auto found = askers_.find(which.asker); found != askers_.end())
      tell_peer(self_, found->second.link, std::move(message));
  }

  // -- Batches ----------------------------------------------------------------

  void take_in(const wire::LaneWork& order) {
    const auto& sender = self_->current_sender();
    if (!sender || !askers_.contains(sender->id()))
      return ignore();
    const HostedWork::Name which{sender->id(), order.number};
    auto batch = logic::decode_batch(order.batch, max_records);
    if (!batch)
      return fail(which, {}, batch.error().text, true);
    if (work_.take_in(which, std::move(*batch), order.first_try,
                      self_->clock().now()))
      carry_on();
    else
      fail(which, {}, "more than the worker has memory for", false);
  }

  /// Of those who know the protocol nobody sends that.
  void ignore() { metrics().worker_messages_ignored.Increment(); }

  void drop(const wire::LaneDrop& order) {
    const auto& sender = self_->current_sender();
    if (!sender)
      return;
    if (const auto id = work_.find({sender->id(), order.number})) {
      work_.finish(*id);
      let_go(*id);
      carry_on();
    }
  }

  /// Its lane need not go on with it.
  void let_go(BatchId id) {
    if (auto question = questions_.extract(id))
      question.mapped().promise.deliver(caf::make_error(
        logic::ErrorCode::stage_failed, "nobody waits for the batch any more"));
  }

  /// Whatever is to be done now.
  void carry_on() {
    for (auto& deal : work_.take_deals())
      tell(self_, parameters_.lanes[deal.ticket.lane],
           messages::ValidateBatch{deal.ticket, std::move(deal.batch)});
    metrics().hosted_batches.Set(static_cast<double>(work_.batches()));
    if (work_.batches() == 0)
      end_drain();
  }

  void return_result(const messages::ProduceBatch& order) {
    const auto which = work_.finish(order.ticket.id);
    if (!which)
      return; // lost with its lane, or of no interest any more
    auto additions = logic::encode_additions(*order.batch);
    if (additions.size() > wire::max_lane_bytes) {
      fail(*which, {}, "what was added is too large for a link", true);
    } else {
      records_done_ += order.batch->records.size();
      metrics().hosted_records.Increment(
        static_cast<double>(order.batch->records.size()));
      say(*which, wire::LaneResult{0, std::move(additions)});
    }
    carry_on();
  }

  void return_failure(messages::BatchFailed& report) {
    if (const auto which = work_.finish(report.ticket.id)) {
      let_go(report.ticket.id);
      fail(*which, std::move(report.stage), std::move(report.text),
           report.guilty);
    }
    carry_on();
  }

  void fail(const HostedWork::Name& which, std::string stage, std::string text,
            bool guilty) {
    stage.resize(std::min(stage.size(), wire::max_stage_bytes));
    text.resize(std::min(text.size(), wire::max_failure_bytes));
    say(which, wire::LaneFailed{0, guilty, std::move(stage), std::move(text)});
  }

  void begin_lane(const messages::AttachLane& order) {
    for (const auto& lost :
         work_.begin_lane(order.lane, order.incarnation, order.suspects)) {
      let_go(lost.id);
      fail(lost.name, order.stage, "the stage died at work on it", lost.guilty);
    }
    carry_on();
  }

  // -- Judgements -------------------------------------------------------------

  caf::result<messages::BatchJudged>
  have_judged(const messages::JudgeBatch& order) {
    const auto id = order.ticket.id;
    const auto which = work_.name_of(id);
    if (!which)
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "nobody waits for the batch any more");
    auto rows = logic::detection::encode_rows(
      *order.rows, logic::detection::ShardSet{}.set());
    if (rows.size() > wire::max_lane_bytes)
      return caf::make_error(logic::ErrorCode::stage_failed,
                             "a question too large for a link");
    auto promise = self_->make_response_promise<messages::BatchJudged>();
    questions_.insert_or_assign(id, Question{order.rows, promise});
    say(*which, wire::LaneQuestion{0, std::move(rows)});
    work_.pass_on(id);
    carry_on();
    return promise;
  }

  void take_answer(const wire::LaneAnswer& answer) {
    const auto& sender = self_->current_sender();
    const auto id = sender ? work_.find({sender->id(), answer.number})
                           : std::nullopt;
    auto question = id ? questions_.extract(*id)
                       : std::map<BatchId, Question>::node_type{};
    if (!question)
      return;
    auto judgements = logic::detection::decode_judgements(
      answer.judgements, *question.mapped().rows,
      logic::detection::ShardSet{}.set());
    if (judgements)
      question.mapped().promise.deliver(
        messages::BatchJudged{{std::make_shared<const logic::ShardJudgements>(
          std::move(*judgements))}});
    else
      question.mapped().promise.deliver(caf::make_error(
        logic::ErrorCode::stage_failed, judgements.error().text));
  }

  // -- The rest ---------------------------------------------------------------

  /// Whoever publishes it, it names this node. Without anybody it is lost, as
  /// the counts of a node that dies.
  void publish(const messages::PublishInsight& order) {
    if (!askers_.empty() && order.json->size() <= wire::max_insight_bytes)
      tell_peer(self_, askers_.begin()->second.link,
                wire::LaneInsight{*order.json});
  }

  caf::result<messages::IntakeDrained>
  drain(const messages::DrainIntake& order) {
    work_.shut();
    tell_windows();
    drained_ = self_->make_response_promise<messages::IntakeDrained>();
    auto promise = *drained_;
    self_->delayed_send(self_, order.deadline, messages::Tick{});
    if (work_.batches() == 0)
      end_drain();
    return promise;
  }

  void end_drain() {
    if (drained_)
      std::exchange(drained_, {})
        ->deliver(messages::IntakeDrained{records_done_, work_.records()});
  }

  messages::LaneHostStatus status() const {
    messages::LaneHostStatus report;
    const auto& askers = work_.askers();
    for (const auto& [id, asker] : askers_) {
      const auto& work = askers.at(id);
      report.askers.push_back({asker.node, asker.told_bytes.value_or(0),
                               work.used_bytes, work.batches});
    }
    report.batches_here = work_.batches();
    report.records_done = records_done_;
    report.draining = work_.is_shut();
    return report;
  }

  Metrics& metrics() const { return *parameters_.surroundings.metrics; }

  LaneHostActor::pointer self_;
  LaneHostParameters parameters_;
  HostedWork work_;
  std::map<AskerId, Asker> askers_;
  std::map<BatchId, Question> questions_;
  std::optional<caf::typed_response_promise<messages::IntakeDrained>> drained_;
  std::uint64_t records_done_ = 0;
};

} // namespace

LaneHostActor spawn_lane_host(caf::actor_system& system,
                              LaneHostParameters parameters) {
  return system.spawn<LaneHostActor::stateful_impl<LaneHostState>>(
    std::move(parameters));
}

} // namespace millrace::actors
