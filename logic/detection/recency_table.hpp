#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::logic::detection {

/// Rows by the hash of what they are about, in a table of fixed size: sets of
/// eight, chosen by the hash; within a set the least recently seen makes room.
/// All memory is taken when built (8 bytes more than a row each) and none
/// later, so nothing is ever rehashed. A row has a default, which is its state
/// when it was never seen, and `key()`, the place of its hash. Not
/// thread-safe.
template <class Row>
class RecencyTable {
public:
  static constexpr std::size_t ways = 8;

  /// Room for `max_rows`, rounded up to whole sets.
  explicit RecencyTable(std::size_t max_rows)
    : sets_(std::max<std::size_t>(1, (max_rows + ways - 1) / ways)),
      rows_(sets_.size() * ways) {}

  /// The row of that hash; null where unknown. Does not count as seen.
  const Row* find(std::uint64_t hash) const noexcept {
    const auto set = set_of(hash);
    const auto way = way_of(set, hash);
    return way == ways ? nullptr : &rows_[set * ways + way];
  }

  /// The row of that hash, marked as just seen; null where unknown.
  Row* touch_known(std::uint64_t hash) noexcept {
    const auto set = set_of(hash);
    const auto way = way_of(set, hash);
    return way == ways ? nullptr : &see(set, way);
  }

  /// The row of that hash, marked as just seen; where unknown a fresh one, in
  /// place of the set's least recently seen if full.
  Row& touch(std::uint64_t hash) noexcept {
    const auto set = set_of(hash);
    auto way = way_of(set, hash);
    if (way == ways) {
      way = room_in(set);
      sets_[set].tags[way] = tag_of(hash);
      auto& fresh = rows_[set * ways + way];
      fresh = Row{};
      fresh.key() = hash;
    }
    return see(set, way);
  }

  /// Asks for the cache lines that `find` or `touch` will read. Always inlined:
  /// GCC takes a function that only prefetches for one without effects, and
  /// leaves out its calls.
  [[gnu::always_inline]] void prefetch_set(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&sets_[set_of(hash)], 1);
  }
  [[gnu::always_inline]] void prefetch_row(std::uint64_t hash) const noexcept {
    // Where it is, or where it will be put.
    const auto set = set_of(hash);
    const auto& [tags, seen] = sets_[set];
    const auto tag = tag_of(hash);
    std::size_t likely = 0;
    for (std::size_t way = 0; way != ways; ++way) {
      if (tags[way] == tag) {
        likely = way;
        break;
      }
      if (touches_ - seen[way] > touches_ - seen[likely])
        likely = way;
    }
    __builtin_prefetch(&rows_[set * ways + likely], 1);
  }

  // What it takes to save a table and to fill it again. The place of a row is
  // below `capacity()`; the rows of set n have the places from n * `ways` on.

  std::size_t sets() const noexcept { return sets_.size(); }

  /// The count of touches so far, which may wrap.
  std::uint32_t touches() const noexcept { return touches_; }

  /// When the row at that place was last seen, as `touches()` was then.
  std::uint32_t seen(std::size_t place) const noexcept {
    return sets_[place / ways].seen[place % ways];
  }

  const Row& row(std::size_t place) const noexcept { return rows_[place]; }

  /// Calls `visit` with the place of each row in the sets from `first` to
  /// before `last`.
  template <class Visit>
  void visit_rows(std::size_t first, std::size_t last, Visit&& visit) const {
    for (auto set = first; set != last; ++set)
      for (std::size_t way = 0; way != ways; ++way)
        if (sets_[set].tags[way] != 0)
          visit(set * ways + way);
  }

  /// The same of the rows that were touched since `touches()` was `stamp`: all
  /// that may have changed. Needs no books, as each row has its time. Right as
  /// long as fewer than 2^32 touches lie between; rows that were not touched
  /// for so long may be among them.
  template <class Visit>
  void visit_touched(std::size_t first, std::size_t last, std::uint32_t stamp,
                     Visit&& visit) const {
    const auto since = touches_ - stamp;
    for (auto set = first; set != last; ++set) {
      const auto& [tags, seen] = sets_[set];
      // Without a branch for each way: mostly none was touched.
      std::uint32_t touched = 0;
      for (std::size_t way = 0; way != ways; ++way)
        touched |= static_cast<std::uint32_t>(touches_ - seen[way] < since)
                   << way;
      for (; touched != 0; touched &= touched - 1) {
        const auto way = static_cast<std::size_t>(std::countr_zero(touched));
        if (tags[way] != 0)
          visit(set * ways + way);
      }
    }
  }

  /// Puts a row that was saved back to its place, where it replaces whatever
  /// is there; what else the set holds of the same hash is forgotten. False,
  /// and nothing done, where a row of that hash cannot be.
  bool put_back(std::size_t place, std::uint32_t seen,
                const Row& row) noexcept {
    if (place >= capacity() || set_of(row.key()) != place / ways)
      return false;
    auto& set = sets_[place / ways];
    const auto way = place % ways;
    const auto known = way_of(place / ways, row.key());
    if (known != ways && known != way) {
      set.tags[known] = 0;
      --size_;
    }
    size_ += set.tags[way] == 0 ? 1 : 0;
    set.tags[way] = tag_of(row.key());
    set.seen[way] = seen;
    rows_[place] = row;
    return true;
  }

  /// Goes on counting touches where the saved table had come to.
  void resume(std::uint32_t touches) noexcept { touches_ = touches; }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return rows_.size(); }
  std::uint64_t evictions() const noexcept { return evictions_; }

private:
  /// Tags of a set and when each was last seen, as a count of touches.
  struct alignas(64) Set {
    std::array<std::uint32_t, ways> tags{}; ///< 0: free
    std::array<std::uint32_t, ways> seen{};
  };

  /// The half of the hash that names the row within a set; never 0. The other
  /// half chooses the set, after the shard took from it.
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    const auto tag = static_cast<std::uint32_t>(hash);
    return tag == 0 ? 1 : tag;
  }

  std::size_t set_of(std::uint64_t hash) const noexcept {
    // The shard is the top of the hash's upper half: within a shard those bits
    // are alike, so they are mixed with the lower half before they choose.
    const auto mixed = (hash * 0x9E3779B97F4A7C15U) >> 32;
    return static_cast<std::size_t>((mixed * sets_.size()) >> 32);
  }

  std::size_t way_of(std::size_t set, std::uint64_t hash) const noexcept {
    const auto& tags = sets_[set].tags;
    const auto tag = tag_of(hash);
    for (std::size_t way = 0; way != ways; ++way)
      if (tags[way] == tag && rows_[set * ways + way].key() == hash)
        return way;
    return ways;
  }

  std::size_t room_in(std::size_t set) noexcept {
    const auto& [tags, seen] = sets_[set];
    std::size_t oldest = 0;
    for (std::size_t way = 0; way != ways; ++way) {
      if (tags[way] == 0) {
        ++size_;
        return way;
      }
      // Ages, not stamps, so that the count may wrap.
      if (touches_ - seen[way] > touches_ - seen[oldest])
        oldest = way;
    }
    ++evictions_;
    return oldest;
  }

  Row& see(std::size_t set, std::size_t way) noexcept {
    sets_[set].seen[way] = ++touches_;
    return rows_[set * ways + way];
  }

  std::vector<Set> sets_;
  std::vector<Row> rows_;
  std::uint32_t touches_ = 0;
  std::size_t size_ = 0;
  std::uint64_t evictions_ = 0;
};

} // namespace millrace::logic::detection
