#pragma once

#include "logic/detection/state_closing.hpp"
#include "logic/detection/state_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace millrace::logic::detection {

/// What is to be appended to a shard's log at once.
struct Snapshot {
  std::uint64_t number = 0;
  std::uint64_t attempt = 0; ///< one that failed is taken again
  std::vector<StateRecord> records;
  std::size_t bytes = 0; ///< of keys and values
  std::size_t pages = 0; ///< written as a whole
  std::size_t rows = 0; ///< written alone
};

/// Decides which rows of a table a snapshot writes: those that were touched
/// since the last one that was saved, alone or with their page. Pages take
/// turns, so that each one that has changed is written as a whole once in
/// `change_slots` snapshots; then no older change is needed any more. A page
/// half of which was touched is written at once.
template <class Row>
class TableSnapshots {
public:
  struct Order {
    StateHead head; ///< names the snapshot
    StateGeneration generation = 0;
    bool full = false; ///< all pages, whatever was saved before
  };

  void take(const RecencyTable<Row>& table, const Order& order,
            Snapshot& into) {
    next_ = saved_;
    auto& content = next_.content;
    content.capacity = static_cast<std::uint32_t>(table.capacity());
    content.touches = table.touches();
    content.pages.resize(pages_of<Row>(table.capacity()));
    next_.changed.resize(content.pages.size());
    if (order.full)
      content.changes = {};
    const auto slot = static_cast<std::uint32_t>(order.head.snapshot
                                                 % change_slots);
    content.changes[slot] = {};
    RowsRecord<Row> changes{order.head};
    for (std::uint32_t page = 0; page != content.pages.size(); ++page) {
      find_touched(table, page);
      const bool in_turn = page % change_slots == slot
                           && (next_.changed[page] || !touched_.empty());
      if (order.full || in_turn || touched_.size() > rows_per_page<Row> / 2) {
        write_page(table, order, page, into);
        continue;
      }
      for (const auto place : touched_) {
        changes.add(table, place);
        if (changes.full())
          finish(changes, order, slot, into);
        next_.changed[page] = true;
      }
    }
    if (changes.rows() != 0)
      finish(changes, order, slot, into);
  }

  /// What was taken last is safe.
  void saved() { saved_ = std::move(next_); }

  /// What makes up the table with what was taken last.
  const TableContent& content() const noexcept { return next_.content; }

  /// Whether so much was touched since the last one that was saved that times
  /// cannot be told apart much longer: the next one must be full.
  bool overdue(const RecencyTable<Row>& table) const noexcept {
    return table.touches() - saved_.content.touches
           > std::numeric_limits<std::uint32_t>::max() / 2;
  }

  /// The newest event time in the rows that were taken; -1: none.
  std::int64_t newest_event_ms() const noexcept { return newest_event_ms_; }

private:
  struct Books {
    TableContent content;
    std::vector<bool> changed; ///< by page: rows are newer than it
  };

  static std::size_t first_set(std::size_t page,
                               const RecencyTable<Row>& table) noexcept {
    return std::min(page * sets_per_page<Row>, table.sets());
  }

  void find_touched(const RecencyTable<Row>& table, std::size_t page) {
    touched_.clear();
    table.visit_touched(first_set(page, table), first_set(page + 1, table),
                        saved_.content.touches, [&](std::size_t place) {
                          touched_.push_back(place);
                          __builtin_prefetch(&table.row(place));
                        });
    if constexpr (requires(Row row) { row.last_seen_ms; })
      for (const auto place : touched_)
        newest_event_ms_ = std::max(newest_event_ms_,
                                    table.row(place).last_seen_ms);
  }

  void write_page(const RecencyTable<Row>& table, const Order& order,
                  std::uint32_t page, Snapshot& into) {
    next_.changed[page] = false;
    auto& checksum = next_.content.pages[page];
    checksum = 0;
    RowsRecord<Row> rows{order.head};
    table.visit_rows(first_set(page, table), first_set(page + 1, table),
                     [&](std::size_t place) { rows.add(table, place); });
    if (rows.rows() == 0)
      return;
    auto [record, sum] = rows.finish(
      {StateKinds<Row>::page, order.generation, page, 0});
    checksum = sum;
    into.records.push_back(std::move(record));
    ++into.pages;
  }

  void finish(RowsRecord<Row>& changes, const Order& order, std::uint32_t slot,
              Snapshot& into) {
    auto& content = next_.content.changes[slot];
    into.rows += changes.rows();
    auto [record, sum] = changes.finish(
      {StateKinds<Row>::changes, order.generation, slot, content.records});
    content.snapshot = order.head.snapshot;
    ++content.records;
    content.checksum = fold_checksum(content.checksum, sum);
    into.records.push_back(std::move(record));
  }

  Books saved_;
  Books next_;
  std::vector<std::size_t> touched_; ///< of the page at hand
  std::int64_t newest_event_ms_ = -1;
};

} // namespace millrace::logic::detection
