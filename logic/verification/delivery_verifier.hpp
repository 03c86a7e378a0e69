#pragma once

#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/records/output_members.hpp"
#include "logic/records/record_batch.hpp"
#include "logic/verification/verification_report.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace millrace::logic::verification {

enum class Guarantee : std::uint8_t { exactly_once, at_least_once };

/// How the producer maps a source partition to one of the destination.
enum class Partitioning : std::uint8_t { modulo, by_key };

struct VerifierConfig {
  std::string topic; ///< the input topic
  Guarantee guarantee = Guarantee::at_least_once;
  Partitioning partitioning = Partitioning::modulo;
  /// Members that the node adds to an output, or replaces in it.
  OutputMembers added_members = OutputMembers{};
  /// Offenders kept of each fault.
  std::size_t offender_limit = 10;
  /// Refuse ranges of more input offsets than that in all: 9 bytes each.
  std::uint64_t offset_limit = 200'000'000;
};

/// What of one input partition is verified.
struct InputRange {
  PartitionId partition;
  Offset begin; ///< first verified
  Offset end; ///< first no longer verified
  /// Input offsets that exist are below this; at least `end`. An output that
  /// names an offset from here on has no input.
  Offset high_watermark;
  /// It begins there as nothing before is retained, and not by choice.
  bool cut_by_retention = false;
};

/// Which of the two topics that the node writes.
enum class Outlet : std::uint8_t { output, dead_letters };

/// One partition of an outlet. With `truncated` its oldest records are gone.
struct OutletPartition {
  Outlet outlet = Outlet::output;
  PartitionId partition;
  std::int32_t partition_count = 1; ///< of the outlet's topic
  bool truncated = false;
};

/// Proves from what is on the topics that each input of a range ended exactly
/// (or at least) once: as an output that holds all its members, in the order
/// of its partition, or as a dead letter of the same bytes.
///
/// Order of calls: `add_range` and `outlet` for all partitions, `input` for all
/// records of the ranges, then `output` and `dead_letter` for all records,
/// each partition in offset order (partitions may alternate), then `finish`.
///
/// Contents are compared by 32-bit hashes of each input (XXH3), so that a
/// corruption slips through with a chance of 2^-32; everything else is exact.
/// Memory: 9 bytes an input offset. Not thread-safe.
class DeliveryVerifier {
public:
  explicit DeliveryVerifier(VerifierConfig config);
  DeliveryVerifier(DeliveryVerifier&&) noexcept;
  DeliveryVerifier& operator=(DeliveryVerifier&&) noexcept;
  ~DeliveryVerifier();

  /// `invalid_argument` for a partition given twice, an end before its begin,
  /// or more offsets than `offset_limit`.
  Result<void> add_range(const InputRange& range);

  void outlet(const OutletPartition& partition);

  /// Records outside the partition's range are left out.
  void input(PartitionId partition, const RecordView& record);
  void output(PartitionId partition, const RecordView& record);
  void dead_letter(PartitionId partition, const RecordView& record);

  /// Looks for what is missing and closes the books; call once.
  VerificationReport finish();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace millrace::logic::verification
