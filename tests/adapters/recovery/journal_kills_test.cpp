// Processes that are killed while they write to their journal.

#define CAF_SUITE journal_kills

#include "adapters/recovery/journal_file.hpp"

#include "logic/recovery/crash_journal.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace millrace;
using namespace millrace::logic;
using adapters::JournalFile;
using tests::TemporaryFolder;

namespace {

constexpr CrashJournalCapacity capacity{8, 8};
constexpr CrashJournalOwner owner{"user-login", "millrace"};

JournalFile open(const std::string& path) {
  auto file = JournalFile::open(path, CrashJournal::bytes_needed(capacity));
  if (!file)
    CAF_FAIL(file.error().text);
  return std::move(*file);
}

OffsetRange range(std::int64_t first, std::int64_t last,
                  std::int32_t partition = 0) {
  return {PartitionId{partition}, Offset{first}, Offset{last}};
}

/// What a life that begins with this memory finds; the memory stays.
struct Picture {
  std::uint32_t life = 0;
  bool died = false;
  std::vector<JournalledRange> in_flight;
  std::vector<Suspect> suspects;
  bool noted = false;
  friend bool operator==(const Picture&, const Picture&) = default;
};

Picture picture_of(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> copy(bytes.size() / 8);
  std::memcpy(copy.data(), bytes.data(), copy.size() * 8);
  CrashJournal journal{std::as_writable_bytes(std::span{copy}), owner,
                       capacity};
  auto begun = journal.open_life();
  std::ranges::sort(begun.in_flight, {}, &JournalledRange::range);
  return {begun.life, begun.died, begun.in_flight, begun.suspects,
          begun.note.has_value()};
}

/// All that a journal does in a life that follows a death. `look` is called
/// wherever a kill may leave something new.
void whole_life(std::span<std::byte> memory, const std::function<void()>& look,
                bool step_by_step) {
  CrashJournal journal{memory, owner, capacity};
  journal.open_life();
  look();
  const auto first = journal.begin(range(0, 3), false);
  look();
  const auto second = journal.begin(range(70, 79, 1), true);
  look();
  // An end is two steps, and a kill may come between them.
  if (step_by_step) {
    journal.abandon(*first);
    look();
    journal.clear(range(0, 3));
  } else {
    journal.end(*first);
  }
  look();
  // The slot is used again, and the first table too.
  journal.begin(range(4, 6), false);
  look();
  journal.abandon(*second);
  look();
  journal.forget_before(PartitionId{0}, Offset{8});
  look();
  journal.close_cleanly();
  look();
}

/// Runs `body` one instruction at a time, and calls `look` before each.
/// Nothing if this machine does not let us.
std::optional<int> step_through(const std::function<int()>& body,
                                const std::function<void()>& look) {
  const auto child = tests::start_child([&body] {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
      return 77;
    std::raise(SIGSTOP);
    return body();
  });
  int status = 0;
  while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    look();
    const auto signal = WSTOPSIG(status);
    const auto pass_on = signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
    if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, pass_on) != 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return std::nullopt;
    }
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    return std::nullopt;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

CAF_TEST(what_was_in_flight_survives_a_kill) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  int ready[2];
  CAF_REQUIRE_EQUAL(::pipe(ready), 0);
  const auto child = tests::start_child([&] {
    auto file = JournalFile::open(path, CrashJournal::bytes_needed(capacity));
    CrashJournal journal{file->memory(), owner, capacity};
    journal.open_life();
    const auto slot = journal.begin(range(0, 99), false);
    journal.begin(range(100, 199), false);
    journal.begin(range(7, 7, 3), false);
    journal.end(*slot);
    if (::write(ready[1], "x", 1) != 1)
      return 1;
    for (;;)
      ::pause();
  });
  char byte = 0;
  CAF_REQUIRE_EQUAL(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  CAF_CHECK_EQUAL(tests::wait_for(child), -SIGKILL);
  ::close(ready[0]);
  ::close(ready[1]);
  // The lock went with the process, the bytes stayed.
  const auto file = open(path);
  CAF_CHECK(!file.note());
  const auto found = picture_of(file.memory());
  CAF_CHECK_EQUAL(found.life, 2u);
  CAF_CHECK(found.died);
  CAF_CHECK_EQUAL(found.in_flight, (std::vector<JournalledRange>{
                                     {range(100, 199)}, {range(7, 7, 3)}}));
}

CAF_TEST(a_kill_at_any_time_leaves_nothing_half_written) {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  std::size_t in_flight = 0;
  for (std::uint32_t round = 0; round != 60; ++round) {
    int begun[2];
    CAF_REQUIRE_EQUAL(::pipe(begun), 0);
    const auto child = tests::start_child([&]() -> int {
      auto file = JournalFile::open(path, CrashJournal::bytes_needed(capacity));
      CrashJournal journal{file->memory(), owner, capacity};
      journal.open_life();
      std::vector<JournalSlot> slots;
      // All that there is to a range follows from its first offset.
      for (std::int64_t first = round;; first += 100) {
        const auto partition = static_cast<std::int32_t>(first % 7);
        if (slots.size() == capacity.in_flight - 1) {
          journal.end(slots.front());
          slots.erase(slots.begin());
        }
        slots.push_back(*journal.begin(
          range(first, first + first % 97, partition), first % 11 == 0));
        // It goes on: where the kill then finds it is chance.
        if (first / 100 == round * 13 && ::write(begun[1], "x", 1) != 1)
          return 1;
      }
    });
    ::close(begun[1]);
    char byte = 0;
    CAF_REQUIRE_EQUAL(::read(begun[0], &byte, 1), 1);
    ::close(begun[0]);
    ::kill(child, SIGKILL);
    CAF_REQUIRE_EQUAL(tests::wait_for(child), -SIGKILL);
    const auto file = open(path);
    CAF_REQUIRE(!file.note());
    const auto found = picture_of(file.memory());
    CAF_REQUIRE(!found.noted);
    CAF_REQUIRE_EQUAL(found.life, round + 2);
    CAF_REQUIRE_LESS(found.in_flight.size(), capacity.in_flight);
    for (const auto& [what, alone] : found.in_flight) {
      const auto first = what.first.value;
      CAF_REQUIRE_EQUAL(what.last.value, first + first % 97);
      CAF_REQUIRE_EQUAL(what.partition.value, first % 7);
      CAF_REQUIRE_EQUAL(alone, first % 11 == 0);
    }
    in_flight += found.in_flight.size();
  }
  CAF_CHECK_GREATER(in_flight, 100u);
}

CAF_TEST(between_any_two_instructions_the_old_or_the_new_is_found) {
  const TemporaryFolder folder;
  const auto file = open(folder / "journal");
  const auto memory = file.memory();
  {
    CrashJournal journal{memory, owner, capacity};
    journal.open_life();
    journal.begin(range(0, 9), false);
    journal.begin(range(20, 29), false);
    journal.begin(range(50, 59, 1), false);
  }
  const std::vector<std::byte> past{memory.begin(), memory.end()};
  std::vector<Picture> expected{picture_of(memory)};
  const auto add = [&](std::vector<Picture>& album) {
    auto picture = picture_of(memory);
    if (album.empty() || album.back() != picture)
      album.push_back(std::move(picture));
  };
  whole_life(
    memory, [&] { add(expected); }, true);
  CAF_REQUIRE_EQUAL(expected.size(), 10u);
  std::ranges::copy(past, memory.begin());
  std::vector<Picture> seen;
  std::vector<std::byte> last;
  int changes = 0;
  const auto code = step_through(
    [&] {
      whole_life(
        memory, [] {}, false);
      return 0;
    },
    [&] {
      if (std::ranges::equal(memory, last))
        return;
      last.assign(memory.begin(), memory.end());
      ++changes;
      add(seen);
    });
  if (!code) {
    CAF_MESSAGE("skipped: ptrace is not allowed here");
    return;
  }
  CAF_CHECK_EQUAL(*code, 0);
  // More than take effect: the preparations are seen too.
  CAF_CHECK_GREATER(changes, 20);
  CAF_REQUIRE_EQUAL(seen.size(), expected.size());
  for (std::size_t index = 0; index != seen.size(); ++index)
    CAF_CHECK(seen[index] == expected[index]);
}

CAF_TEST(the_very_first_use_may_be_cut_short_anywhere) {
  const TemporaryFolder folder;
  const auto file = open(folder / "journal");
  const auto memory = file.memory();
  for (const auto fill : {std::byte{0}, std::byte{0x5A}}) {
    std::ranges::fill(memory, fill);
    std::vector<std::byte> last;
    const auto code = step_through(
      [&] {
        CrashJournal journal{memory, owner, capacity};
        journal.open_life();
        return 0;
      },
      [&] {
        if (std::ranges::equal(memory, last))
          return;
        last.assign(memory.begin(), memory.end());
        const auto found = picture_of(memory);
        CAF_CHECK(found.suspects.empty());
        CAF_CHECK(found.in_flight.empty());
        CAF_CHECK_LESS_OR_EQUAL(found.life, 2u);
      });
    if (!code) {
      CAF_MESSAGE("skipped: ptrace is not allowed here");
      return;
    }
    CAF_CHECK_EQUAL(*code, 0);
    CAF_CHECK_EQUAL(picture_of(memory).life, 2u);
  }
}
