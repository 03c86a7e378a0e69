#pragma once

#include "logic/core/result.hpp"
#include "logic/intake/group_membership.hpp"
#include "logic/records/partition_offset.hpp"

#include <vector>

/// Between consumer and producer, where offsets are committed together with
/// the outputs. The answer is `OffsetsCommitted`.
namespace millrace::messages {

/// Consumer to producer: who we are to the group, since its last change, and
/// again from time to time. Behind what was taken from us by that change.
struct GroupJoined {
  logic::GroupMembershipPtr member;
  /// What is ours. The rest was taken from us, though who was to hear of that
  /// may have died of the same cause; but not what is newer than `newest`.
  std::vector<logic::PartitionEpoch> held;
  logic::AssignmentEpoch newest;
};

/// Consumer to producer: commit these though no records end there.
struct CommitOffsets {
  std::vector<logic::PartitionOffset> offsets;
};

/// Producer to consumer: nobody can say what was committed of these. Give all
/// back, and ask the group where to read on. Said again until they are
/// forgotten.
struct CommitsLost {
  logic::Error error;
  std::vector<logic::PartitionEpoch> in_doubt;
};

} // namespace millrace::messages
