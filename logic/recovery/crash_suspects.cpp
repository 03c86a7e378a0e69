#include "logic/recovery/crash_suspects.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <numeric>
#include <tuple>

namespace millrace::logic {

namespace {

using Treatment = PlannedPiece::Treatment;

Offset after(Offset offset) {
  return Offset{offset.value + 1};
}

Offset before(Offset offset) {
  return Offset{offset.value - 1};
}

/// The highest offset is left out, so that there is always one after.
bool well_formed(const OffsetRange& range) {
  return range.partition.value >= 0 && range.first.value >= 0
         && range.first <= range.last
         && range.last.value < std::numeric_limits<std::int64_t>::max();
}

bool touch(const OffsetRange& left, const OffsetRange& right) {
  return left.partition == right.partition && after(left.last) == right.first;
}

std::uint32_t one_more(std::uint32_t count) {
  return count + (count != std::numeric_limits<std::uint32_t>::max() ? 1 : 0);
}

/// Sorted and without overlap, so that an offset is blamed once for a death.
void unite(std::vector<OffsetRange>& ranges) {
  std::erase_if(ranges, [](const auto& range) { return !well_formed(range); });
  std::ranges::sort(ranges);
  std::size_t kept = 0;
  for (const auto& range : ranges) {
    if (kept != 0 && ranges[kept - 1].partition == range.partition
        && range.first <= ranges[kept - 1].last)
      ranges[kept - 1].last = std::max(ranges[kept - 1].last, range.last);
    else
      ranges[kept++] = range;
  }
  ranges.resize(kept);
}

} // namespace

CrashSuspects::CrashSuspects(CrashLimits limits) : limits_(limits) {
  assert(limits.deaths_to_isolate != 0
         && limits.lone_deaths_to_dead_letter != 0);
}

bool CrashSuspects::restore(const Suspect& suspect) {
  const auto& range = suspect.range;
  if (!well_formed(range)
      || (suspect.lone_deaths != 0 && range.first != range.last))
    return false;
  const auto next = first_reaching(range.partition, range.first);
  if (next != by_start_.end()
      && next->first <= Start{range.partition, range.last})
    return false;
  insert(suspect);
  return true;
}

void CrashSuspects::insert(const Suspect& suspect) {
  by_start_.insert_or_assign({suspect.range.partition, suspect.range.first},
                             suspect);
}

/// The suspect that holds the offset, else the next one, whichever partition.
CrashSuspects::Table::const_iterator
CrashSuspects::first_reaching(PartitionId partition, Offset offset) const {
  auto next = by_start_.upper_bound({partition, offset});
  if (next == by_start_.begin())
    return next;
  const auto previous = std::prev(next);
  const auto& range = previous->second.range;
  return range.partition == partition && range.last >= offset ? previous : next;
}

/// Makes the offset the start of a suspect, if it lies inside of one.
void CrashSuspects::split_before(PartitionId partition, Offset offset) {
  const auto next = by_start_.lower_bound({partition, offset});
  if (next == by_start_.begin())
    return;
  auto& left = std::prev(next)->second;
  if (left.range.partition != partition || left.range.last < offset)
    return;
  auto right = left;
  left.range.last = before(offset);
  right.range.first = offset;
  insert(right);
}

/// Afterwards no suspect lies across either end of the range.
void CrashSuspects::isolate(const OffsetRange& range) {
  split_before(range.partition, range.first);
  split_before(range.partition, after(range.last));
}

void CrashSuspects::blame(std::vector<OffsetRange> in_flight) {
  unite(in_flight);
  for (const auto& range : in_flight) {
    isolate(range);
    auto unknown = range.first;
    auto next = by_start_.lower_bound({range.partition, range.first});
    const auto end = by_start_.upper_bound({range.partition, range.last});
    const auto add_unknown = [&](Offset last) {
      if (unknown <= last)
        insert({{range.partition, unknown, last}, 1, 0, false});
    };
    for (; next != end; ++next) {
      auto& suspect = next->second;
      suspect.deaths = one_more(suspect.deaths);
      add_unknown(before(suspect.range.first));
      unknown = after(suspect.range.last);
    }
    add_unknown(range.last);
  }
  join_neighbours();
}

void CrashSuspects::blame_alone(const OffsetRange& range) {
  if (!well_formed(range))
    return;
  isolate(range);
  const auto begin = by_start_.lower_bound({range.partition, range.first});
  const auto end = by_start_.upper_bound({range.partition, range.last});
  Suspect half{range, 0, 0, true};
  for (auto known = begin; known != end; ++known)
    half.deaths = std::max(half.deaths, known->second.deaths);
  half.deaths = std::max(one_more(half.deaths), limits_.deaths_to_isolate);
  if (range.first == range.last) {
    half.lone_deaths = one_more(begin != end ? begin->second.lone_deaths : 0);
    insert(half);
    return;
  }
  by_start_.erase(begin, end);
  half.range.last = Offset{std::midpoint(range.first.value, range.last.value)};
  insert(half);
  half.range = {range.partition, after(half.range.last), range.last};
  insert(half);
}

bool CrashSuspects::clear(const OffsetRange& range) {
  if (empty() || !well_formed(range))
    return false;
  const auto first = first_reaching(range.partition, range.first);
  if (first == by_start_.end()
      || first->first > Start{range.partition, range.last})
    return false;
  isolate(range);
  const auto end = by_start_.upper_bound({range.partition, range.last});
  bool changed = false;
  for (auto next = by_start_.lower_bound({range.partition, range.first});
       next != end;) {
    const bool condemned = treatment(next->second) == Treatment::dead_letter;
    changed = changed || !condemned;
    next = condemned ? std::next(next) : by_start_.erase(next);
  }
  return changed;
}

bool CrashSuspects::forget_before(PartitionId partition, Offset next) {
  const auto begin = by_start_.lower_bound({partition, Offset{0}});
  if (begin == by_start_.end() || begin->first >= Start{partition, next})
    return false;
  split_before(partition, next);
  by_start_.erase(begin, by_start_.lower_bound({partition, next}));
  return true;
}

/// What never died alone needs no borders to be remembered: whatever is dealt
/// alone is cut at the borders of its batch anyway.
void CrashSuspects::join_neighbours() {
  if (empty())
    return;
  for (auto left = by_start_.begin(), right = std::next(left);
       right != by_start_.end();) {
    auto& suspect = left->second;
    if (mergeable(suspect) && mergeable(right->second)
        && suspect.deaths == right->second.deaths
        && touch(suspect.range, right->second.range)) {
      suspect.range.last = right->second.range.last;
      right = by_start_.erase(right);
    } else {
      left = right++;
    }
  }
}

/// Joins at most so many pairs of neighbours.
void CrashSuspects::join_nearest(std::size_t joints) {
  struct Joint {
    bool unequal; ///< in deaths: the greater will count for both
    std::int64_t gap;
    std::size_t right; ///< index in the list
    auto operator<=>(const Joint&) const = default;
  };
  const auto all = list();
  std::vector<Joint> possible;
  for (std::size_t right = 1; right < all.size(); ++right) {
    const auto& one = all[right - 1];
    const auto& other = all[right];
    if (one.range.partition == other.range.partition && mergeable(one)
        && mergeable(other))
      possible.push_back({one.deaths != other.deaths,
                          other.range.first.value - one.range.last.value,
                          right});
  }
  std::ranges::sort(possible);
  possible.resize(std::min(joints, possible.size()));
  std::vector<bool> joins_left(all.size());
  for (const auto& joint : possible)
    joins_left[joint.right] = true;
  auto into = by_start_.begin();
  for (std::size_t index = 1; index < all.size(); ++index) {
    const auto next = std::next(into);
    if (!joins_left[index]) {
      into = next;
      continue;
    }
    into->second.range.last = all[index].range.last;
    into->second.deaths = std::max(into->second.deaths, all[index].deaths);
    by_start_.erase(next);
  }
}

/// Of two that are equal, the longer one is less narrowed down.
std::size_t CrashSuspects::drop_least_suspicious(std::size_t surplus) {
  auto all = list();
  const auto suspicion = [](const Suspect& suspect) {
    return std::tuple{suspect.lone_deaths, suspect.halved, suspect.deaths,
                      suspect.range.first.value - suspect.range.last.value};
  };
  std::ranges::stable_sort(all, {}, suspicion);
  for (std::size_t index = 0; index != surplus; ++index)
    by_start_.erase({all[index].range.partition, all[index].range.first});
  return surplus;
}

std::size_t CrashSuspects::shrink_to(std::size_t capacity) {
  if (size() > capacity)
    join_neighbours();
  if (size() > capacity)
    join_nearest(size() - capacity);
  return size() > capacity ? drop_least_suspicious(size() - capacity) : 0;
}

std::vector<PlannedPiece>
CrashSuspects::plan(PartitionId partition,
                    std::span<const Offset> offsets) const {
  std::vector<PlannedPiece> pieces;
  if (offsets.empty())
    return pieces;
  auto next = first_reaching(partition, offsets.front());
  const Suspect* holder = nullptr; ///< of the last piece, unless ordinary
  for (std::size_t index = 0; index != offsets.size(); ++index) {
    const auto offset = offsets[index];
    assert(index == 0 || offsets[index - 1] < offset);
    while (next != by_start_.end() && next->second.range.partition == partition
           && next->second.range.last < offset)
      ++next;
    const bool held = next != by_start_.end()
                      && next->first <= Start{partition, offset};
    const auto how = held ? treatment(next->second) : Treatment::ordinary;
    const auto* suspect = how == Treatment::ordinary ? nullptr : &next->second;
    if (index == 0 || suspect != holder)
      pieces.push_back({index, 0, how});
    ++pieces.back().count;
    holder = suspect;
  }
  return pieces;
}

PlannedPiece::Treatment
CrashSuspects::treatment(const Suspect& suspect) const noexcept {
  if (suspect.lone_deaths >= limits_.lone_deaths_to_dead_letter)
    return Treatment::dead_letter;
  return suspect.halved || suspect.deaths >= limits_.deaths_to_isolate
           ? Treatment::alone
           : Treatment::ordinary;
}

std::vector<Suspect> CrashSuspects::list() const {
  std::vector<Suspect> suspects;
  suspects.reserve(size());
  for (const auto& [start, suspect] : by_start_)
    suspects.push_back(suspect);
  return suspects;
}

} // namespace millrace::logic
