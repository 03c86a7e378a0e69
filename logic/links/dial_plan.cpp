#include "logic/links/dial_plan.hpp"

#include <algorithm>

namespace millrace::logic::links {

using std::chrono::milliseconds;

/// SplitMix64, as in logic/detection/random.hpp.
std::uint64_t DialPlan::next_random() {
  random_ += 0x9E3779B97F4A7C15U;
  auto mixed = random_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

DialPlan::Entry* DialPlan::find(const Endpoint& endpoint) {
  const auto found = entries_.find(endpoint);
  return found == entries_.end() ? nullptr : &found->second;
}

/// Between half of `longest` and all of it.
void DialPlan::wait(Entry& entry, milliseconds longest, Time now) {
  const auto half = longest / 2;
  const auto share = static_cast<std::int64_t>(
    next_random() % static_cast<std::uint64_t>(half.count() + 1));
  entry.state = State::waiting;
  entry.due = now + half + milliseconds{share};
  if (!entry.we_begin)
    entry.due += timing_.courtesy;
}

void DialPlan::set_targets(const std::vector<Target>& targets, Time now) {
  std::map<Endpoint, Entry> next;
  for (const auto& target : targets) {
    if (auto* known = find(target.endpoint)) {
      known->we_begin = target.we_begin;
      next.emplace(target.endpoint, *known);
      continue;
    }
    Entry entry;
    entry.we_begin = target.we_begin;
    entry.due = now;
    if (!target.we_begin)
      wait(entry, timing_.back_off.first, now);
    next.emplace(target.endpoint, entry);
  }
  entries_ = std::move(next);
}

std::vector<Endpoint> DialPlan::take_due(Time now) {
  std::vector<Endpoint> due;
  for (auto& [endpoint, entry] : entries_)
    if (entry.state == State::waiting && entry.due <= now) {
      entry.state = State::dialled;
      due.push_back(endpoint);
    }
  return due;
}

void DialPlan::linked(const Endpoint& endpoint, std::uint64_t peer) {
  if (auto* entry = find(endpoint)) {
    entry->state = State::linked;
    entry->failures = 0;
    entry->peer = peer;
  }
}

void DialPlan::failed(const Endpoint& endpoint, Time now) {
  auto* entry = find(endpoint);
  if (entry == nullptr || entry->state != State::dialled)
    return;
  ++entry->failures;
  wait(*entry, timing_.back_off.delay(entry->failures), now);
}

void DialPlan::refused(const Endpoint& endpoint, Time now) {
  auto* entry = find(endpoint);
  if (entry != nullptr && entry->state == State::dialled)
    wait(*entry, timing_.after_refusal, now);
}

void DialPlan::is_self(const Endpoint& endpoint) {
  if (auto* entry = find(endpoint))
    entry->state = State::self;
}

void DialPlan::lost(std::uint64_t peer, Time now) {
  for (auto& [endpoint, entry] : entries_)
    if (entry.state == State::linked && entry.peer == peer)
      wait(entry, timing_.back_off.first, now);
}

std::optional<DialPlan::Time> DialPlan::next_due() const {
  std::optional<Time> next;
  for (const auto& [endpoint, entry] : entries_)
    if (entry.state == State::waiting)
      next = next ? std::min(*next, entry.due) : entry.due;
  return next;
}

} // namespace millrace::logic::links
