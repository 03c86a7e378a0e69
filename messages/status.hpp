#pragma once

#include "logic/core/ids.hpp"
#include "logic/delivery/circuit_breaker.hpp"
#include "logic/intake/credit_window.hpp"
#include "logic/recovery/lane_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What actors say of themselves.
namespace millrace::messages {

/// To any of consumer, dispatcher, producer, links, judgement router: how do
/// you do?
struct ReportStatus {};

struct PartitionStatus {
  logic::PartitionId partition;
  logic::AssignmentEpoch epoch;
  std::optional<logic::Offset> read;
  std::optional<logic::Offset> finished;
  std::optional<logic::Offset> committed;
  std::optional<std::int64_t> lag_records;
  bool leaving = false;
  bool stalled = false;
};

struct ConsumerStatus {
  bool assigned = false; ///< the group has answered at least once
  bool draining = false;
  std::string fault; ///< empty while the broker answers
  std::vector<PartitionStatus> partitions;
  std::int64_t credit_bytes = 0; ///< still to be taken in
  std::int64_t granted_bytes = 0; ///< of credit, in all
  std::uint64_t records = 0;
  std::int64_t rate_limit = 0; ///< events a second; 0: none
  bool rate_limited = false; ///< it holds back the intake now
  bool placed = true; ///< it is known from where each partition is read
};

/// A partition that stands still, as a dead letter of it cannot be written.
struct PinnedPartition {
  logic::PartitionId partition;
  logic::Offset offset; ///< of the first record that cannot
  std::string reason; ///< the broker's words
};

struct ProducerStatus {
  std::string fault; ///< empty while the broker answers
  std::uint64_t outputs = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t retries = 0;
  std::uint64_t batches = 0; ///< not delivered yet
  /// Failed tries to write a dead letter.
  std::uint64_t stuck = 0;
  logic::CircuitState circuit = logic::CircuitState::closed; ///< to the output
  std::string circuit_reason; ///< why it is not closed, in the broker's words
  logic::CircuitState dead_letter_circuit = logic::CircuitState::closed;
  std::string dead_letter_circuit_reason;
  std::vector<PinnedPartition> pinned;
  std::uint64_t references = 0; ///< dead letters written without their value
};

struct DispatcherStatus {
  std::uint64_t batches_in_flight = 0;
  std::uint64_t redispatched = 0;
  std::uint64_t poison_records = 0;
  std::vector<logic::LaneCredit> lanes;
  std::uint64_t waiting_bytes = 0; ///< of what waits for a lane to have credit
  std::uint64_t turn_bytes = 0; ///< of what awaits its turn in lanes
};

/// The judgement router's view: who judges what.
struct JudgementsStatus {
  struct Owner {
    std::uint64_t incarnation = 0; ///< of a peer; 0: this node
    std::vector<std::uint32_t> shards;
  };
  struct Peer {
    std::uint64_t incarnation = 0;
    std::uint64_t asked_bytes = 0; ///< of questions under way to it
    std::uint64_t credit_bytes = 0; ///< of those that it takes at once
    bool late = false; ///< it did not answer in time, and not since
  };

  std::uint32_t shard_count = 0;
  std::vector<Owner> owners;
  std::vector<std::uint32_t> unowned;
  std::vector<Peer> peers;
  std::uint64_t owed_bytes = 0; ///< of rows kept for owners to come
  std::uint64_t here = 0; ///< events of this node that it judged itself
  std::uint64_t elsewhere = 0; ///< of this node, that others judged
  std::uint64_t unjudged = 0;
  std::uint64_t for_others = 0;
  std::vector<logic::CreditUse> detectors; ///< by number
};

} // namespace millrace::messages
