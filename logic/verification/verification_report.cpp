#include "logic/verification/verification_report.hpp"

#include <array>

namespace millrace::logic::verification {

namespace {

constexpr std::array<std::uint64_t PartitionTally::*, 12> summed{
  &PartitionTally::input,     &PartitionTally::output,
  &PartitionTally::dead,      &PartitionTally::references,
  &PartitionTally::replayed,  &PartitionTally::unproven,
  &PartitionTally::skipped,   &PartitionTally::lost,
  &PartitionTally::doubled,   &PartitionTally::swapped,
  &PartitionTally::corrupted, &PartitionTally::foreign};

} // namespace

void add_counts(PartitionTally& total, const PartitionTally& more) noexcept {
  for (const auto member : summed)
    total.*member += more.*member;
}

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::lost:
      return "lost";
    case Fault::doubled:
      return "doubled";
    case Fault::swapped:
      return "swapped";
    case Fault::corrupted:
      return "corrupted";
    case Fault::foreign:
      return "foreign";
  }
  return "unknown";
}

std::string_view to_string(Conclusion conclusion) noexcept {
  switch (conclusion) {
    case Conclusion::passed:
      return "passed";
    case Conclusion::incomplete:
      return "incomplete";
    case Conclusion::failed:
      return "failed";
  }
  return "unknown";
}

} // namespace millrace::logic::verification
