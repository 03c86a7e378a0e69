#include "logic/workers/hosted_work.hpp"

#include "logic/records/footprint.hpp"

#include <algorithm>

namespace millrace::logic {

namespace {

/// For each lane one batch at work, and some on the way, waiting for their
/// turn or for judgements.
constexpr std::uint64_t batches_per_lane = 4;

/// In or before the first stage of a lane: one at work, one behind it.
constexpr std::uint32_t most_in_front = 2;

} // namespace

std::vector<BatchId> HostedWork::open(AskerId asker) {
  auto former = forget(asker);
  askers_[asker];
  return former;
}

std::vector<BatchId> HostedWork::close(AskerId asker) {
  auto former = forget(asker);
  askers_.erase(asker);
  return former;
}

std::vector<BatchId> HostedWork::forget(AskerId asker) {
  std::vector<BatchId> ids;
  for (const auto& [id, held] : held_)
    if (held.name.asker == asker)
      ids.push_back(id);
  for (const auto id : ids)
    finish(id);
  return ids;
}

std::uint64_t HostedWork::window_bytes() const noexcept {
  if (shut_)
    return 0;
  const auto askers = std::max<std::size_t>(askers_.size(), 1);
  return std::max<std::uint64_t>(all_windows_bytes() / askers, 1);
}

std::uint64_t HostedWork::all_windows_bytes() const noexcept {
  return std::min(limits_.budget_bytes,
                  limits_.lanes * batches_per_lane * limits_.batch_bytes);
}

/// Windows may just have become smaller, and what waits for its turn to be
/// judged does not count there: only an equal part of the budget is a limit.
bool HostedWork::take_in(const Name& name, RecordBatchPtr batch, bool first_try,
                         TimePoint now) {
  const auto found = askers_.find(name.asker);
  const auto bytes = footprint_bytes(*batch);
  if (found == askers_.end() || names_.contains(name)
      || found->second.used_bytes > limits_.budget_bytes / askers_.size())
    return false;
  Held held;
  held.name = name;
  held.bytes = bytes;
  held.ticket.id = BatchId{next_id_++};
  held.ticket.partition = batch->partition();
  held.ticket.attempt = first_try ? 0 : 1;
  held.ticket.read_at = now;
  held.batch = std::move(batch);
  found->second.used_bytes += bytes;
  found->second.waiting.push_back(held.ticket.id);
  names_.emplace(name, held.ticket.id);
  held_.emplace(held.ticket.id, std::move(held));
  return true;
}

std::vector<HostedWork::Lost>
HostedWork::begin_lane(std::uint32_t number, Incarnation incarnation,
                       std::span<const BatchId> suspects) {
  auto& lane = lanes_.at(number);
  std::vector<Lost> lost;
  if (lane.attached && lane.incarnation == incarnation)
    return lost;
  for (const auto& [id, held] : held_)
    if (held.dealt && held.ticket.lane == number)
      lost.push_back(
        {id, held.name, std::ranges::find(suspects, id) != suspects.end()});
  for (const auto& each : lost)
    finish(each.id);
  lane = {incarnation, true, 0};
  return lost;
}

void HostedWork::pass_on(BatchId id) {
  if (const auto found = held_.find(id); found != held_.end())
    leave_front(found->second);
}

void HostedWork::leave_front(Held& held) {
  if (held.dealt && !std::exchange(held.passed_on, true))
    --lanes_[held.ticket.lane].in_front;
}

std::optional<HostedWork::Name> HostedWork::finish(BatchId id) {
  const auto found = held_.find(id);
  if (found == held_.end())
    return std::nullopt;
  auto& held = found->second;
  leave_front(held);
  const auto name = held.name;
  auto& asker = askers_.at(name.asker);
  asker.used_bytes -= held.bytes;
  ++asker.batches;
  if (!held.dealt)
    std::erase(asker.waiting, id);
  names_.erase(name);
  held_.erase(found);
  return name;
}

std::optional<std::uint32_t> HostedWork::free_lane() const {
  std::optional<std::uint32_t> best;
  for (std::uint32_t number = 0; number != lanes_.size(); ++number) {
    const auto& lane = lanes_[number];
    if (lane.attached && lane.in_front < most_in_front
        && (!best || lane.in_front < lanes_[*best].in_front))
      best = number;
  }
  return best;
}

/// The next one after whoever was served last.
std::optional<AskerId> HostedWork::next_asker() const {
  std::optional<AskerId> first;
  for (const auto& [id, asker] : askers_) {
    if (asker.waiting.empty())
      continue;
    if (id > last_served_)
      return id;
    if (!first)
      first = id;
  }
  return first;
}

std::vector<HostedWork::Deal> HostedWork::take_deals() {
  std::vector<Deal> deals;
  for (;;) {
    const auto number = free_lane();
    const auto next = number ? next_asker() : std::nullopt;
    if (!next)
      return deals;
    auto& waiting = askers_.at(*next).waiting;
    auto& held = held_.at(waiting.front());
    waiting.pop_front();
    last_served_ = *next;
    auto& lane = lanes_[*number];
    ++lane.in_front;
    held.dealt = true;
    held.ticket.lane = *number;
    held.ticket.lane_incarnation = lane.incarnation;
    deals.push_back({held.ticket, held.batch});
  }
}

std::optional<HostedWork::Name> HostedWork::name_of(BatchId id) const {
  const auto found = held_.find(id);
  return found == held_.end() ? std::nullopt
                              : std::optional{found->second.name};
}

std::optional<BatchId> HostedWork::find(const Name& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional{found->second};
}

std::size_t HostedWork::records() const noexcept {
  std::size_t records = 0;
  for (const auto& [id, held] : held_)
    records += held.batch->size();
  return records;
}

} // namespace millrace::logic
