#pragma once

#include "logic/records/batch_ticket.hpp"
#include "logic/records/partition_offset.hpp"
#include "logic/recovery/lane_table.hpp"
#include "messages/pipeline.hpp"
#include "messages/type_ids.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What is said after a restart, so that nothing is lost or done twice.
namespace millrace::messages {

/// Topology to dispatcher: consumer, producer or you were started anew, and
/// messages between you may be lost. Find out which and send them again.
struct Reconcile {};

/// Dispatcher to consumer: what have you handed over that is not acknowledged?
struct ListUnacknowledged {};

/// The consumer's answer, or its own question when nothing was acknowledged for
/// long: each batch of it is either in flight or acknowledged again.
struct UnacknowledgedBatches {
  std::vector<DispatchBatch> batches; ///< per partition in offset order
  std::vector<logic::PartitionEpoch> held;
};

/// Dispatcher to producer: what became of these?
struct CheckDeliveries {
  std::vector<logic::BatchTicket> tickets;
};

/// The producer's answer.
struct DeliveriesChecked {
  std::vector<logic::BatchId> finished;
  std::vector<logic::BatchTicket> held; ///< not delivered yet
  std::vector<logic::BatchTicket> unknown;
};

/// Whoever batches are dealt to.
using FirstStage = caf::typed_actor<caf::result<void>(ValidateBatch)>;

/// To the dispatcher: a lane begins a (new) life. Said again of the same life
/// it only changes the window.
struct AttachLane {
  std::uint32_t lane = 0;
  logic::Incarnation incarnation;
  /// What its predecessor was working on when it died, and in which stage.
  std::vector<logic::BatchId> suspects;
  std::string stage;
  /// Credit: the footprint of the batches that may be in the lane at a time. 0:
  /// it is to get nothing for now.
  std::uint64_t window_bytes = 0;
  /// Who takes the `ValidateBatch` of a lane that is not of the topology, and
  /// so has a number above those of all that are.
  FirstStage first_stage = {};
  /// Footprint of the largest batch that it takes at all.
  std::uint64_t most_bytes = logic::LaneLife::unlimited;
  bool reserve = false; ///< works only where no other lane could
};

/// To the dispatcher: the lane is gone, and its life does not come back.
struct DetachLane {
  std::uint32_t lane = 0;
  logic::Incarnation incarnation;
};

/// Topology to producer: what an earlier life of that lane still sends does
/// not count.
struct FenceLane {
  std::uint32_t lane = 0;
  logic::Incarnation incarnation; ///< of the new life
};

/// Topology to judgement router: a detector was replaced and will not answer
/// what was asked before.
struct DetectorReplaced {
  std::uint32_t number = 0; ///< which one
  std::optional<logic::BatchId> suspect; ///< what it was working on
};

/// Topology to enrichers: the judgement router was replaced and will not answer
/// what was asked before.
struct RouterReplaced {};

} // namespace millrace::messages
