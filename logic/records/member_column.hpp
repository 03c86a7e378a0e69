#pragma once

#include "logic/records/output_members.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::logic {

/// What a stage has to say of each event of a batch in one member of the
/// output. For stages that have no writer of their own in the encoder.
struct MemberColumn {
  OutputMember member = OutputMember::processed_at;
  /// Parallel to `ValidatedBatch::events`: the member's value as JSON text;
  /// empty where the event gets none.
  std::vector<std::string> values;
};

using MemberColumnPtr = std::shared_ptr<const MemberColumn>;

} // namespace millrace::logic
