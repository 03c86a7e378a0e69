#pragma once

#include "logic/core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic::verification {

/// What can be wrong with a delivery. The names are output.
enum class Fault : std::uint8_t {
  lost, ///< an input that ended nowhere
  doubled, ///< an input that ended more than once
  swapped, ///< an output behind one with a higher source offset
  corrupted, ///< an output or dead letter that does not match its input
  foreign, ///< an output or dead letter without an input
};

inline constexpr std::size_t fault_count = 5;

/// "lost", "doubled", ...
std::string_view to_string(Fault fault) noexcept;

/// One record that is wrong.
struct Offender {
  Fault fault = Fault::lost;
  /// Source; nothing for a record whose provenance cannot be read.
  std::optional<PartitionId> partition;
  std::optional<Offset> offset;
  /// For people: where it was found and what is wrong. No personal data.
  std::string detail;
};

/// Counts of one source partition, in records.
struct PartitionTally {
  PartitionId partition;
  Offset begin; ///< verified range, half open
  Offset end;
  std::uint64_t input = 0;
  std::uint64_t output = 0; ///< repeats included
  std::uint64_t dead = 0; ///< repeats included
  std::uint64_t references = 0; ///< dead letters written without their value
  std::uint64_t replayed = 0; ///< inputs that came from the dead letters
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0; ///< endings beyond the first
  std::uint64_t swapped = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t foreign = 0;
  /// Inputs without an ending that may have had one which retention removed.
  std::uint64_t unproven = 0;
  /// Offsets between the last input before the range that ended and the range,
  /// which begins where retention lets it: passed over, or ended unseen.
  std::uint64_t skipped = 0;
};

/// Adds all counts of the one to those of the other.
void add_counts(PartitionTally& total, const PartitionTally& more) noexcept;

enum class Conclusion : std::uint8_t {
  passed,
  incomplete, ///< nothing wrong found, but part of the proof is gone
  failed,
};

/// "passed", "incomplete", "failed".
std::string_view to_string(Conclusion conclusion) noexcept;

struct VerificationReport {
  Conclusion conclusion = Conclusion::passed;
  /// Of the verified partitions, rising.
  std::vector<PartitionTally> partitions;
  /// Sums over the partitions, plus what belongs to none of them.
  PartitionTally total;
  /// Records of other source topics and outside the verified ranges: ignored.
  std::uint64_t other_topic = 0;
  std::uint64_t outside_range = 0;
  /// The first of each fault, by fault, partition and offset.
  std::vector<Offender> offenders;
};

} // namespace millrace::logic::verification
