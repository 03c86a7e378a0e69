#include "actors/intake/consumer_work.hpp"
#include "messages/pipeline.hpp"
#include "messages/transactions.hpp"

#include <algorithm>
#include <utility>

/// When offsets are committed, and by whom: by the consumer what is finished,
/// or by the producer together with the outputs.
namespace millrace::actors {

namespace {

/// How long a commit that must be known to have worked may take; less when a
/// deadline is near.
constexpr std::chrono::milliseconds final_commit_wait{5'000};
constexpr std::chrono::milliseconds shortest_wait{500};
/// Batches in flight of which nothing was heard for so long are asked for.
constexpr std::chrono::milliseconds audit_after{5'000};

} // namespace

void Consumer::schedule_tick() {
  self_->delayed_send(self_, parameters_.delivery.commit_interval,
                      messages::Tick{});
}

void Consumer::tick(messages::Tick) {
  if (closed_ || client_failed_)
    return;
  schedule_tick();
  const auto ends = source_->high_watermarks();
  for (const auto& each : ends)
    if (each.end)
      assignment_.note_end(*each.end);
  commit_what_is_finished();
  watch_progress(ends);
  if (unacknowledged_.quiet_since(self_->clock().now() - audit_after))
    list_unacknowledged({});
  // A safety net behind the wake-ups.
  take_what_is_ready();
  finish_what_ends();
}

void Consumer::commit_what_is_finished() {
  if (parameters_.delivery.exactly_once()) {
    announce_membership(true);
    // What records end there the producer commits with their outputs.
    ask_to_commit(assignment_.committable_at_rest());
    return;
  }
  const auto offsets = assignment_.committable();
  if (offsets.empty())
    return;
  if (const auto begun = commit(offsets, std::chrono::milliseconds{0}); !begun)
    log_.limited(self_->clock().now(), logic::LogLevel::warn, name,
                 "could not commit offsets", {{"error", begun.error().text}});
}

logic::Result<void>
Consumer::commit_now(const std::vector<logic::PartitionOffset>& offsets,
                     TimePoint deadline) {
  if (offsets.empty())
    return {};
  if (!parameters_.delivery.exactly_once())
    return commit(offsets, std::min(final_commit_wait, left_until(deadline)));
  auto uncommitted = assignment_.uncommitted(offsets);
  if (uncommitted.empty())
    return {};
  ask_to_commit(std::move(uncommitted));
  return logic::Error{logic::ErrorCode::timed_out,
                      "their transaction is not committed yet"};
}

void Consumer::warn_of_repeats(const logic::Error& error) {
  log_.warn(name,
            "partitions leave before their offsets could be committed, and "
            "their next owner will read again what was finished since",
            {{"error", error.text}});
}

std::chrono::milliseconds Consumer::left_until(TimePoint deadline) const {
  return std::max(shortest_wait,
                  std::chrono::duration_cast<std::chrono::milliseconds>(
                    deadline - self_->clock().now()));
}

logic::Result<void>
Consumer::commit(const std::vector<logic::PartitionOffset>& offsets,
                 std::chrono::milliseconds wait) {
  auto result = source_->commit(offsets, wait);
  if (result) {
    assignment_.note_committed(offsets);
    tell(self_, parameters_.dispatcher, messages::OffsetsCommitted{offsets});
    metrics_.commits[CommitOutcome::success].Increment();
    return {};
  }
  const bool fenced = result.error().code == logic::ErrorCode::fenced;
  metrics_.commits[fenced ? CommitOutcome::fenced : CommitOutcome::failure]
    .Increment();
  log_.debug(name, "a commit was refused", {{"error", result.error().text}});
  // What is fenced is lost, which is told apart: trying again is no use.
  return fenced ? logic::Result<void>{} : result;
}

/// Behind what was taken from us with the change that it is about.
void Consumer::announce_membership(bool again) {
  if (!parameters_.delivery.exactly_once())
    return;
  auto member = source_->take_membership();
  if (!member && !again)
    return;
  if (member)
    member_ = std::move(member);
  if (member_)
    tell(
      self_, parameters_.producer,
      messages::GroupJoined{member_, assignment_.all(), assignment_.newest()});
}

/// The answer comes as news.
void Consumer::ask_to_commit(std::vector<logic::PartitionOffset> offsets) {
  if (!offsets.empty())
    tell(self_, parameters_.producer,
         messages::CommitOffsets{std::move(offsets)});
}

void Consumer::note_committed(const messages::OffsetsCommitted& news) {
  assignment_.note_committed(news.offsets);
  if (!closed_ && !client_failed_)
    source_->note_committed(news.offsets);
  tell(self_, parameters_.dispatcher, news);
  finish_what_ends();
}

void Consumer::lose_commits(const messages::CommitsLost& news) {
  const bool held = std::ranges::any_of(
    news.in_doubt,
    [this](const auto& each) { return assignment_.holds(each); });
  if (held && !closed_ && !client_failed_)
    return fail(news.error);
  // Given back already; whoever says so has not heard of that.
  forget(news.in_doubt);
}

} // namespace millrace::actors
