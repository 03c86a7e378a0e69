#pragma once

#include "logic/core/result.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>

#include <string>
#include <type_traits>

namespace millrace::logic {

/// False for a number that stands for no code.
bool from_integer(std::underlying_type_t<ErrorCode> number, ErrorCode& code);

/// As its name for people, as its number between nodes.
template <class Inspector>
bool inspect(Inspector& f, ErrorCode& code) {
  if (f.has_human_readable_format()) {
    auto get = [&code] { return std::string{to_string(code)}; };
    auto refuse = [](const std::string&) { return false; };
    return f.apply(get, refuse);
  }
  using Number = std::underlying_type_t<ErrorCode>;
  auto get = [&code] { return static_cast<Number>(code); };
  auto set = [&code](Number number) { return from_integer(number, code); };
  return f.apply(get, set);
}

} // namespace millrace::logic

/// Makes a struct of `millrace::messages` known to CAF as one that stays inside
/// the process, as it may hold pointers: CAF refuses to serialise it. The
/// struct itself is defined in the header of its subject.
#define MILLRACE_LOCAL_MESSAGE(name)                                           \
  namespace millrace::messages {                                               \
  struct name;                                                                 \
  }                                                                            \
  CAF_ADD_TYPE_ID(millrace, (millrace::messages::name))                        \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::name)

// The one list of what actors say to each other, by header. Numbers follow the
// order of the lines; as none of these messages travels, lines may move. What
// does travel has a block of its own, see messages/wire/README.md.
CAF_BEGIN_TYPE_ID_BLOCK(millrace, caf::first_custom_type_id)

CAF_ADD_TYPE_ID(millrace, (millrace::logic::ErrorCode))

// messages/pipeline.hpp
MILLRACE_LOCAL_MESSAGE(ClientReady)
MILLRACE_LOCAL_MESSAGE(DispatchBatch)
MILLRACE_LOCAL_MESSAGE(ValidateBatch)
MILLRACE_LOCAL_MESSAGE(EnrichBatch)
MILLRACE_LOCAL_MESSAGE(JudgeBatch)
MILLRACE_LOCAL_MESSAGE(BatchJudged)
MILLRACE_LOCAL_MESSAGE(JudgeRows)
MILLRACE_LOCAL_MESSAGE(RowsJudged)
MILLRACE_LOCAL_MESSAGE(EncodeBatch)
MILLRACE_LOCAL_MESSAGE(ProduceBatch)
MILLRACE_LOCAL_MESSAGE(BatchAwaitsTurn)
MILLRACE_LOCAL_MESSAGE(BatchTakesTurn)
MILLRACE_LOCAL_MESSAGE(BatchLeftLane)
MILLRACE_LOCAL_MESSAGE(BatchFinished)
MILLRACE_LOCAL_MESSAGE(BatchPartlyFinished)
MILLRACE_LOCAL_MESSAGE(BatchFailed)
MILLRACE_LOCAL_MESSAGE(BatchAcknowledged)
MILLRACE_LOCAL_MESSAGE(OffsetsCommitted)
MILLRACE_LOCAL_MESSAGE(ForgetPartitions)

// messages/detection.hpp
MILLRACE_LOCAL_MESSAGE(TrainForest)
MILLRACE_LOCAL_MESSAGE(UseForest)
MILLRACE_LOCAL_MESSAGE(AdvanceSequence)
MILLRACE_LOCAL_MESSAGE(OwnShards)
MILLRACE_LOCAL_MESSAGE(ShardsOutdone)

// messages/state.hpp
MILLRACE_LOCAL_MESSAGE(HostShard)
MILLRACE_LOCAL_MESSAGE(ShardHosted)
MILLRACE_LOCAL_MESSAGE(SaveShard)
MILLRACE_LOCAL_MESSAGE(ShardSnapshot)
MILLRACE_LOCAL_MESSAGE(SettleSnapshot)
MILLRACE_LOCAL_MESSAGE(GiveUpShard)
MILLRACE_LOCAL_MESSAGE(CloseState)
MILLRACE_LOCAL_MESSAGE(StateClosed)

// messages/insights.hpp
MILLRACE_LOCAL_MESSAGE(CountLogins)
MILLRACE_LOCAL_MESSAGE(FlushCounts)
MILLRACE_LOCAL_MESSAGE(PublishInsight)
MILLRACE_LOCAL_MESSAGE(PublishNow)

// messages/reconciliation.hpp
MILLRACE_LOCAL_MESSAGE(Reconcile)
MILLRACE_LOCAL_MESSAGE(ListUnacknowledged)
MILLRACE_LOCAL_MESSAGE(UnacknowledgedBatches)
MILLRACE_LOCAL_MESSAGE(CheckDeliveries)
MILLRACE_LOCAL_MESSAGE(DeliveriesChecked)
MILLRACE_LOCAL_MESSAGE(AttachLane)
MILLRACE_LOCAL_MESSAGE(DetachLane)
MILLRACE_LOCAL_MESSAGE(FenceLane)
MILLRACE_LOCAL_MESSAGE(DetectorReplaced)
MILLRACE_LOCAL_MESSAGE(RouterReplaced)

// messages/transactions.hpp
MILLRACE_LOCAL_MESSAGE(GroupJoined)
MILLRACE_LOCAL_MESSAGE(CommitOffsets)
MILLRACE_LOCAL_MESSAGE(CommitsLost)

// messages/supervision.hpp
MILLRACE_LOCAL_MESSAGE(Heartbeat)
MILLRACE_LOCAL_MESSAGE(HeartbeatAnswer)
MILLRACE_LOCAL_MESSAGE(StopChildren)
MILLRACE_LOCAL_MESSAGE(ListRecoveries)
MILLRACE_LOCAL_MESSAGE(Recoveries)
MILLRACE_LOCAL_MESSAGE(SupervisorStatus)

// messages/faults.hpp
MILLRACE_LOCAL_MESSAGE(InjectFault)
MILLRACE_LOCAL_MESSAGE(ArmGate)
MILLRACE_LOCAL_MESSAGE(PassOnFault)

// messages/lifecycle.hpp
MILLRACE_LOCAL_MESSAGE(Tick)
MILLRACE_LOCAL_MESSAGE(DrainIntake)
MILLRACE_LOCAL_MESSAGE(IntakeDrained)
MILLRACE_LOCAL_MESSAGE(CloseOutput)
MILLRACE_LOCAL_MESSAGE(OutputClosed)

// messages/status.hpp
MILLRACE_LOCAL_MESSAGE(ReportStatus)
MILLRACE_LOCAL_MESSAGE(ConsumerStatus)
MILLRACE_LOCAL_MESSAGE(ProducerStatus)
MILLRACE_LOCAL_MESSAGE(DispatcherStatus)
MILLRACE_LOCAL_MESSAGE(JudgementsStatus)

// messages/links.hpp
MILLRACE_LOCAL_MESSAGE(LinkUp)
MILLRACE_LOCAL_MESSAGE(LinkDown)
MILLRACE_LOCAL_MESSAGE(PeerOwners)
MILLRACE_LOCAL_MESSAGE(PeerCredit)
MILLRACE_LOCAL_MESSAGE(ListPeers)
MILLRACE_LOCAL_MESSAGE(AnnounceOwners)
MILLRACE_LOCAL_MESSAGE(TargetsFound)
MILLRACE_LOCAL_MESSAGE(DialEnded)
MILLRACE_LOCAL_MESSAGE(ConnectionRefused)
MILLRACE_LOCAL_MESSAGE(HelloReceived)
MILLRACE_LOCAL_MESSAGE(TurnAway)
MILLRACE_LOCAL_MESSAGE(LinkAnswered)
MILLRACE_LOCAL_MESSAGE(LinkRefused)
MILLRACE_LOCAL_MESSAGE(OwnersHeard)
MILLRACE_LOCAL_MESSAGE(CreditHeard)
MILLRACE_LOCAL_MESSAGE(GrantCredit)
MILLRACE_LOCAL_MESSAGE(EndLink)
MILLRACE_LOCAL_MESSAGE(LinksStatus)

// messages/workers.hpp
MILLRACE_LOCAL_MESSAGE(RepeatLanes)
MILLRACE_LOCAL_MESSAGE(RemoteLanesStatus)
MILLRACE_LOCAL_MESSAGE(LaneHostStatus)

CAF_END_TYPE_ID_BLOCK(millrace)

#undef MILLRACE_LOCAL_MESSAGE

CAF_ERROR_CODE_ENUM(millrace::logic::ErrorCode)

namespace millrace::messages {

/// Registers all types with CAF. Once, before any actor system or its
/// configuration exists.
void init_meta_objects();

/// The logic's error as CAF carries it, text included.
caf::error to_caf_error(const logic::Error& error);

} // namespace millrace::messages
