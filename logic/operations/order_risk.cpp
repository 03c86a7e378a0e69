#include "logic/operations/order_risk.hpp"

namespace millrace::logic {

namespace {

/// Whether some partition of the input has another target than before.
bool targets_move(const PartitionRaise& raise) {
  if (!raise.input_partitions || raise.from <= 0)
    return true;
  for (std::int32_t source = 0; source < *raise.input_partitions; ++source)
    if (source % raise.from != source % raise.to)
      return true;
  return false;
}

std::string spread(const PartitionRaise& raise) {
  return "whoever writes to " + raise.topic
         + " by the hash of a key writes most keys to another partition of "
         + std::to_string(raise.to) + " than of " + std::to_string(raise.from);
}

void judge_input(const PartitionRaise& raise, std::vector<std::string>& risks) {
  risks.push_back(
    spread(raise)
    + ": of a user who logs in before and after, the later event may be judged "
      "and passed on first; let the writers pause until `millrace lag` is 0");
  if (raise.group_members > 1)
    risks.push_back(
      std::to_string(raise.group_members)
      + " nodes read it: unless they are linked each knows the users of its "
        "own "
        "partitions, and a user who moves to another one is new there");
}

void judge_outlet(const PartitionRaise& raise,
                  std::vector<std::string>& risks) {
  if (raise.partitioned_by_key) {
    if (raise.keys != KeyUse::none)
      risks.push_back(
        spread(raise)
        + ", the node too: readers may see two records of one key "
          "in another order; let them finish what is there first");
  } else if (targets_move(raise)) {
    risks.push_back(
      "records go to the partition of their source modulo "
      + std::to_string(raise.to) + " rather than " + std::to_string(raise.from)
      + ", so those of some sources go elsewhere: readers may see "
        "them before earlier ones; let them finish what is there "
        "first");
  }
}

} // namespace

std::string_view to_string(TopicRole role) noexcept {
  switch (role) {
    case TopicRole::input:
      return "input";
    case TopicRole::output:
      return "output";
    case TopicRole::dead_letters:
      return "dead letters";
    case TopicRole::insights:
      return "insights";
    case TopicRole::state:
      return "state";
    case TopicRole::none:
      break;
  }
  return "";
}

std::vector<std::string> order_risks(const PartitionRaise& raise) {
  std::vector<std::string> risks;
  if (raise.to <= raise.from)
    return risks;
  if (raise.role == TopicRole::state) {
    risks.push_back("each partition of " + raise.topic
                    + " is a shard of the detection's state: nodes refuse it "
                      "unless detection.shards is "
                    + std::to_string(raise.to)
                    + ", and what is known of most users is then looked for in "
                      "another shard and not found");
    return risks;
  }
  // Counts have no order among them, and nothing comes after nothing.
  if (raise.keys == KeyUse::empty || raise.role == TopicRole::insights)
    return risks;
  if (raise.role == TopicRole::output || raise.role == TopicRole::dead_letters)
    judge_outlet(raise, risks);
  else if (raise.keys == KeyUse::none)
    return risks;
  else if (raise.role == TopicRole::input)
    judge_input(raise, risks);
  else
    risks.push_back(spread(raise)
                    + ": readers may see two records of one key in another "
                      "order; let them finish what is there first");
  return risks;
}

} // namespace millrace::logic
