#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace millrace::logic {

/// A number with a meaning of its own: built and read only explicitly, so
/// that a partition can never stand where an offset is meant.
template <class Tag, class Rep>
struct StrongNumber {
  Rep value{};

  constexpr StrongNumber() = default;
  explicit constexpr StrongNumber(Rep number) : value(number) {}

  friend constexpr auto operator<=>(StrongNumber, StrongNumber) = default;
};

/// A Kafka partition number, 0 or more.
using PartitionId = StrongNumber<struct PartitionTag, std::int32_t>;

/// A Kafka offset: the position of a record in its partition.
using Offset = StrongNumber<struct OffsetTag, std::int64_t>;

/// Counts the assignments of a partition to this node. Whatever was read
/// under an earlier epoch must not be committed under a later one.
using AssignmentEpoch = StrongNumber<struct EpochTag, std::uint64_t>;

/// Names a batch on this node; never reused while the process lives.
using BatchId = StrongNumber<struct BatchTag, std::uint64_t>;

/// The place of a batch in its partition and epoch: 0, 1, 2, ...
using BatchSequence = StrongNumber<struct SequenceTag, std::uint64_t>;

/// Counts the starts of actors on this node: rises with each, is never used
/// again, and so tells an actor from its successor in the same role.
using Incarnation = StrongNumber<struct IncarnationTag, std::uint64_t>;

} // namespace millrace::logic

template <class Tag, class Rep>
struct std::hash<millrace::logic::StrongNumber<Tag, Rep>> {
  std::size_t
  operator()(millrace::logic::StrongNumber<Tag, Rep> number) const noexcept {
    return std::hash<Rep>{}(number.value);
  }
};
