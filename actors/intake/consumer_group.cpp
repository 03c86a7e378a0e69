#include "actors/intake/consumer_work.hpp"
#include "logic/records/client_event.hpp"
#include "messages/lifecycle.hpp"
#include "messages/pipeline.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace millrace::actors {

namespace {

using logic::ClientEvent;
using logic::PartitionEpoch;

/// Until a commit that failed is tried again while somebody waits for it:
/// short, as partitions stand still meanwhile, and a group that shares out anew
/// refuses commits for some milliseconds only.
constexpr std::chrono::milliseconds commit_retry{50};
/// For the group to take note that this node leaves.
constexpr std::chrono::milliseconds leave_wait{2'000};

} // namespace

// -- Changes in the group -----------------------------------------------------

void Consumer::handle(ClientEvent& event) {
  switch (event.kind) {
    case ClientEvent::Kind::assigned:
      assign(event.partitions);
      break;
    case ClientEvent::Kind::revoked:
      metrics_.rebalances[RebalanceKind::revoked].Increment();
      log_.info(name, "giving partitions back to the group",
                {{"count", event.partitions.size()}});
      begin_leaving(std::move(event.partitions), false);
      break;
    case ClientEvent::Kind::lost:
      lose(event.partitions);
      break;
    case ClientEvent::Kind::uncommitted:
      metrics_.commits[CommitOutcome::failure].Increment();
      assignment_.doubt_commits();
      break;
    case ClientEvent::Kind::fault:
      note_fault(event.error);
      break;
    case ClientEvent::Kind::recovered:
      note_recovery();
      break;
    case ClientEvent::Kind::failed:
      if (event.error.code == logic::ErrorCode::fenced)
        end_displaced(event.error);
      else
        fail(event.error);
      break;
    case ClientEvent::Kind::warning:
      log_.warn(name, "Kafka: for you to know",
                {{"warning", event.error.text}});
      break;
    case ClientEvent::Kind::placed:
      note_placed(event);
      break;
    case ClientEvent::Kind::restarted:
      begin_leaving(std::move(event.partitions), true);
      break;
    case ClientEvent::Kind::recreated:
      note_recreated(event.error);
      break;
    case ClientEvent::Kind::unplaced:
      note_unplaced(event.error);
      break;
  }
}

void Consumer::assign(const std::vector<PartitionEpoch>& partitions) {
  joined_ = true;
  metrics_.rebalances[RebalanceKind::assigned].Increment();
  assignment_.assign(partitions);
  show_assigned();
  log_.info(name, "partitions assigned",
            {{"topic", parameters_.topic},
             {"count", partitions.size()},
             {"held", assignment_.partitions().size()}});
  if (!partitions.empty())
    fault_.clear();
  if (draining_)
    assignment_.begin_leaving_all();
}

void Consumer::begin_leaving(std::vector<PartitionEpoch> partitions,
                             bool restarted) {
  assignment_.begin_leaving(partitions);
  const auto deadline = self_->clock().now()
                        + parameters_.delivery.revoke_deadline;
  leaving_.push_back({std::move(partitions), deadline, restarted});
  self_->delayed_send(self_, parameters_.delivery.revoke_deadline,
                      messages::ClientReady{});
  finish_leaving();
}

void Consumer::finish_leaving() {
  const auto now = self_->clock().now();
  std::erase_if(leaving_,
                [&](Leaving& leaving) { return finish_leaving(leaving, now); });
}

bool Consumer::finish_leaving(Leaving& leaving, TimePoint now) {
  const bool drained = assignment_.drained(leaving.partitions);
  if ((!drained || now < leaving.commit_again_at) && now < leaving.deadline)
    return false;
  // In a log that begins anew what was finished is no place.
  const auto committed = leaving.restarted ? logic::Result<void>{}
                                           : commit_now(assignment_.finished(
                                                          leaving.partitions),
                                                        leaving.deadline);
  if (!committed && now < leaving.deadline) {
    // The next owner would do all that again.
    leaving.commit_again_at = self_->clock().now() + commit_retry;
    self_->delayed_send(self_, commit_retry, messages::ClientReady{});
    return false;
  }
  if (!committed)
    warn_of_repeats(committed.error());
  if (!drained)
    log_.warn(name,
              "partitions leave with records in flight, which their "
              "next owner will read again",
              {{"deadline_ms", parameters_.delivery.revoke_deadline.count()}});
  give_back(leaving.partitions, leaving.restarted);
  return true;
}

void Consumer::lose(const std::vector<PartitionEpoch>& partitions) {
  metrics_.rebalances[RebalanceKind::lost].Increment();
  log_.warn(name, "partitions lost to the group",
            {{"count", partitions.size()}});
  give_back(partitions);
}

void Consumer::give_back(const std::vector<PartitionEpoch>& partitions,
                         bool restarted) {
  forget(partitions, restarted);
  assignment_.remove(partitions);
  unacknowledged_.forget(partitions);
  show_credit();
  source_->release(partitions);
  for (const auto& held : partitions)
    metrics_.lag.remove(parameters_.topic, held.partition);
  progress_.forget(partitions);
  show_assigned();
}

void Consumer::forget(const std::vector<PartitionEpoch>& partitions,
                      bool restarted) {
  const messages::ForgetPartitions order{partitions, restarted};
  tell(self_, parameters_.dispatcher, order);
  tell(self_, parameters_.producer, order);
  if (parameters_.router)
    tell(self_, parameters_.router, order);
}

void Consumer::note_placed(const ClientEvent& event) {
  const auto& held = event.partitions.front();
  const auto offset = event.position.value_or(logic::Offset{0});
  assignment_.note_placed(held, offset);
  if (!event.jump) {
    log_.info(name,
              event.added
                ? "reading a partition that was added to the topic, from its "
                  "begin"
                : "reading a partition of which nothing was committed",
              {{"topic", parameters_.topic},
               {"partition", held.partition},
               {"offset", offset}});
    return;
  }
  const auto& jump = *event.jump;
  metrics_.records_skipped[jump.why].Increment(
    static_cast<double>(jump.skipped()));
  log_.warn(name, "a partition cannot be read on from where it should",
            {{"topic", parameters_.topic},
             {"partition", held.partition},
             {"reason", to_string(jump.why)},
             {"from_offset", jump.from},
             {"to_offset", jump.to},
             {"skipped", jump.skipped()}});
}

void Consumer::note_recreated(const logic::Error& error) {
  metrics_.count_recreated(parameters_.topic);
  log_.warn(name, "the input topic was created anew",
            {{"topic", parameters_.topic}, {"error", error.text}});
  // Those that are held follow when what is in flight of them is done.
  forget({}, true);
}

void Consumer::note_unplaced(const logic::Error& error) {
  metrics_.count_error(name, error.code);
  fault_ = error.text;
  log_.fatal(name, "somebody must decide from where to read on",
             {{"error", error.text}});
  assignment_.begin_leaving_all();
  if (parameters_.end_node)
    parameters_.end_node(error);
}

void Consumer::show_assigned() {
  metrics_.assigned_partitions.Set(
    static_cast<double>(assignment_.partitions().size()));
}

void Consumer::note_fault(const logic::Error& error) {
  fault_ = error.text;
  metrics_.count_error(name, error.code);
  log_.limited(self_->clock().now(), trouble_level(error), name,
               "trouble with Kafka, going on trying", {{"error", error.text}});
}

void Consumer::note_recovery() {
  if (!fault_.empty())
    log_.info(name, "Kafka answers again");
  fault_.clear();
}

void Consumer::fail(const logic::Error& error) {
  lose_client(error, "the Kafka consumer failed for good");
  self_->quit(messages::to_caf_error(error));
}

/// A new client would put out the one that has put out ours, and so on.
void Consumer::end_displaced(const logic::Error& error) {
  fault_ = error.text;
  metrics_.fenced[FencedClient::consumer].Increment();
  lose_client(error, "another node took this one's place in the group");
  if (parameters_.end_node)
    parameters_.end_node(error);
}

void Consumer::lose_client(const logic::Error& error, std::string_view what) {
  metrics_.count_error(name, error.code);
  log_.fatal(name, what, {{"error", error.text}});
  client_failed_ = true;
  give_back(assignment_.all());
}

// -- Progress -----------------------------------------------------------------

void Consumer::watch_progress(std::span<const logic::PartitionLag> ends) {
  const auto now = self_->clock().now();
  std::size_t stalled = 0;
  for (const auto& [partition, finished, lag, stall_began] :
       progress_.look(assignment_, ends, now)) {
    metrics_.lag.set(parameters_.topic, partition, lag.records);
    if (stall_began)
      log_.error(name, "a partition lags and does not move",
                 {{"topic", parameters_.topic},
                  {"partition", partition},
                  {"finished_offset", finished},
                  {"lag_records", lag.records}});
    stalled += lag.stalled ? 1 : 0;
  }
  for (const auto partition : silence_.look(assignment_, now))
    log_.error(name,
               "nothing comes of a partition, neither a record nor its end",
               {{"topic", parameters_.topic}, {"partition", partition}});
  metrics_.stalled_partitions.Set(
    static_cast<double>(stalled + silence_.count()));
}

// -- The end ------------------------------------------------------------------

caf::result<messages::IntakeDrained>
Consumer::drain(const messages::DrainIntake& order) {
  if (closed_)
    return taken_in();
  stop_intake(order.deadline);
  draining_ = self_->make_response_promise<messages::IntakeDrained>();
  auto promise = *draining_;
  finish_draining();
  return promise;
}

void Consumer::stop_intake(std::chrono::milliseconds deadline) {
  if (!draining_)
    log_.info(name, "intake stopped, finishing what is in flight",
              {{"records", assignment_.unfinished_records()}});
  // Whoever asks again has not got more time by that.
  const auto asked = self_->clock().now() + deadline;
  drain_deadline_ = draining_ ? std::min(drain_deadline_, asked) : asked;
  assignment_.begin_leaving_all();
  self_->delayed_send(self_, deadline, messages::ClientReady{});
}

void Consumer::finish_draining() {
  if (!draining_ || closed_)
    return;
  const auto now = self_->clock().now();
  if (!assignment_.drained() && now < drain_deadline_)
    return;
  const auto partitions = assignment_.all();
  const auto answer = taken_in();
  const auto committed = commit_now(assignment_.finished(partitions),
                                    drain_deadline_);
  if (!committed && now + commit_retry < drain_deadline_) {
    self_->delayed_send(self_, commit_retry, messages::ClientReady{});
    return;
  }
  if (!committed)
    warn_of_repeats(committed.error());
  if (answer.unfinished_records != 0)
    forget(partitions);
  closed_ = true;
  // What matters is done. Without a broker the goodbye takes its time, and so
  // it does while the group waits for another member.
  draining_->deliver(answer);
  // Who does not answer a commit hears no goodbye either.
  const auto wait = committed
                      ? std::min(leave_wait, left_until(drain_deadline_))
                      : std::chrono::milliseconds{0};
  if (!source_->close(wait))
    log_.warn(
      name, "the group did not take note that this node leaves: it shares out "
            "what was held here when the session ends");
}

void Consumer::finish_what_ends() {
  finish_leaving();
  finish_draining();
}

messages::IntakeDrained Consumer::taken_in() const {
  return {records_, assignment_.unfinished_records()};
}

} // namespace millrace::actors
