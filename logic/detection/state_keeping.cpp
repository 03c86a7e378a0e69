#include "logic/detection/state_keeping.hpp"

#include <algorithm>
#include <variant>

namespace millrace::logic::detection {

namespace {

constexpr std::chrono::milliseconds shortest_tick{10};
/// Stores want to be looked at twice a second.
constexpr std::chrono::milliseconds longest_tick{250};
/// So many ticks in an interval: how evenly the shards spread over it.
constexpr int ticks_per_interval = 32;
/// An orderly end does not wait a whole interval before it asks again.
constexpr std::chrono::milliseconds last_patience{500};

} // namespace

std::chrono::milliseconds StateKeeping::tick_interval() const noexcept {
  return std::clamp(options_.config.snapshot_interval / ticks_per_interval,
                    shortest_tick, longest_tick);
}

StateKeeping::Shard* StateKeeping::find(std::uint32_t shard) noexcept {
  const auto found = shards_.find(shard);
  return found == shards_.end() ? nullptr : &found->second;
}

void StateKeeping::take(StateStoreEvent event, Time now, StateOrders& orders) {
  std::visit([&](auto& each) { on(each, now, orders); }, event);
}

void StateKeeping::on(ShardAssigned& event, Time now, StateOrders& orders) {
  // Whatever it was before, it begins from its log. What was given up answers
  // until that is done.
  if (find(event.shard))
    let_go(event.shard, orders);
  auto& shard = shards_[event.shard];
  shard.generation = event.generation;
  shard.saved = now;
  shard.reader = std::make_unique<SnapshotReader>(
    shape_of(options_.config, event.shard,
             static_cast<std::uint32_t>(options_.config.shards)));
}

void StateKeeping::on(ShardRecords& event, Time, StateOrders&) {
  auto* shard = find(event.shard);
  if (!shard || !shard->reader)
    return;
  for (auto& record : event.records)
    shard->reader->take(std::move(record));
}

void StateKeeping::on(ShardLoaded& event, Time now, StateOrders& orders) {
  auto* shard = find(event.shard);
  if (!shard || !shard->reader)
    return;
  auto& reader = *shard->reader;
  const auto shape = shape_of(
    options_.config, event.shard,
    static_cast<std::uint32_t>(options_.config.shards));
  SnapshotWriter::Options writing{
    shape, std::max(shard->generation, reader.newest_generation() + 1),
    reader.take_keys()};
  shard->handover = std::make_shared<ShardHandover>();
  shard->handover->state = empty_shard(options_.config);
  restored_.push_back({event.shard, reader.restore(*shard->handover->state)});
  shard->reader = nullptr;
  if (options_.saves)
    orders.append.push_back(
      {event.shard, 0, {generation_record(shape, writing.generation)}});
  shard->handover->writer.emplace(std::move(writing));
  // Each at its own time within the interval.
  const auto shards = std::max<std::int64_t>(1, options_.config.shards);
  shard->due = now
               + options_.config.snapshot_interval * (event.shard + 1) / shards;
  orders.host.push_back({event.shard, shard->handover});
}

void StateKeeping::on(ShardRevoked& event, Time now, StateOrders& orders) {
  auto* shard = find(event.shard);
  if (!shard)
    return;
  if (event.lost || !options_.saves || shard->reader) {
    let_go(event.shard, orders);
    if (!event.lost)
      orders.release.push_back(event.shard);
    return;
  }
  shard->revoked = true;
  // What is under way comes first.
  if (!shard->appending)
    ask(event.shard, *shard, now, orders);
}

void StateKeeping::on(StateAppended& event, Time now, StateOrders& orders) {
  auto* shard = find(event.shard);
  // The begin of a generation, too, is answered.
  if (!shard || shard->appending != event.number)
    return;
  shard->appending.reset();
  unsaved_bytes_ -= std::exchange(shard->bytes, 0);
  const bool saved = event.outcome.has_value();
  orders.settle.push_back({event.shard, event.number, saved});
  if (saved)
    shard->saved = now;
  if (!shard->appending_last) {
    if (shard->revoked || (ending_ && saved))
      ask(event.shard, *shard, now, orders);
    return;
  }
  // The group waits: what cannot be saved now is lost.
  if (shard->revoked)
    return hand_over(event.shard, now, orders);
  shard->finished = saved;
}

void StateKeeping::ask(std::uint32_t number, Shard& shard, Time now,
                       StateOrders& orders) {
  const bool last = ending_ || shard.revoked;
  orders.save.push_back({number, last});
  // By then it has answered, or is asked again.
  shard.due = now
              + (last
                   ? std::min(last_patience, options_.config.snapshot_interval)
                   : options_.config.snapshot_interval);
}

void StateKeeping::tick(Time now, StateOrders& orders) {
  std::erase_if(farewells_, [&](const auto& each) {
    if (now < each.second.until)
      return false;
    orders.give_up.push_back(each.first);
    return true;
  });
  if (!options_.saves)
    return;
  for (auto& [number, shard] : shards_) {
    if (shard.reader || shard.appending || shard.finished || now < shard.due)
      continue;
    if (unsaved_bytes_ > max_unsaved_bytes && !shard.revoked)
      break;
    ask(number, shard, now, orders);
  }
}

void StateKeeping::answered(const StateOrders::Save& order, Snapshot snapshot,
                            StateOrders& orders) {
  auto* shard = find(order.shard);
  if (!shard || shard->reader || shard->appending)
    return;
  if (snapshot.records.empty()) { // it is not there
    if (shard->revoked) {
      let_go(order.shard, orders);
      orders.release.push_back(order.shard);
    }
    return;
  }
  shard->appending = snapshot.attempt;
  shard->appending_last = order.last;
  shard->bytes = snapshot.bytes;
  unsaved_bytes_ += snapshot.bytes;
  orders.append.push_back(
    {order.shard, snapshot.attempt, std::move(snapshot.records)});
}

void StateKeeping::hosted(std::uint32_t number) {
  if (auto* shard = find(number))
    shard->handover = nullptr;
  farewells_.erase(number);
}

void StateKeeping::detector_replaced(std::uint32_t number,
                                     std::uint32_t detector_count,
                                     StateOrders& orders) {
  for (const auto& [each, shard] : shards_)
    if (each % detector_count == number && shard.handover)
      orders.host.push_back({each, shard.handover});
}

void StateKeeping::end(Time now, StateOrders& orders) {
  ending_ = true;
  if (!options_.saves)
    return;
  for (auto& [number, shard] : shards_)
    if (!shard.reader && !shard.appending && !shard.finished)
      ask(number, shard, now, orders);
}

bool StateKeeping::is_finished(const Shard& shard) const noexcept {
  // What is not put together yet has not changed.
  return !options_.saves || shard.finished || shard.reader;
}

std::size_t StateKeeping::unfinished() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(shards_.begin(), shards_.end(), [this](const auto& each) {
      return !is_finished(each.second);
    }));
}

void StateKeeping::ended(Time now) {
  for (const auto& [number, shard] : shards_)
    if (!shard.reader && !shard.handover)
      farewells_[number] = {shard.generation, now + max_farewell};
  shards_.clear();
  unsaved_bytes_ = 0;
}

void StateKeeping::outdone(const std::vector<std::uint32_t>& shards,
                           StateOrders& orders) {
  for (const auto shard : shards)
    if (farewells_.erase(shard) != 0)
      orders.give_up.push_back(shard);
}

std::vector<OwnedShard> StateKeeping::serving() const {
  std::vector<OwnedShard> shards;
  for (const auto& [number, shard] : shards_)
    if (!shard.reader && !shard.handover)
      shards.push_back({number, shard.generation});
  // By now it may be here again, and not be put together yet.
  for (const auto& [number, farewell] : farewells_)
    shards.push_back({number, farewell.generation});
  std::ranges::sort(shards, {}, &OwnedShard::shard);
  return shards;
}

std::size_t StateKeeping::loading() const noexcept {
  return static_cast<std::size_t>(
    std::count_if(shards_.begin(), shards_.end(), [](const auto& each) {
      return each.second.reader != nullptr;
    }));
}

std::optional<StateKeeping::Time> StateKeeping::oldest_save() const noexcept {
  std::optional<Time> oldest;
  for (const auto& [number, shard] : shards_)
    if (!is_finished(shard) && (!oldest || shard.saved < *oldest))
      oldest = shard.saved;
  return oldest;
}

/// With its last snapshot; its state answers on.
void StateKeeping::hand_over(std::uint32_t number, Time now,
                             StateOrders& orders) {
  const auto found = shards_.find(number);
  farewells_[number] = {found->second.generation, now + max_farewell};
  unsaved_bytes_ -= found->second.bytes;
  shards_.erase(found);
  orders.release.push_back(number);
}

void StateKeeping::let_go(std::uint32_t number, StateOrders& orders) {
  const auto found = shards_.find(number);
  if (!found->second.reader)
    orders.give_up.push_back(number);
  unsaved_bytes_ -= found->second.bytes;
  shards_.erase(found);
}

} // namespace millrace::logic::detection
