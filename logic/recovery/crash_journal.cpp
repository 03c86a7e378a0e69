#include "logic/recovery/crash_journal.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic {

/// In the byte order of the machine: the file does not travel.
struct CrashJournal::Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t in_flight_capacity;
  std::uint64_t suspect_capacity;
  std::uint64_t owner_hash;
  std::uint64_t commit;
  std::uint64_t checksums[2]; ///< of the two tables
  std::uint64_t unused;
};

struct CrashJournal::Slot {
  std::int64_t first;
  std::int64_t last;
  std::int32_t partition;
  std::uint32_t state; ///< life * 2 + (alone ? 1 : 0)
};

/// Of a table of suspects.
struct CrashJournal::Row {
  std::int64_t first;
  std::int64_t last;
  std::int32_t partition;
  std::uint32_t deaths;
  std::uint32_t lone_deaths;
  std::uint32_t halved;
};

namespace {

constexpr std::uint64_t magic = 0x314E524A524C4D; // "MLRJRN1"
constexpr std::uint32_t version = 1;
constexpr std::uint32_t longest_life = std::numeric_limits<std::uint32_t>::max()
                                       / 2;

/// Everything written before this is in memory before it, everything after it
/// later. A kill lets the instructions before some point of this thread
/// happen and none after it, so that only the compiler has to be held.
template <class Word>
requires std::atomic_ref<Word>::is_always_lock_free void
publish(Word& word, Word value) noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::atomic_ref{word}.store(value, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

template <class Word>
Word read_published(Word& word) noexcept {
  return std::atomic_ref{word}.load(std::memory_order_acquire);
}

std::uint64_t hash_of(const CrashJournalOwner& owner) {
  std::string text{owner.topic};
  text += '\0'; // stands in no name
  text += owner.consumer_group;
  return XXH3_64bits(text.data(), text.size());
}

} // namespace

std::size_t
CrashJournal::bytes_needed(const CrashJournalCapacity& capacity) noexcept {
  static_assert(sizeof(Header) == 64 && sizeof(Slot) == 24
                && sizeof(Row) == 32);
  static_assert(std::has_unique_object_representations_v<Row>,
                "the checksum is over its bytes");
  return sizeof(Header) + std::size_t{capacity.in_flight} * sizeof(Slot)
         + std::size_t{capacity.suspects} * 2 * sizeof(Row);
}

CrashJournal::CrashJournal(std::span<std::byte> memory,
                           const CrashJournalOwner& owner,
                           CrashJournalCapacity capacity, CrashLimits limits)
  : memory_(memory), capacity_(capacity), owner_hash_(hash_of(owner)),
    suspects_(limits) {
  assert(capacity.suspects <= std::numeric_limits<std::uint16_t>::max());
  assert(memory.size() >= bytes_needed(capacity));
  assert(reinterpret_cast<std::uintptr_t>(memory.data()) % alignof(Header)
         == 0);
  free_slots_.reserve(capacity.in_flight);
  for (auto slot = capacity.in_flight; slot-- != 0;)
    free_slots_.emplace_back(slot);
}

CrashJournal::Header& CrashJournal::header() const noexcept {
  return *reinterpret_cast<Header*>(memory_.data());
}

std::span<CrashJournal::Slot> CrashJournal::slots() const noexcept {
  return {reinterpret_cast<Slot*>(memory_.data() + sizeof(Header)),
          capacity_.in_flight};
}

std::span<CrashJournal::Row> CrashJournal::table(bool second) const noexcept {
  auto* begin = memory_.data() + sizeof(Header)
                + std::size_t{capacity_.in_flight} * sizeof(Slot);
  return {reinterpret_cast<Row*>(begin)
            + (second ? std::size_t{capacity_.suspects} : 0),
          capacity_.suspects};
}

CrashJournal::Commit CrashJournal::load_commit() const noexcept {
  const auto word = read_published(header().commit);
  Commit commit;
  commit.clean = (word & 1) != 0;
  commit.second_table = (word & 2) != 0;
  commit.suspects = static_cast<std::uint16_t>(word >> 16);
  commit.life = static_cast<std::uint32_t>(word >> 32);
  return commit;
}

void CrashJournal::store_commit(const Commit& commit) noexcept {
  const auto word = std::uint64_t{commit.life} << 32
                    | std::uint64_t{commit.suspects} << 16
                    | (commit.second_table ? 2U : 0U)
                    | (commit.clean ? 1U : 0U);
  publish(header().commit, word);
  commit_ = commit;
}

LifeBegun CrashJournal::open_life() {
  assert(!open_);
  LifeBegun begun;
  begun.note = why_foreign();
  if (begun.note || read_published(header().magic) != magic)
    start_afresh();
  commit_ = load_commit();
  begun.died = commit_.life != 0 && !commit_.clean;
  if (!load_suspects())
    begun.note = "the crash journal's table of suspects is damaged: the "
                 "suspects of earlier lives are forgotten";
  if (begun.died) {
    begun.in_flight = left_in_flight();
    blame(begun.in_flight);
  }
  begun.life = commit_.life < longest_life ? commit_.life + 1 : 1;
  save_suspects(begun.life);
  begun.suspects = suspects_.list();
  open_ = true;
  return begun;
}

/// Nothing for memory that was never used, or whose first use was cut short.
std::optional<std::string> CrashJournal::why_foreign() const {
  const auto& found = header();
  const auto found_magic = read_published(header().magic);
  if (found_magic == 0)
    return std::nullopt;
  std::string why;
  if (found_magic != magic)
    why = "it is no crash journal";
  else if (found.version != version)
    why = "its format is version " + std::to_string(found.version)
          + ", this program's is " + std::to_string(version);
  else if (found.in_flight_capacity != capacity_.in_flight
           || found.suspect_capacity != capacity_.suspects)
    why = "its capacity is another (" + std::to_string(found.in_flight_capacity)
          + " ranges in flight, " + std::to_string(found.suspect_capacity)
          + " suspects)";
  else if (found.owner_hash != owner_hash_)
    why = "it was written for another topic or consumer group";
  else if (load_commit().suspects > capacity_.suspects
           || load_commit().life > longest_life)
    why = "its header is damaged";
  else
    return std::nullopt;
  return "the content of the crash journal could not be used and is "
         "overwritten: "
         + why;
}

void CrashJournal::start_afresh() {
  auto& fresh = header();
  publish(fresh.magic, std::uint64_t{0});
  std::memset(memory_.data() + sizeof fresh.magic, 0,
              bytes_needed(capacity_) - sizeof fresh.magic);
  fresh.version = version;
  fresh.in_flight_capacity = capacity_.in_flight;
  fresh.suspect_capacity = capacity_.suspects;
  fresh.owner_hash = owner_hash_;
  fresh.checksums[0] = XXH3_64bits(table(false).data(), 0);
  publish(fresh.magic, magic);
}

/// All or nothing: false, and none taken in, if the table is damaged.
bool CrashJournal::load_suspects() {
  const auto rows = table(commit_.second_table).first(commit_.suspects);
  if (header().checksums[commit_.second_table ? 1 : 0]
      != XXH3_64bits(rows.data(), rows.size_bytes()))
    return false;
  auto loaded = suspects_;
  for (const auto& row : rows)
    if (!loaded.restore(
          {{PartitionId{row.partition}, Offset{row.first}, Offset{row.last}},
           row.deaths,
           row.lone_deaths,
           row.halved != 0}))
      return false;
  suspects_ = std::move(loaded);
  return true;
}

std::vector<JournalledRange> CrashJournal::left_in_flight() const {
  std::vector<JournalledRange> ranges;
  for (auto& slot : slots()) {
    const auto state = read_published(slot.state);
    if (state / 2 == commit_.life)
      ranges.push_back(
        {{PartitionId{slot.partition}, Offset{slot.first}, Offset{slot.last}},
         state % 2 != 0});
  }
  return ranges;
}

void CrashJournal::blame(const std::vector<JournalledRange>& in_flight) {
  const auto alone = std::ranges::find(in_flight, true,
                                       &JournalledRange::alone);
  if (std::ranges::count(in_flight, true, &JournalledRange::alone) == 1) {
    suspects_.blame_alone(alone->range);
    return;
  }
  std::vector<OffsetRange> ranges;
  ranges.reserve(in_flight.size());
  for (const auto& entry : in_flight)
    ranges.push_back(entry.range);
  suspects_.blame(std::move(ranges));
}

void CrashJournal::save_suspects(std::uint32_t life) {
  dropped_suspects_ += suspects_.shrink_to(capacity_.suspects);
  Commit next;
  next.life = life;
  next.clean = life == commit_.life && commit_.clean;
  next.second_table = !commit_.second_table;
  next.suspects = static_cast<std::uint16_t>(suspects_.size());
  const auto rows = table(next.second_table).first(next.suspects);
  std::ranges::transform(
    suspects_.list(), rows.begin(), [](const Suspect& suspect) {
      const auto& range = suspect.range;
      return Row{range.first.value,     range.last.value,
                 range.partition.value, suspect.deaths,
                 suspect.lone_deaths,   suspect.halved ? 1U : 0U};
    });
  header().checksums[next.second_table ? 1 : 0] = XXH3_64bits(
    rows.data(), rows.size_bytes());
  store_commit(next);
}

std::optional<JournalSlot> CrashJournal::begin(const OffsetRange& range,
                                               bool alone) {
  assert(open_ && range.first <= range.last);
  if (free_slots_.empty()) {
    ++unwatched_;
    return std::nullopt;
  }
  const auto name = free_slots_.back();
  free_slots_.pop_back();
  auto& slot = slots()[name.value];
  slot.first = range.first.value;
  slot.last = range.last.value;
  slot.partition = range.partition.value;
  publish(slot.state, commit_.life * 2 + (alone ? 1 : 0));
  return name;
}

void CrashJournal::end(JournalSlot slot) {
  const auto& entry = slots()[slot.value];
  const OffsetRange range{PartitionId{entry.partition}, Offset{entry.first},
                          Offset{entry.last}};
  free_slot(slot);
  clear(range);
}

void CrashJournal::abandon(JournalSlot slot) {
  free_slot(slot);
}

void CrashJournal::free_slot(JournalSlot slot) noexcept {
  assert(slots()[slot.value].state != 0);
  publish(slots()[slot.value].state, std::uint32_t{0});
  free_slots_.push_back(slot); // room was reserved for all
}

void CrashJournal::clear(const OffsetRange& range) {
  if (suspects_.clear(range))
    save_suspects(commit_.life);
}

void CrashJournal::forget_before(PartitionId partition, Offset next) {
  if (suspects_.forget_before(partition, next))
    save_suspects(commit_.life);
}

void CrashJournal::close_cleanly() {
  assert(open_);
  auto last = commit_;
  last.clean = true;
  store_commit(last);
  open_ = false;
}

} // namespace millrace::logic
