// Whole lives of a node, one after the other, with records that kill it.

#define CAF_SUITE crash_lives

#include "logic/recovery/crash_journal.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <bit>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

using namespace millrace::logic;

namespace {

using Treatment = PlannedPiece::Treatment;
/// Partition and index of a record in it.
using Record = std::pair<std::size_t, std::size_t>;

struct Scenario {
  CrashJournalCapacity capacity{64, 256};
  std::size_t max_batch = 40; ///< records
  std::size_t max_in_flight = 8; ///< pieces
  std::uint64_t kill_one_in = 0; ///< steps, for no fault of a record; 0 = never
  bool flaky = false; ///< killers kill only every other time
  bool clean_ends = false; ///< now and then the node is stopped in good order
};

/// What outlives the node: Kafka, the journal's memory, and the accounts.
struct World {
  std::mt19937_64 random;
  Scenario scenario;
  std::vector<std::vector<Offset>> partitions; ///< with gaps
  std::set<Record> killers;
  std::vector<std::size_t> committed; ///< index of the next record
  std::set<Record> finished;
  std::set<Record> dead_lettered;
  std::vector<std::uint64_t> memory;
  std::uint64_t deaths = 0;
  std::uint64_t deaths_by_chance = 0;
  std::uint64_t widest = 1; ///< span in offsets of what was begun
  bool overflowed = false; ///< something was dropped or not watched

  World(std::uint64_t seed, const Scenario& what)
    : random(seed), scenario(what),
      memory(CrashJournal::bytes_needed(what.capacity) / 8) {}

  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

  void add_partition(std::size_t records, std::uint64_t longest_gap) {
    auto& offsets = partitions.emplace_back();
    auto next = static_cast<std::int64_t>(below(1'000));
    for (std::size_t index = 0; index != records; ++index) {
      offsets.emplace_back(next);
      next += 1 + static_cast<std::int64_t>(below(longest_gap + 1));
    }
    committed.push_back(0);
  }
  bool done() const {
    for (std::size_t partition = 0; partition != partitions.size(); ++partition)
      if (committed[partition] != partitions[partition].size())
        return false;
    return true;
  }
  std::uint64_t bound() const {
    return killers.size()
             * (2 + static_cast<std::uint64_t>(std::bit_width(widest - 1)) + 2)
           + deaths_by_chance;
  }
};

class Node {
public:
  explicit Node(World& world)
    : world_(world), journal_(std::as_writable_bytes(std::span{world.memory}),
                              {"topic", "group"}, world.scenario.capacity),
      read_(world.committed) {
    journal_.open_life();
  }

  /// To its death, its clean end, or the end of all records.
  void live() {
    while (!world_.done()) {
      if (world_.scenario.clean_ends && world_.below(200) == 0)
        break;
      if (!step()) {
        ++world_.deaths;
        note_overflow();
        return;
      }
    }
    note_overflow();
    journal_.close_cleanly();
  }

private:
  struct Piece {
    std::size_t partition = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    Treatment treatment = Treatment::ordinary;
    std::optional<JournalSlot> slot{};
  };

  /// False: the process is dead.
  bool step() {
    const auto one_in = world_.scenario.kill_one_in;
    if (one_in != 0 && world_.below(one_in) == 0 && may_die_by_chance()) {
      ++world_.deaths_by_chance;
      return false;
    }
    switch (world_.below(8)) {
      case 0:
      case 1:
        read();
        return true;
      case 2:
      case 3:
      case 4:
        deal();
        return true;
      case 5:
        commit();
        return true;
      default:
        return work();
    }
  }

  /// The one thing that would rightly make a dead letter of an innocent record
  /// is kept out.
  bool may_die_by_chance() {
    if (in_flight_.size() != 1)
      return true;
    const auto& piece = in_flight_.front();
    if (piece.treatment != Treatment::alone || piece.end - piece.begin != 1
        || world_.killers.contains({piece.partition, piece.begin}))
      return true;
    const auto offset = world_.partitions[piece.partition][piece.begin];
    const auto suspects = journal_.suspects().list();
    return std::ranges::none_of(suspects, [&](const Suspect& suspect) {
      return suspect.range.partition.value
               == static_cast<std::int32_t>(piece.partition)
             && suspect.range.first == offset && suspect.lone_deaths != 0;
    });
  }

  void read() {
    const auto partition = world_.below(read_.size());
    const auto& offsets = world_.partitions[partition];
    const auto begin = read_[partition];
    const auto count = std::min<std::size_t>(
      1 + world_.below(world_.scenario.max_batch), offsets.size() - begin);
    read_[partition] += count;
    const PartitionId id{static_cast<std::int32_t>(partition)};
    for (const auto& piece :
         journal_.suspects().plan(id, std::span{offsets}.subspan(begin, count)))
      waiting_.push_back({partition, begin + piece.first_index,
                          begin + piece.first_index + piece.count,
                          piece.treatment});
  }

  void deal() {
    if (waiting_.empty())
      return;
    auto piece = waiting_.front();
    if (piece.treatment == Treatment::dead_letter) {
      CAF_REQUIRE_EQUAL(piece.end - piece.begin, 1u);
      waiting_.pop_front();
      world_.dead_lettered.insert({piece.partition, piece.begin});
      world_.finished.insert({piece.partition, piece.begin});
      return;
    }
    const bool alone = piece.treatment == Treatment::alone;
    if (in_flight_.size() >= (alone ? 1 : world_.scenario.max_in_flight)
        || (!in_flight_.empty()
            && in_flight_.front().treatment == Treatment::alone))
      return;
    waiting_.pop_front();
    const auto& offsets = world_.partitions[piece.partition];
    const OffsetRange range{
      PartitionId{static_cast<std::int32_t>(piece.partition)},
      offsets[piece.begin], offsets[piece.end - 1]};
    world_.widest = std::max(
      world_.widest,
      static_cast<std::uint64_t>(range.last.value - range.first.value + 1));
    piece.slot = journal_.begin(range, alone);
    in_flight_.push_back(piece);
  }

  bool work() {
    if (in_flight_.empty())
      return true;
    const auto which = in_flight_.begin()
                       + static_cast<std::ptrdiff_t>(
                         world_.below(in_flight_.size()));
    for (auto index = which->begin; index != which->end; ++index) {
      const Record record{which->partition, index};
      if (!world_.killers.contains(record))
        continue;
      if (!world_.scenario.flaky && !world_.overflowed)
        CAF_REQUIRE(!world_.dead_lettered.contains(record)); // once is enough
      if (!world_.scenario.flaky || world_.below(2) == 0)
        return false;
    }
    for (auto index = which->begin; index != which->end; ++index)
      world_.finished.insert({which->partition, index});
    if (which->slot)
      journal_.end(*which->slot);
    in_flight_.erase(which);
    return true;
  }

  /// Not always as far as would be possible.
  void commit() {
    const auto partition = world_.below(read_.size());
    const auto& offsets = world_.partitions[partition];
    auto& next = world_.committed[partition];
    auto end = next;
    while (end != offsets.size() && world_.finished.contains({partition, end})
           && end < read_[partition])
      ++end;
    if (world_.below(3) == 0)
      end = next + world_.below(end - next + 1);
    if (end == next)
      return;
    next = end;
    journal_.forget_before(PartitionId{static_cast<std::int32_t>(partition)},
                           Offset{offsets[end - 1].value + 1});
  }

  void note_overflow() {
    world_.overflowed = world_.overflowed || journal_.unwatched() != 0
                        || journal_.dropped_suspects() != 0;
  }

  World& world_;
  CrashJournal journal_;
  std::vector<std::size_t> read_; ///< index of the next record
  std::deque<Piece> waiting_;
  std::vector<Piece> in_flight_;
};

/// None, one, several, adjacent ones, many within one batch, all.
void plant(World& world, std::uint64_t kind) {
  const auto anywhere = [&] {
    const auto partition = world.below(world.partitions.size());
    return Record{partition, world.below(world.partitions[partition].size())};
  };
  const auto row = [&](std::size_t count) {
    const auto [partition, index] = anywhere();
    for (std::size_t more = 0; more != count; ++more)
      if (index + more < world.partitions[partition].size())
        world.killers.insert({partition, index + more});
  };
  switch (kind) {
    case 0:
      return;
    case 1:
      return row(1);
    case 2:
      for (int count = 0; count != 5; ++count)
        row(1);
      return;
    case 3:
      return row(2 + world.below(4));
    case 4: {
      const auto [partition, index] = anywhere();
      for (std::size_t more = 0; more < 40; more += 1 + world.below(12))
        if (index + more < world.partitions[partition].size())
          world.killers.insert({partition, index + more});
      return;
    }
    default:
      for (std::size_t index = 0; index != world.partitions[0].size(); ++index)
        world.killers.insert({0, index});
  }
}

World run(std::uint64_t seed, const Scenario& scenario,
          std::uint64_t most_lives) {
  World world{seed, scenario};
  const auto partitions = 1 + world.below(4);
  const auto kind = seed % 6;
  for (std::uint64_t index = 0; index != partitions; ++index)
    world.add_partition(1 + world.below(kind == 5 ? 20 : 250),
                        world.below(2) * world.below(6));
  plant(world, kind);
  std::uint64_t lives = 0;
  while (!world.done()) {
    CAF_REQUIRE_LESS(lives, most_lives);
    ++lives;
    Node{world}.live();
  }
  // Whatever the capacity.
  std::size_t records = 0;
  for (const auto& offsets : world.partitions)
    records += offsets.size();
  CAF_REQUIRE_EQUAL(world.finished.size(), records);
  CAF_REQUIRE(std::ranges::includes(world.killers, world.dead_lettered));
  return world;
}

/// Where nothing overflowed, the promised bound holds.
void check_promise(const World& world) {
  CAF_REQUIRE(world.dead_lettered == world.killers);
  CAF_REQUIRE(!world.overflowed);
  CAF_REQUIRE_LESS_OR_EQUAL(world.deaths, world.bound());
}

} // namespace

CAF_TEST(one_killer_in_a_thousand_costs_two_and_ten_and_two_lives) {
  for (const std::size_t suspect : {0, 1, 499, 500, 998, 999}) {
    Scenario scenario;
    scenario.max_batch = 1;
    World world{suspect, scenario};
    world.add_partition(1'000, 0);
    world.killers.insert({0, suspect});
    const auto memory = std::as_writable_bytes(std::span{world.memory});
    const auto& offsets = world.partitions.front();
    std::uint64_t deaths = 0;
    for (bool over = false; !over;) {
      // One batch of all that is there.
      CrashJournal journal{memory, {"topic", "group"}, scenario.capacity};
      journal.open_life();
      over = true;
      for (const auto& piece :
           journal.suspects().plan(PartitionId{0}, offsets)) {
        const auto last = piece.first_index + piece.count - 1;
        const auto slot = journal.begin(
          {PartitionId{0}, offsets[piece.first_index], offsets[last]},
          piece.treatment == Treatment::alone);
        if (piece.treatment != Treatment::dead_letter
            && piece.first_index <= suspect && suspect <= last) {
          ++deaths;
          over = false;
          break;
        }
        journal.end(*slot);
      }
    }
    CAF_CHECK_LESS_OR_EQUAL(deaths, 14u);
    CAF_CHECK_GREATER_OR_EQUAL(deaths, 13u);
  }
}

CAF_TEST(killers_end_buried_everybody_else_finished_within_the_bound) {
  for (std::uint64_t seed = 0; seed != 400; ++seed)
    check_promise(run(seed, {}, 100'000));
}

CAF_TEST(deaths_by_chance_bury_nobody_and_cost_one_life_each) {
  std::uint64_t chances = 0;
  for (std::uint64_t seed = 0; seed != 400; ++seed) {
    Scenario scenario;
    scenario.kill_one_in = 20 + seed % 7 * 40;
    scenario.clean_ends = seed % 2 == 0;
    const auto world = run(seed, scenario, 100'000);
    check_promise(world);
    chances += world.deaths_by_chance;
  }
  CAF_CHECK_GREATER(chances, 4'000u);
}

CAF_TEST(records_that_kill_only_now_and_then_are_got_over_too) {
  std::uint64_t dead_lettered = 0;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    Scenario scenario;
    scenario.flaky = true;
    scenario.kill_one_in = seed % 3 == 0 ? 50 : 0;
    dead_lettered += run(seed, scenario, 100'000).dead_lettered.size();
  }
  CAF_CHECK_GREATER(dead_lettered, 10u);
}

CAF_TEST(a_journal_that_is_too_small_costs_lives_but_no_innocent_record) {
  int overflowed = 0;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    Scenario scenario;
    scenario.capacity = {seed % 2 == 0 ? 3u : 16u, seed % 4 < 2 ? 4u : 8u};
    scenario.kill_one_in = seed % 3 == 0 ? 60 : 0;
    const auto world = run(seed, scenario, 100'000);
    CAF_REQUIRE(world.dead_lettered == world.killers);
    overflowed += world.overflowed ? 1 : 0;
  }
  CAF_CHECK_GREATER(overflowed, 20);
}
