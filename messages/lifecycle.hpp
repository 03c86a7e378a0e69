#pragma once

#include <chrono>
#include <cstdint>

/// Reminders, and the orderly end.
namespace millrace::messages {

/// An actor's reminder to itself, sent with a delay. Nobody else sends it.
struct Tick {};

/// Node to consumer: stop reading, see everything finished, commit, leave the
/// group. Answered by `IntakeDrained` when that is done or `deadline` passed.
struct DrainIntake {
  std::chrono::milliseconds deadline{};
};

struct IntakeDrained {
  std::uint64_t records = 0; ///< read in all
  std::uint64_t unfinished_records = 0; ///< 0: nothing was left behind
};

/// Node to producer, after the intake drained: deliver what is left, close.
/// Answered by `OutputClosed`.
struct CloseOutput {
  std::chrono::milliseconds deadline{};
};

struct OutputClosed {
  std::uint64_t unsent_records = 0;
};

} // namespace millrace::messages
