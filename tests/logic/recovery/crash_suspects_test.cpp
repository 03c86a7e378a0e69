#define CAF_SUITE crash_suspects

#include "logic/recovery/crash_suspects.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <random>
#include <vector>

using namespace millrace::logic;

namespace {

using Treatment = PlannedPiece::Treatment;

OffsetRange range(std::int64_t first, std::int64_t last,
                  std::int32_t partition = 0) {
  return {PartitionId{partition}, Offset{first}, Offset{last}};
}

std::vector<Offset> offsets(std::initializer_list<std::int64_t> numbers) {
  std::vector<Offset> all;
  for (const auto number : numbers)
    all.emplace_back(number);
  return all;
}

std::vector<Offset> rising(std::int64_t first, std::int64_t last) {
  std::vector<Offset> all;
  for (auto offset = first; offset <= last; ++offset)
    all.emplace_back(offset);
  return all;
}

constexpr std::int64_t model_offsets = 40;
constexpr std::int32_t model_partitions = 2;

/// The same by brute force: every offset for itself.
struct Model {
  struct Cell {
    std::uint32_t deaths = 0;
    std::uint32_t lone_deaths = 0;
    int half = 0; ///< which half of which alone death it is of; 0 = of none
    bool condemned() const { return lone_deaths >= 2; }
    bool alone() const { return half != 0 || deaths >= 2; }
  };
  using Cells = std::array<std::optional<Cell>, model_offsets>;
  std::array<Cells, model_partitions> partitions;
  int halves = 0;

  std::optional<Cell>& at(std::int32_t partition, std::int64_t offset) {
    return partitions.at(static_cast<std::size_t>(partition))
      .at(static_cast<std::size_t>(offset));
  }
  void blame(const std::vector<OffsetRange>& in_flight) {
    for (std::int32_t partition = 0; partition != model_partitions; ++partition)
      for (std::int64_t offset = 0; offset != model_offsets; ++offset)
        if (std::ranges::any_of(in_flight, [&](const OffsetRange& range) {
              return range.partition.value == partition
                     && range.first.value <= offset
                     && offset <= range.last.value;
            })) {
          auto& cell = at(partition, offset);
          cell = cell.value_or(Cell{});
          ++cell->deaths;
        }
  }
  void blame_alone(const OffsetRange& range) {
    std::uint32_t deaths = 0;
    const auto partition = range.partition.value;
    for (auto offset = range.first.value; offset <= range.last.value; ++offset)
      if (const auto& cell = at(partition, offset))
        deaths = std::max(deaths, cell->deaths);
    deaths = std::max(deaths + 1, 2u);
    const auto middle = (range.first.value + range.last.value) / 2;
    halves += 2;
    for (auto offset = range.first.value; offset <= range.last.value;
         ++offset) {
      auto& cell = at(partition, offset);
      const auto lone = range.first == range.last
                          ? (cell ? cell->lone_deaths : 0) + 1
                          : 0;
      cell = Cell{deaths, lone, offset <= middle ? halves - 1 : halves};
    }
  }
  bool clear(const OffsetRange& range) {
    bool changed = false;
    for (auto offset = range.first.value; offset <= range.last.value; ++offset)
      if (auto& cell = at(range.partition.value, offset);
          cell && !cell->condemned()) {
        cell.reset();
        changed = true;
      }
    return changed;
  }
  bool forget_before(std::int32_t partition, std::int64_t next) {
    bool changed = false;
    for (std::int64_t offset = 0; offset < std::min(next, model_offsets);
         ++offset) {
      changed = changed || at(partition, offset).has_value();
      at(partition, offset).reset();
    }
    return changed;
  }
};

void check_list(const CrashSuspects& suspects, Model& model) {
  auto unseen = model.partitions;
  std::optional<OffsetRange> previous;
  for (const auto& suspect : suspects.list()) {
    CAF_REQUIRE(suspect.range.first <= suspect.range.last);
    CAF_REQUIRE(!previous || previous->partition < suspect.range.partition
                || previous->last < suspect.range.first);
    previous = suspect.range;
    const auto partition = suspect.range.partition.value;
    for (auto at = suspect.range.first.value; at <= suspect.range.last.value;
         ++at) {
      const auto& cell = model.at(partition, at);
      CAF_REQUIRE(cell.has_value());
      CAF_REQUIRE_EQUAL(suspect.deaths, cell->deaths);
      CAF_REQUIRE_EQUAL(suspect.lone_deaths, cell->lone_deaths);
      CAF_REQUIRE_EQUAL(suspect.halved, cell->half != 0);
      unseen[static_cast<std::size_t>(partition)][static_cast<std::size_t>(at)]
        .reset();
    }
  }
  for (const auto& cells : unseen)
    for (const auto& cell : cells)
      CAF_REQUIRE(!cell.has_value());
}

void check_plan(const std::vector<PlannedPiece>& pieces, Model& model,
                std::int32_t partition, const std::vector<Offset>& records) {
  std::size_t covered = 0;
  for (const auto& piece : pieces) {
    CAF_REQUIRE_EQUAL(piece.first_index, covered);
    CAF_REQUIRE(piece.count != 0);
    // Ordinary ones are not cut for nothing.
    CAF_REQUIRE(piece.treatment != Treatment::ordinary || covered == 0
                || (&piece - 1)->treatment != Treatment::ordinary);
    CAF_REQUIRE(piece.treatment != Treatment::dead_letter || piece.count == 1);
    covered += piece.count;
    std::optional<int> half;
    for (auto index = piece.first_index; index != covered; ++index) {
      const auto& cell = model.at(partition, records[index].value);
      const auto expected = !cell               ? Treatment::ordinary
                            : cell->condemned() ? Treatment::dead_letter
                            : cell->alone()     ? Treatment::alone
                                                : Treatment::ordinary;
      CAF_REQUIRE(piece.treatment == expected);
      if (piece.treatment == Treatment::alone) {
        CAF_REQUIRE(!half || *half == cell->half);
        half = cell->half;
      }
    }
  }
  CAF_REQUIRE_EQUAL(covered, records.size());
}

} // namespace

CAF_TEST(a_range_is_taken_alone_after_two_deaths_by_overlap) {
  CrashSuspects suspects;
  suspects.blame({range(0, 99), range(100, 199), range(0, 9, 1)});
  CAF_CHECK_EQUAL(suspects.plan(PartitionId{0}, rising(0, 199)).size(), 1u);
  suspects.blame({range(90, 119)});
  const auto pieces = suspects.plan(PartitionId{0}, rising(0, 199));
  CAF_REQUIRE_EQUAL(pieces.size(), 3u);
  CAF_CHECK((pieces[0] == PlannedPiece{0, 90, Treatment::ordinary}));
  CAF_CHECK((pieces[1] == PlannedPiece{90, 30, Treatment::alone}));
  CAF_CHECK((pieces[2] == PlannedPiece{120, 80, Treatment::ordinary}));
}

CAF_TEST(what_overlaps_in_flight_is_blamed_once) {
  CrashSuspects suspects;
  suspects.blame({range(0, 9), range(5, 14), range(0, 9)});
  CAF_CHECK_EQUAL(suspects.list(), (std::vector<Suspect>{{range(0, 14), 1}}));
}

CAF_TEST(a_range_that_dies_alone_is_halved_down_to_one_which_dies_twice) {
  CrashSuspects suspects;
  suspects.blame({range(0, 7)});
  suspects.blame({range(0, 7)});
  // The killer is 5.
  std::vector<OffsetRange> died;
  for (int life = 0; life != 10; ++life) {
    const auto pieces = suspects.plan(PartitionId{0}, rising(5, 5));
    CAF_REQUIRE_EQUAL(pieces.size(), 1u);
    if (pieces[0].treatment == Treatment::dead_letter)
      break;
    CAF_REQUIRE(pieces[0].treatment == Treatment::alone);
    const auto all = suspects.list();
    const auto holder = std::ranges::find_if(all, [](const Suspect& suspect) {
      return suspect.range.first.value <= 5 && 5 <= suspect.range.last.value;
    });
    died.push_back(holder->range);
    suspects.blame_alone(holder->range);
  }
  CAF_CHECK_EQUAL(
    died, (std::vector<OffsetRange>{range(0, 7), range(4, 7), range(4, 5),
                                    range(5, 5), range(5, 5)}));
}

CAF_TEST(halves_are_not_taken_in_one_piece) {
  CrashSuspects suspects;
  suspects.blame_alone(range(10, 19));
  const auto pieces = suspects.plan(PartitionId{0}, rising(8, 21));
  CAF_REQUIRE_EQUAL(pieces.size(), 4u);
  CAF_CHECK((pieces[1] == PlannedPiece{2, 5, Treatment::alone}));
  CAF_CHECK((pieces[2] == PlannedPiece{7, 5, Treatment::alone}));
}

CAF_TEST(what_finishes_is_cleared_but_not_what_is_condemned) {
  CrashSuspects suspects;
  suspects.blame_alone(range(5, 5));
  suspects.blame_alone(range(5, 5));
  suspects.blame({range(0, 4), range(6, 9)});
  CAF_CHECK(suspects.clear(range(0, 7)));
  CAF_CHECK(!suspects.clear(range(0, 7)));
  CAF_CHECK_EQUAL(
    suspects.list(),
    (std::vector<Suspect>{{range(5, 5), 3, 2, true}, {range(8, 9), 1}}));
  // Once committed it is never read again.
  CAF_CHECK(!suspects.forget_before(PartitionId{0}, Offset{5}));
  CAF_CHECK(!suspects.forget_before(PartitionId{1}, Offset{100}));
  CAF_CHECK(suspects.forget_before(PartitionId{0}, Offset{6}));
  CAF_CHECK_EQUAL(suspects.size(), 1u);
}

CAF_TEST(borders_where_no_record_lies_cut_nothing) {
  CrashSuspects suspects;
  suspects.blame_alone(range(10, 19));
  CAF_CHECK_EQUAL(suspects.plan(PartitionId{0}, offsets({8, 9, 20, 21})),
                  (std::vector<PlannedPiece>{{0, 4, Treatment::ordinary}}));
  CAF_CHECK_EQUAL(suspects.plan(PartitionId{0}, offsets({9, 12, 17, 21})),
                  (std::vector<PlannedPiece>{{0, 1, Treatment::ordinary},
                                             {1, 1, Treatment::alone},
                                             {2, 1, Treatment::alone},
                                             {3, 1, Treatment::ordinary}}));
  CAF_CHECK(suspects.plan(PartitionId{0}, {}).empty());
}

CAF_TEST(a_full_table_joins_neighbours_before_it_drops_anything) {
  CrashSuspects suspects;
  for (int index = 0; index != 50; ++index)
    suspects.blame({range(index * 100, index * 100 + 9 + index)});
  suspects.blame({range(3000, 3009)}); // the one with two deaths
  suspects.blame_alone(range(10'000, 10'003));
  CAF_CHECK_EQUAL(suspects.size(), 53u);
  CAF_CHECK_EQUAL(suspects.shrink_to(5), 0u);
  CAF_CHECK_EQUAL(suspects.size(), 5u);
  const auto all = suspects.list();
  // Nothing that was suspect is so no longer, nor is it less so.
  CAF_CHECK(all.front().range.first == Offset{0});
  const auto worst = std::ranges::find_if(all, [](const Suspect& suspect) {
    return suspect.range.first <= Offset{3000}
           && suspect.range.last >= Offset{3009};
  });
  CAF_REQUIRE(worst != all.end());
  CAF_CHECK_EQUAL(worst->deaths, 2u);
  CAF_CHECK((all[3].range == range(10'000, 10'001)));
  CAF_CHECK((all[4].range == range(10'002, 10'003)));
}

CAF_TEST(what_cannot_be_joined_is_dropped_least_suspicious_first) {
  CrashSuspects suspects;
  for (std::int32_t partition = 0; partition != 4; ++partition)
    suspects.blame({range(0, 9, partition)});
  suspects.blame({range(0, 9, 1)});
  suspects.blame_alone(range(4, 4, 2));
  suspects.blame_alone(range(20, 23, 3));
  // One death: partitions 0, 2 (0-3 and 5-9) and 3.
  CAF_CHECK_EQUAL(suspects.size(), 8u);
  CAF_CHECK_EQUAL(suspects.shrink_to(4), 4u);
  CAF_CHECK_EQUAL(suspects.list(),
                  (std::vector<Suspect>{{range(0, 9, 1), 2},
                                        {range(4, 4, 2), 2, 1, true},
                                        {range(20, 21, 3), 2, 0, true},
                                        {range(22, 23, 3), 2, 0, true}}));
  CAF_CHECK_EQUAL(suspects.shrink_to(1), 3u);
  CAF_CHECK((suspects.list().front().range == range(4, 4, 2)));
  CAF_CHECK_EQUAL(suspects.shrink_to(0), 1u);
  CAF_CHECK(suspects.empty());
}

CAF_TEST(what_makes_no_sense_is_not_taken_in) {
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  CrashSuspects suspects;
  suspects.blame(
    {range(5, 4), range(-1, 4), range(0, 4, -1), range(0, highest)});
  suspects.blame_alone(range(5, 4));
  CAF_CHECK(suspects.empty());
  CAF_CHECK(!suspects.restore({range(5, 4), 1}));
  CAF_CHECK(!suspects.restore({range(4, 5), 2, 1, true}));
  CAF_CHECK(suspects.restore({range(10, 19), 1}));
  CAF_CHECK(!suspects.restore({range(19, 20), 1}));
  CAF_CHECK(!suspects.restore({range(0, 10), 1}));
  CAF_CHECK(!suspects.restore({range(0, 30), 1}));
  CAF_CHECK(suspects.restore({range(20, 20), 2, 2, true}));
  CAF_CHECK(suspects.restore({range(10, 19, 1), 1}));
  CAF_CHECK(!suspects.clear(range(5, 4)));
  suspects.blame({range(0, highest - 1)});
  CAF_CHECK(suspects.list().at(3).range.last == Offset{highest - 1});
  CAF_CHECK(!suspects.forget_before(PartitionId{0}, Offset{-1001}));
}

CAF_TEST(the_limits_are_configurable) {
  CrashSuspects suspects{{1, 1}};
  suspects.blame({range(0, 1)});
  CAF_CHECK(suspects.plan(PartitionId{0}, rising(0, 1)).at(0).treatment
            == Treatment::alone);
  suspects.blame_alone(range(1, 1));
  CAF_CHECK(suspects.plan(PartitionId{0}, rising(1, 1)).at(0).treatment
            == Treatment::dead_letter);
}

CAF_TEST(any_history_agrees_with_brute_force) {
  for (std::uint64_t seed = 0; seed != 120; ++seed) {
    std::mt19937_64 random{seed};
    CrashSuspects suspects;
    Model model;
    const auto some_range = [&](std::int64_t longest) {
      const auto first = static_cast<std::int64_t>(random() % model_offsets);
      const auto more = static_cast<std::int64_t>(random() % 64) % longest;
      return range(first, std::min(first + more, model_offsets - 1),
                   static_cast<std::int32_t>(random() % model_partitions));
    };
    for (int step = 0; step != 120; ++step) {
      switch (random() % 5) {
        case 0: {
          std::vector<OffsetRange> in_flight(1 + random() % 4);
          std::ranges::generate(in_flight, [&] { return some_range(12); });
          suspects.blame(in_flight);
          model.blame(in_flight);
          break;
        }
        case 1:
        case 2: {
          const auto alone = some_range(random() % 2 == 0 ? 1 : 10);
          suspects.blame_alone(alone);
          model.blame_alone(alone);
          break;
        }
        case 3: {
          const auto finished = some_range(15);
          CAF_REQUIRE_EQUAL(suspects.clear(finished), model.clear(finished));
          break;
        }
        default: {
          const auto next = some_range(1);
          const auto committed = next.first.value / 3;
          CAF_REQUIRE_EQUAL(
            suspects.forget_before(next.partition, Offset{committed}),
            model.forget_before(next.partition.value, committed));
        }
      }
      check_list(suspects, model);
      const auto partition = static_cast<std::int32_t>(random()
                                                       % model_partitions);
      std::vector<Offset> records;
      for (std::int64_t offset = 0; offset != model_offsets; ++offset)
        if (random() % 3 != 0)
          records.emplace_back(offset);
      check_plan(suspects.plan(PartitionId{partition}, records), model,
                 partition, records);
      // What is put back in another order is the same.
      CrashSuspects again;
      auto all = suspects.list();
      std::ranges::reverse(all);
      for (const auto& suspect : all)
        CAF_REQUIRE(again.restore(suspect));
      CAF_REQUIRE(again.list() == suspects.list());
    }
  }
}
