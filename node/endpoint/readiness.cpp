#include "node/endpoint/readiness.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace millrace::node {

namespace {

std::string stalled_text(const messages::ConsumerStatus& consumer,
                         const messages::PartitionStatus& first,
                         std::int64_t others) {
  auto text = "partition " + std::to_string(first.partition.value)
              + (first.finished
                   ? " stands still at offset "
                       + std::to_string(first.finished->value)
                   : " has given neither a record nor its end since it was "
                     "assigned");
  if (first.lag_records)
    text += " with a lag of " + std::to_string(*first.lag_records);
  text += ": " + stall_reason(consumer, first);
  if (others > 0)
    text += "; so do " + std::to_string(others) + " more";
  return text;
}

std::string behind_colon(const std::string& reason) {
  return reason.empty() ? std::string{} : ": " + reason;
}

std::string pinned_text(const std::vector<messages::PinnedPartition>& pinned) {
  const auto& first = pinned.front();
  auto text = "partition " + std::to_string(first.partition.value)
              + " stands still at offset " + std::to_string(first.offset.value)
              + ", whose dead letter cannot be written"
              + behind_colon(first.reason);
  if (pinned.size() > 1)
    text += "; so do " + std::to_string(pinned.size() - 1) + " more";
  return text;
}

Readiness
readiness_of_worker(const std::optional<messages::LaneHostStatus>& host) {
  if (host && host->draining)
    return {false, "draining before the end", "draining"};
  if (!host || host->askers.empty())
    return {false, "no node that reads and writes is linked", "unlinked"};
  return {true, {}, {}};
}

} // namespace

std::string stall_reason(const messages::ConsumerStatus& consumer,
                         const messages::PartitionStatus& partition) {
  if (partition.read != partition.finished)
    return "what was read, up to offset "
           + std::to_string(partition.read.value_or(logic::Offset{}).value)
           + ", is not delivered";
  if (partition.leaving)
    return "it is being given back";
  if (consumer.credit_bytes <= 0)
    return "nothing is read, as all of the memory budget is in flight";
  if (consumer.rate_limited)
    return "flow.rate_limit lets nothing in";
  return "the brokers hand out nothing of it";
}

Readiness readiness_of(const NodeStatus& status) {
  if (!status.failure.empty())
    return {false, status.failure, "ending"};
  if (status.role == "worker")
    return readiness_of_worker(status.lane_host);
  const auto& consumer = status.consumer;
  const auto& producer = status.producer;
  if (consumer && consumer->draining)
    return {false, "draining before the end", "draining"};
  if (consumer && !consumer->fault.empty())
    return {false, consumer->fault, "consumer"};
  if (producer && !producer->fault.empty())
    return {false, producer->fault, "producer"};
  // Half open only means that it is being tried.
  if (producer && producer->circuit != logic::CircuitState::closed)
    return {false,
            "the output does not take records: its circuit is "
              + std::string{to_string(producer->circuit)}
              + behind_colon(producer->circuit_reason),
            "output_circuit"};
  if (producer && producer->dead_letter_circuit != logic::CircuitState::closed)
    return {false,
            "the dead-letter topic does not take records"
              + behind_colon(producer->dead_letter_circuit_reason),
            "dead_letter_circuit"};
  if (producer && !producer->pinned.empty())
    return {false, pinned_text(producer->pinned), "pinned"};
  if (!consumer || !consumer->assigned)
    return {false, "no partitions assigned yet", "unassigned"};
  if (!consumer->placed)
    return {false, "from where to read is not known yet of all partitions",
            "unplaced"};
  const auto stalled = &messages::PartitionStatus::stalled;
  const auto& partitions = consumer->partitions;
  if (const auto first = std::ranges::find_if(partitions, stalled);
      first != partitions.end())
    return {false,
            stalled_text(*consumer, *first,
                         std::ranges::count_if(partitions, stalled) - 1),
            "stalled"};
  return {true, {}, {}};
}

} // namespace millrace::node
