#include "logic/delivery/outbox.hpp"

#include <algorithm>
#include <map>
#include <utility>

/// What is different where the sink writes in transactions: nothing that was
/// sent counts before the end, and after a failure all of it is sent again.
namespace millrace::logic {

namespace {

/// After so many transactions in succession in which a request was too large
/// the next follows at once: of each the client learns how much it may send.
constexpr std::uint32_t soon_again = 10;
/// After so many each record is tried alone, for which a transaction may be too
/// short. Those between wait, as topics are asked but once in a while.
constexpr std::uint32_t together_again = 14;

} // namespace

bool Outbox::begin(std::uint32_t slot) {
  auto& state = slots_[slot];
  if (state.begun)
    return true;
  if (held_back_ || (one_by_one_ && begun_ != 0))
    return false;
  state.begun = true;
  state.alone = one_by_one_;
  ++begun_;
  return true;
}

std::vector<PartitionOffset> Outbox::settled_positions() const {
  std::map<PartitionEpoch, Offset> next;
  for (const auto& slot : slots_) {
    if (slot.batch == nullptr || !slot.settled || slot.forgotten)
      continue;
    const Offset end{slot.batch->raw->last_offset().value + 1};
    auto& position = next[{slot.ticket.partition, slot.ticket.epoch}];
    position = std::max(position, end);
  }
  std::vector<PartitionOffset> positions;
  positions.reserve(next.size());
  for (const auto& [held, offset] : next)
    positions.push_back({held.partition, held.epoch, offset});
  return positions;
}

void Outbox::commit() {
  std::vector<std::uint32_t> done;
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot)
    if (slots_[slot].batch != nullptr && slots_[slot].settled)
      done.push_back(slot);
  std::ranges::sort(done, {},
                    [this](auto slot) { return slots_[slot].arrival; });
  for (const auto slot : done)
    release(slot);
  for (std::size_t index = 0; index != destination_count; ++index)
    delivered_records_[index] += std::exchange(settled_records_[index], 0);
  begun_ = settled_ = 0;
  one_by_one_ = false;
  too_large_transactions_ = 0;
  blamed_.reset();
}

void Outbox::roll_back() {
  if (std::exchange(too_large_, false)) {
    ++too_large_transactions_;
    lessons_ += too_large_transactions_ <= soon_again ? 1 : 0;
    one_by_one_ |= too_large_transactions_ > together_again;
  }
  queued_ = queued_dead_letters_ = 0;
  settled_records_.fill(0);
  begun_ = settled_ = 0;
  unsent_.clear();
  for (std::uint32_t slot = 0; slot != slots_.size(); ++slot) {
    auto& state = slots_[slot];
    if (state.batch == nullptr)
      continue;
    if (state.forgotten) {
      release(slot);
      continue;
    }
    const auto total = static_cast<std::uint32_t>(state.batch->records.size());
    if (state.begun && state.alone && !state.proven_refused)
      state.proven = std::max(state.proven, total - state.outstanding);
    state.sent = 0;
    state.outstanding = total;
    state.begun = state.settled = false;
    unsent_.push_back(slot);
  }
  // What is alone in a transaction and fails for ever must not keep the other
  // partitions from theirs.
  std::ranges::sort(unsent_, {}, [this](auto slot) {
    const auto& state = slots_[slot];
    const bool last = one_by_one_ && state.ticket.partition == blamed_;
    return std::pair{last, state.arrival};
  });
}

bool Outbox::has_begun(const PartitionEpoch& held) const {
  return std::ranges::any_of(slots_, [&](const auto& slot) {
    return slot.batch != nullptr && slot.begun
           && PartitionEpoch{slot.ticket.partition, slot.ticket.epoch} == held;
  });
}

std::set<PartitionEpoch> Outbox::partitions() const {
  std::set<PartitionEpoch> result;
  for (const auto& slot : slots_)
    if (slot.batch != nullptr && !slot.forgotten)
      result.insert({slot.ticket.partition, slot.ticket.epoch});
  return result;
}

/// The transaction is lost whatever the record's fate; all that counts is what
/// will be sent differently in the next.
void Outbox::handle_failure_of_transaction(const DeliveryFailure& failure,
                                           TimePoint now) {
  auto& slot = slots_[failure.token.slot];
  const auto index = failure.token.index;
  if (failure.fault == DeliveryFault::fatal) {
    note(OutboxNotice::Kind::client_failed, slot, index, failure.text);
    return;
  }
  if (failure.fault == DeliveryFault::outage)
    return;
  ++retries_;
  const bool passing = failure.fault == DeliveryFault::transient;
  // Alone in its request, and others before it were taken.
  const bool own = failure.blame == Blame::record
                   && (!passing
                       || (one_by_one_ && index >= slot.proven
                           && slot.outstanding != slot.batch->records.size()));
  if (index < slot.proven && failure.blame != Blame::neighbour) {
    slot.proven = 0;
    slot.proven_refused = true;
  }
  if (!own) {
    if (failure.fault == DeliveryFault::too_large && !one_by_one_) {
      too_large_ = true;
      blamed_ = slot.ticket.partition;
    } else if (failure.blame != Blame::neighbour || passing) {
      lessons_ += one_by_one_ ? 0 : 1;
      one_by_one_ = true;
      blamed_ = slot.ticket.partition;
    }
    return;
  }
  auto& failed = slot.failed_records[index];
  if (change_record(failure, failed, now)) {
    ++lessons_;
    return;
  }
  ++failed.attempts;
  if (destination_of(failure.token) == Destination::dead_letters) {
    failed.stuck = shared(failure.text);
    note(OutboxNotice::Kind::stuck, slot, index, failure.text);
  } else if (!passing || failed.attempts > config_.retry_limit) {
    ++lessons_;
    note(OutboxNotice::Kind::given_up, slot, index, failure.text);
    dead_letter(slot, failed, Reason::delivery_failed, failure.text);
  }
}

} // namespace millrace::logic
