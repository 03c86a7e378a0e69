#define CAF_SUITE crash_journal

#include "logic/recovery/crash_journal.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace millrace::logic;

namespace {

using Treatment = PlannedPiece::Treatment;

constexpr CrashJournalCapacity small{4, 3};
constexpr CrashJournalOwner owner{"user-login", "millrace"};

OffsetRange range(std::int64_t first, std::int64_t last,
                  std::int32_t partition = 0) {
  return {PartitionId{partition}, Offset{first}, Offset{last}};
}

/// What outlives the process.
struct Memory {
  std::vector<std::uint64_t> words;

  explicit Memory(const CrashJournalCapacity& capacity = small)
    : words((CrashJournal::bytes_needed(capacity) + 7) / 8) {}
  std::span<std::byte> bytes() {
    return std::as_writable_bytes(std::span{words});
  }
};

/// A life: whatever is not ended when it goes was in flight at its death.
struct Life {
  CrashJournal journal;
  LifeBegun begun;

  explicit Life(Memory& memory, const CrashJournalOwner& whose = owner,
                const CrashJournalCapacity& capacity = small)
    : journal(memory.bytes(), whose, capacity), begun(journal.open_life()) {}

  JournalSlot begin(const OffsetRange& what, bool alone = false) {
    const auto slot = journal.begin(what, alone);
    CAF_REQUIRE(slot.has_value());
    return *slot;
  }
};

bool says(const LifeBegun& begun, const std::string& word) {
  return begun.note && begun.note->find(word) != std::string::npos;
}

} // namespace

CAF_TEST(new_memory_is_a_first_life_without_a_past) {
  Memory memory;
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.life, 1u);
  CAF_CHECK(!life.begun.died);
  CAF_CHECK(life.begun.in_flight.empty());
  CAF_CHECK(life.begun.suspects.empty());
  CAF_CHECK(!life.begun.note);
}

CAF_TEST(what_was_in_flight_at_a_death_is_blamed_and_what_had_ended_is_not) {
  Memory memory;
  {
    Life life{memory};
    const auto first = life.begin(range(0, 99));
    life.begin(range(100, 199));
    life.begin(range(7, 8, 1));
    life.journal.end(first);
    CAF_CHECK_EQUAL(life.journal.in_flight(), 2u);
  }
  Life life{memory};
  CAF_CHECK_EQUAL(life.begun.life, 2u);
  CAF_CHECK(life.begun.died);
  CAF_CHECK_EQUAL(life.begun.in_flight.size(), 2u);
  CAF_CHECK_EQUAL(
    life.begun.suspects,
    (std::vector<Suspect>{{range(100, 199), 1}, {range(7, 8, 1), 1}}));
  CAF_CHECK_EQUAL(life.journal.in_flight(), 0u);
}

CAF_TEST(a_death_with_nothing_in_flight_is_nobodys_fault) {
  Memory memory;
  { const Life life{memory}; }
  const Life life{memory};
  CAF_CHECK(life.begun.died);
  CAF_CHECK(life.begun.suspects.empty());
}

CAF_TEST(after_a_clean_end_nobody_is_blamed_but_nothing_is_forgotten) {
  Memory memory;
  {
    Life life{memory};
    life.begin(range(0, 9));
  }
  {
    Life life{memory};
    life.begin(range(10, 19));
    const auto late = life.begin(range(5, 9));
    life.journal.close_cleanly();
    life.journal.end(late);
  }
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.life, 3u);
  CAF_CHECK(!life.begun.died);
  CAF_CHECK(life.begun.in_flight.empty());
  CAF_CHECK_EQUAL(life.begun.suspects,
                  (std::vector<Suspect>{{range(0, 4), 1}}));
}

CAF_TEST(the_life_after_a_death_is_not_blamed_for_it_again) {
  Memory memory;
  {
    Life life{memory};
    life.begin(range(0, 9));
  }
  for (int death = 0; death != 3; ++death) {
    const Life life{memory};
    CAF_CHECK_EQUAL(life.begun.suspects,
                    (std::vector<Suspect>{{range(0, 9), 1}}));
  }
}

CAF_TEST(a_range_that_was_alone_takes_all_the_blame) {
  Memory memory;
  {
    Life life{memory};
    life.begin(range(0, 9), true);
    life.begin(range(10, 19));
  }
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.suspects,
                  (std::vector<Suspect>{{range(0, 4), 2, 0, true},
                                        {range(5, 9), 2, 0, true}}));
}

CAF_TEST(several_that_were_each_alone_share_the_blame_with_everybody) {
  Memory memory;
  {
    Life life{memory};
    life.begin(range(0, 0), true);
    life.begin(range(5, 5), true);
    life.begin(range(10, 19));
  }
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.suspects,
                  (std::vector<Suspect>{
                    {range(0, 0), 1}, {range(5, 5), 1}, {range(10, 19), 1}}));
}

CAF_TEST(what_ends_is_cleared_for_good_and_what_is_abandoned_is_not) {
  Memory memory;
  {
    Life life{memory};
    life.begin(range(0, 9));
    life.begin(range(20, 29));
  }
  {
    Life life{memory};
    life.journal.end(life.begin(range(0, 4)));
    life.journal.abandon(life.begin(range(20, 29)));
  }
  {
    Life life{memory};
    CAF_CHECK(life.begun.in_flight.empty());
    CAF_CHECK_EQUAL(
      life.begun.suspects,
      (std::vector<Suspect>{{range(5, 9), 1}, {range(20, 29), 1}}));
    life.journal.clear(range(5, 7));
    life.journal.forget_before(PartitionId{0}, Offset{25});
  }
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.suspects,
                  (std::vector<Suspect>{{range(25, 29), 1}}));
}

CAF_TEST(a_condemned_record_stays_so_until_it_is_committed) {
  Memory memory;
  for (int death = 0; death != 2; ++death)
    Life{memory}.begin(range(7, 7), true);
  const std::vector<Offset> records{Offset{6}, Offset{7}, Offset{8}};
  for (int more = 0; more != 2; ++more) {
    Life life{memory};
    const auto pieces = life.journal.suspects().plan(PartitionId{0}, records);
    CAF_REQUIRE_EQUAL(pieces.size(), 3u);
    CAF_CHECK((pieces[1] == PlannedPiece{1, 1, Treatment::dead_letter}));
    life.journal.end(life.begin(range(7, 7)));
  }
  Life{memory}.journal.forget_before(PartitionId{0}, Offset{8});
  const Life life{memory};
  CAF_CHECK(life.begun.suspects.empty());
}

CAF_TEST(a_full_journal_lets_ranges_pass_unwatched_and_counts_them) {
  Memory memory;
  Life life{memory};
  std::vector<JournalSlot> slots;
  for (int index = 0; index != 4; ++index)
    slots.push_back(life.begin(range(index * 10, index * 10 + 9)));
  CAF_CHECK(!life.journal.begin(range(40, 49), false));
  CAF_CHECK(!life.journal.begin(range(50, 59), false));
  CAF_CHECK_EQUAL(life.journal.unwatched(), 2u);
  life.journal.end(slots[1]);
  life.begin(range(60, 69));
  CAF_CHECK_EQUAL(life.journal.unwatched(), 2u);
  const Life next{memory};
  CAF_CHECK_EQUAL(next.begun.in_flight.size(), 4u);
}

CAF_TEST(a_full_table_of_suspects_is_counted_and_holds_what_it_can) {
  Memory memory;
  {
    Life life{memory};
    for (std::int32_t partition = 0; partition != 4; ++partition)
      life.begin(range(0, partition, partition));
  }
  const Life life{memory};
  CAF_CHECK_EQUAL(life.begun.suspects.size(), 3u);
  CAF_CHECK_EQUAL(life.journal.dropped_suspects(), 1u);
}

CAF_TEST(what_belongs_to_somebody_else_is_overwritten_with_a_note) {
  const auto left_behind = [] {
    Memory memory;
    Life{memory}.begin(range(0, 9));
    return memory;
  };
  auto memory = left_behind();
  CAF_CHECK(says(Life(memory, {"user-login", "other"}).begun, "another topic"));
  memory = left_behind();
  // The border between the two names counts.
  CAF_CHECK(says(Life(memory, {"user-loginmill", "race"}).begun, "another"));
  memory = left_behind();
  CAF_CHECK(says(Life(memory, owner, {3, 3}).begun, "4 ranges in flight"));
  memory = left_behind();
  memory.words[1] += 1;
  const Life newer{memory};
  CAF_CHECK(says(newer.begun, "version 2"));
  CAF_CHECK_EQUAL(newer.begun.life, 1u);
  CAF_CHECK(newer.begun.suspects.empty());
  memory = left_behind();
  std::ranges::fill(memory.words, 0x2020202020202020);
  CAF_CHECK(says(Life(memory).begun, "no crash journal"));
  // And from then on it is an ordinary journal.
  const Life again{memory};
  CAF_CHECK(!again.begun.note);
  CAF_CHECK_EQUAL(again.begun.life, 2u);
}

CAF_TEST(a_damaged_table_of_suspects_is_found_out) {
  Memory memory;
  Life{memory}.begin(range(0, 9));
  Life{memory}.begin(range(50, 59));
  // The tables come last; either may be the one that holds.
  auto bytes = memory.bytes();
  const auto tables = 64 + small.in_flight * 24;
  bytes[tables] ^= std::byte{1};
  bytes[tables + small.suspects * 32] ^= std::byte{1};
  const Life life{memory};
  CAF_CHECK(says(life.begun, "damaged"));
  CAF_CHECK_EQUAL(life.begun.suspects,
                  (std::vector<Suspect>{{range(50, 59), 1}}));
}

CAF_TEST(no_bytes_whatever_break_the_opening) {
  std::mt19937_64 random{11};
  int notes = 0;
  for (int round = 0; round != 20'000; ++round) {
    Memory memory;
    {
      Life life{memory};
      life.begin(range(0, 9));
      life.begin(range(20, 29));
    }
    Life{memory}.begin(range(3, 5), true);
    auto bytes = memory.bytes();
    const auto damages = 1 + random() % 8;
    for (std::uint64_t damage = 0; damage != damages; ++damage)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    Life life{memory};
    notes += life.begun.note ? 1 : 0;
    for (const auto& suspect : life.begun.suspects)
      CAF_REQUIRE(suspect.range.first <= suspect.range.last);
    life.journal.end(life.begin(range(0, 100)));
    const Life next{memory};
    CAF_REQUIRE(!next.begun.note);
    CAF_REQUIRE_EQUAL(next.begun.life, life.begun.life + 1);
  }
  CAF_CHECK_GREATER(notes, 1'000);
}

CAF_TEST(any_history_of_slots_agrees_with_a_list) {
  constexpr CrashJournalCapacity capacity{32, 200};
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    std::mt19937_64 random{seed};
    Memory memory{capacity};
    std::vector<std::pair<JournalSlot, JournalledRange>> open;
    for (int count = 0; count != 5; ++count) {
      Life life{memory, owner, capacity};
      auto found = life.begun.in_flight;
      std::vector<JournalledRange> expected;
      for (const auto& [slot, what] : open)
        expected.push_back(what);
      open.clear();
      const auto order = [](const JournalledRange& entry) {
        return std::pair{entry.range, entry.alone};
      };
      std::ranges::sort(found, {}, order);
      std::ranges::sort(expected, {}, order);
      CAF_REQUIRE(found == expected);
      const auto steps = random() % 200;
      for (std::uint64_t step = 0; step != steps; ++step) {
        if (random() % 2 == 0 && open.size() != capacity.in_flight) {
          const auto first = static_cast<std::int64_t>(random() % 1'000);
          const JournalledRange what{
            range(first, first + static_cast<std::int64_t>(random() % 50),
                  static_cast<std::int32_t>(random() % 3)),
            random() % 4 == 0};
          open.emplace_back(life.begin(what.range, what.alone), what);
        } else if (!open.empty()) {
          const auto which = open.begin()
                             + static_cast<std::ptrdiff_t>(random()
                                                           % open.size());
          if (random() % 2 == 0)
            life.journal.end(which->first);
          else
            life.journal.abandon(which->first);
          open.erase(which);
        }
        CAF_REQUIRE_EQUAL(life.journal.in_flight(), open.size());
      }
    }
  }
}
