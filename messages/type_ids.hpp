#pragma once

#include "logic/result.hpp"
#include "messages/messages.hpp"

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

// The one block of type ids. Numbers follow the order of the lines and are
// what travels between nodes: append only.
CAF_BEGIN_TYPE_ID_BLOCK(millrace, caf::first_custom_type_id)

CAF_ADD_TYPE_ID(millrace, (millrace::logic::ErrorCode))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ClientReady))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::DispatchBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ValidateBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::EnrichBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::JudgeBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::BatchJudged))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::EncodeBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ProduceBatch))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::BatchFinished))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::BatchFailed))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::BatchSettled))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ForgetPartitions))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::TrainForest))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::UseForest))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::CountLogins))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::PublishInsight))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::Tick))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::AttachLane))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::DrainIntake))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::IntakeDrained))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::PublishNow))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::CloseOutput))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::OutputClosed))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ReportStatus))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ConsumerStatus))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ProducerStatus))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::DispatcherStatus))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::CompareNotes))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ListUnsettled))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::UnsettledBatches))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::CheckDeliveries))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::DeliveriesChecked))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::FenceLane))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::DetectorReplaced))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::PassOver))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::Heartbeat))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::HeartbeatAnswer))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::InjectFault))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ArmGate))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::OffsetsCommitted))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::PassOnFault))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::StopChildren))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::ListRecoveries))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::Recoveries))
CAF_ADD_TYPE_ID(millrace, (millrace::messages::SupervisorStatus))

CAF_END_TYPE_ID_BLOCK(millrace)

CAF_ERROR_CODE_ENUM(millrace::logic::ErrorCode)

// These hold pointers into this process and never leave it; CAF refuses to
// serialise them. What a link to another node carries gets an inspector.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ClientReady)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::DispatchBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ValidateBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::EnrichBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::JudgeBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::BatchJudged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::EncodeBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ProduceBatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::BatchFinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::BatchFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::BatchSettled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ForgetPartitions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::TrainForest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::UseForest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::CountLogins)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::PublishInsight)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::AttachLane)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::DrainIntake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::IntakeDrained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::PublishNow)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::CloseOutput)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::OutputClosed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ReportStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ConsumerStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ProducerStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::DispatcherStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::CompareNotes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ListUnsettled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::UnsettledBatches)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::CheckDeliveries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::DeliveriesChecked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::FenceLane)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::DetectorReplaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::PassOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::Heartbeat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::HeartbeatAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::InjectFault)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ArmGate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::OffsetsCommitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::PassOnFault)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::StopChildren)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::ListRecoveries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::Recoveries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::messages::SupervisorStatus)

namespace millrace::messages {

/// Registers all types with CAF. Once, before any actor system or its
/// configuration exists.
void init_meta_objects();

/// The logic's error as CAF carries it, text included.
caf::error to_caf_error(const logic::Error& error);

} // namespace millrace::messages
