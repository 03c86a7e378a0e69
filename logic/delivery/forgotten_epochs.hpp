#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/partition_offset.hpp"

#include <algorithm>
#include <map>

namespace millrace::logic {

/// Remembers under which epochs partitions are ours no longer, so that what
/// still arrives of them late is told from what is new. Epochs only rise.
class ForgottenEpochs {
public:
  void add(const PartitionEpoch& held) {
    auto& last = last_[held.partition];
    last = std::max(last, held.epoch);
  }

  bool contains(PartitionId partition, AssignmentEpoch epoch) const {
    const auto found = last_.find(partition);
    return found != last_.end() && epoch <= found->second;
  }

private:
  std::map<PartitionId, AssignmentEpoch> last_;
};

} // namespace millrace::logic
