#pragma once

#include "logic/core/actor_table.hpp"
#include "messages/supervision.hpp"
#include "messages/type_ids.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/typed_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>

/// What each actor understands. The way of a batch reads from top to bottom.
namespace millrace::actors {

/// What every actor in the supervision tree understands besides its own work.
template <class... Signatures>
using Supervised = caf::typed_actor<
  Signatures..., caf::result<messages::HeartbeatAnswer>(messages::Heartbeat),
  caf::result<void>(messages::InjectFault)>;

/// Owns the Kafka consumer: reads while there is credit, commits, gives
/// partitions back.
using ConsumerActor = Supervised<
  caf::result<void>(messages::ClientReady),
  caf::result<void>(messages::BatchAcknowledged),
  caf::result<void>(messages::ListUnacknowledged),
  caf::result<void>(messages::OffsetsCommitted),
  caf::result<void>(messages::CommitsLost), caf::result<void>(messages::Tick),
  caf::result<messages::IntakeDrained>(messages::DrainIntake),
  caf::result<messages::ConsumerStatus>(messages::ReportStatus)>;

/// Keeps raw batches until they are finished and deals them to lanes.
using DispatcherActor
  = Supervised<caf::result<void>(messages::AttachLane),
               caf::result<void>(messages::DetachLane),
               caf::result<void>(messages::DispatchBatch),
               caf::result<void>(messages::BatchAwaitsTurn),
               caf::result<void>(messages::BatchTakesTurn),
               caf::result<void>(messages::BatchLeftLane),
               caf::result<void>(messages::BatchFinished),
               caf::result<void>(messages::BatchPartlyFinished),
               caf::result<void>(messages::BatchFailed),
               caf::result<void>(messages::ForgetPartitions),
               caf::result<void>(messages::OffsetsCommitted),
               caf::result<void>(messages::Reconcile),
               caf::result<void>(messages::UnacknowledgedBatches),
               caf::result<void>(messages::DeliveriesChecked),
               caf::result<messages::DispatcherStatus>(messages::ReportStatus)>;

/// First of a lane: bytes to events and rejections.
using ValidatorActor = Supervised<caf::result<void>(messages::ValidateBatch)>;

/// Adds address class, place, watch list; has events judged; counts.
using EnricherActor = Supervised<caf::result<void>(messages::EnrichBatch),
                                 caf::result<void>(messages::RouterReplaced),
                                 caf::result<void>(messages::FlushCounts),
                                 caf::result<void>(messages::Tick)>;

/// Restores order, has the rows of a batch judged by whoever knows their
/// users, on this node or another, and gathers the answers.
using JudgementRouterActor = Supervised<
  caf::result<messages::BatchJudged>(messages::JudgeBatch),
  caf::result<void>(messages::AdvanceSequence),
  caf::result<void>(messages::ForgetPartitions),
  caf::result<void>(messages::DetectorReplaced),
  caf::result<messages::ShardsOutdone>(messages::OwnShards),
  caf::result<messages::wire::JudgeAnswer>(messages::wire::JudgeRequest),
  caf::result<void>(messages::LinkUp), caf::result<void>(messages::LinkDown),
  caf::result<void>(messages::PeerOwners),
  caf::result<void>(messages::PeerCredit), caf::result<void>(messages::Tick),
  caf::result<messages::JudgementsStatus>(messages::ReportStatus)>;

/// Owns the store of what is known of users and addresses: has detectors host
/// the shards that it assigns, and saves what changes.
using StateKeeperActor = Supervised<
  caf::result<void>(messages::ClientReady),
  caf::result<void>(messages::ShardHosted),
  caf::result<void>(messages::ShardSnapshot),
  caf::result<void>(messages::DetectorReplaced),
  caf::result<void>(messages::ShardsOutdone), caf::result<void>(messages::Tick),
  caf::result<messages::StateClosed>(messages::CloseState)>;

/// Judges the logins of the users of its shards.
using AnomalyDetectorActor
  = Supervised<caf::result<messages::RowsJudged>(messages::JudgeRows),
               caf::result<void>(messages::UseForest),
               caf::result<void>(messages::ForgetPartitions),
               caf::result<void>(messages::HostShard),
               caf::result<void>(messages::SaveShard),
               caf::result<void>(messages::SettleSnapshot),
               caf::result<void>(messages::GiveUpShard)>;

/// Fits the forest from sampled rows.
using TrainerActor = Supervised<caf::result<void>(messages::TrainForest)>;

/// Last of a lane: writes the output bytes.
using EncoderActor = Supervised<caf::result<void>(messages::EncodeBatch)>;

/// Owns the Kafka producer: restores order, sends, retries, dead-letters.
using ProducerActor
  = Supervised<caf::result<void>(messages::ClientReady),
               caf::result<void>(messages::ProduceBatch),
               caf::result<void>(messages::FenceLane),
               caf::result<void>(messages::CheckDeliveries),
               caf::result<void>(messages::PublishInsight),
               caf::result<void>(messages::GroupJoined),
               caf::result<void>(messages::CommitOffsets),
               caf::result<void>(messages::ForgetPartitions),
               caf::result<void>(messages::Tick),
               caf::result<messages::OutputClosed>(messages::CloseOutput),
               caf::result<messages::ProducerStatus>(messages::ReportStatus)>;

/// Merges the lanes' counts and publishes them.
using InsightsActor = Supervised<caf::result<void>(messages::CountLogins),
                                 caf::result<void>(messages::PublishNow),
                                 caf::result<void>(messages::Tick)>;

/// Keeps the links to the other nodes of the group.
using LinksActor = Supervised<
  caf::result<void>(messages::AnnounceOwners),
  caf::result<void>(messages::ListPeers),
  caf::result<void>(messages::TargetsFound),
  caf::result<void>(messages::DialEnded),
  caf::result<void>(messages::ConnectionRefused),
  caf::result<void>(messages::HelloReceived),
  caf::result<void>(messages::LinkAnswered),
  caf::result<void>(messages::LinkRefused),
  caf::result<void>(messages::OwnersHeard),
  caf::result<void>(messages::CreditHeard), caf::result<void>(messages::Tick),
  caf::result<messages::LinksStatus>(messages::ReportStatus)>;

/// Has workers do what lanes do: the first stage of lanes that are elsewhere.
using RemoteLanesActor = Supervised<
  caf::result<void>(messages::ValidateBatch),
  caf::result<void>(messages::wire::LaneWindow),
  caf::result<void>(messages::wire::LaneQuestion),
  caf::result<void>(messages::wire::LaneResult),
  caf::result<void>(messages::wire::LaneFailed),
  caf::result<void>(messages::wire::LaneInsight),
  caf::result<void>(messages::LinkUp), caf::result<void>(messages::LinkDown),
  caf::result<void>(messages::PeerOwners),
  caf::result<void>(messages::RouterReplaced),
  caf::result<void>(messages::RepeatLanes),
  caf::result<messages::RemoteLanesStatus>(messages::ReportStatus)>;

/// Of a worker: stands where the lanes of other nodes have a dispatcher, a
/// judgement router and a producer, and speaks with the nodes that have these.
using LaneHostActor = Supervised<
  caf::result<void>(messages::wire::LaneOpen),
  caf::result<void>(messages::wire::LaneWork),
  caf::result<void>(messages::wire::LaneAnswer),
  caf::result<void>(messages::wire::LaneDrop),
  caf::result<messages::BatchJudged>(messages::JudgeBatch),
  caf::result<void>(messages::ProduceBatch),
  caf::result<void>(messages::BatchFailed),
  caf::result<void>(messages::BatchLeftLane),
  caf::result<void>(messages::PublishInsight),
  caf::result<void>(messages::AttachLane), caf::result<void>(messages::LinkUp),
  caf::result<void>(messages::LinkDown),
  caf::result<void>(messages::PeerOwners), caf::result<void>(messages::Tick),
  caf::result<messages::IntakeDrained>(messages::DrainIntake),
  caf::result<messages::LaneHostStatus>(messages::ReportStatus)>;

/// By `logic::ActorKind`.
using ActorHandles
  = std::tuple<ConsumerActor, DispatcherActor, ValidatorActor, EnricherActor,
               JudgementRouterActor, StateKeeperActor, AnomalyDetectorActor,
               EncoderActor, ProducerActor, InsightsActor, TrainerActor,
               LinksActor, RemoteLanesActor, LaneHostActor>;

static_assert(std::tuple_size_v<ActorHandles> == logic::actor_kind_count,
              "each kind of actor has an interface");

template <logic::ActorKind kind>
using ActorOf
  = std::tuple_element_t<static_cast<std::size_t>(kind), ActorHandles>;

/// Starts all others and starts them anew when they fail.
using SupervisorActor = caf::typed_actor<
  caf::result<void>(messages::Tick), caf::result<void>(messages::StopChildren),
  caf::result<std::uint32_t>(messages::PassOnFault),
  caf::result<messages::SupervisorStatus>(messages::ReportStatus),
  caf::result<messages::Recoveries>(messages::ListRecoveries)>;

/// Does one thing again and again on a thread of its own.
using BackgroundActor = Supervised<caf::result<void>(messages::Tick)>;

} // namespace millrace::actors
