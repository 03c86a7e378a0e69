#pragma once

#include "adapters/kafka/kafka_config.hpp"
#include "logic/core/result.hpp"
#include "logic/operations/group_lag.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string>

namespace millrace::adapters::kafka {

/// Looks at consumer groups from outside and changes nothing. One thread;
/// every call blocks, each of its questions for at most the deadline.
class GroupInspector {
public:
  static logic::Result<std::unique_ptr<GroupInspector>>
  open(const KafkaConfig& config);

  GroupInspector(const GroupInspector&) = delete;
  GroupInspector& operator=(const GroupInspector&) = delete;
  ~GroupInspector();

  /// What the group has committed or holds of any topic, and all of `topics`.
  /// What is committed is asked for before the ends, so that a group at work is
  /// not ahead of them. Who may not see a topic does not see that part of the
  /// group. `unauthorized` where this user may not look at the group.
  logic::Result<logic::GroupSight> look(const std::string& group,
                                        std::span<const std::string> topics,
                                        std::chrono::milliseconds deadline);

private:
  class State;
  explicit GroupInspector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace millrace::adapters::kafka
