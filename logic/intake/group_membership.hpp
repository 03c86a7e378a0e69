#pragma once

#include "logic/core/ids.hpp"

#include <map>
#include <memory>
#include <string>

namespace millrace::logic {

/// Who the consumer is to its group, as of the last change that it has seen:
/// whoever commits offsets for it in a transaction shows this, and is refused
/// when the group has gone on without it (KIP-447). Immutable once published.
struct GroupMembership {
  std::string metadata; ///< in the client's own form, for this process only
  /// What is committed with an offset, see `PositionMark`; may be missing.
  std::map<PartitionId, std::string> marks;
};

using GroupMembershipPtr = std::shared_ptr<const GroupMembership>;

} // namespace millrace::logic
