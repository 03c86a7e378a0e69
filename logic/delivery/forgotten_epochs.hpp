#pragma once

#include "logic/core/ids.hpp"
#include "logic/records/partition_offset.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

namespace millrace::logic {

/// Remembers under which epochs partitions are ours no longer, so that what
/// still arrives of them late is told from what is new. Epochs only rise, and
/// no two assignments have the same.
class ForgottenEpochs {
public:
  void add(const PartitionEpoch& held) {
    auto& last = last_[held.partition];
    last = std::max(last, held.epoch);
  }

  /// Of all that were known up to `newest`, these alone are ours.
  void add_all_but(std::span<const PartitionEpoch> held,
                   AssignmentEpoch newest) {
    held_ = {held.begin(), held.end()};
    newest_ = std::max(newest_.value_or(newest), newest);
  }

  bool contains(PartitionId partition, AssignmentEpoch epoch) const {
    if (newest_ && epoch <= *newest_ && !held_.contains({partition, epoch}))
      return true;
    const auto found = last_.find(partition);
    return found != last_.end() && epoch <= found->second;
  }

private:
  std::set<PartitionEpoch> held_;
  std::optional<AssignmentEpoch> newest_;
  std::map<PartitionId, AssignmentEpoch> last_;
};

} // namespace millrace::logic
