#pragma once

#include "messages/messages.hpp"
#include "messages/type_ids.hpp"

#include <caf/typed_actor.hpp>

/// What each actor understands. The way of a batch reads from top to bottom.
namespace millrace::actors {

/// Owns the Kafka consumer: reads while there is credit, commits, gives
/// partitions back.
using ConsumerActor = caf::typed_actor<
  caf::result<void>(messages::ClientReady),
  caf::result<void>(messages::BatchSettled), caf::result<void>(messages::Tick),
  caf::result<messages::IntakeDrained>(messages::DrainIntake),
  caf::result<messages::ConsumerStatus>(messages::ReportStatus)>;

/// Keeps raw batches until they are finished and deals them to lanes.
using DispatcherActor = caf::typed_actor<
  caf::result<void>(messages::AttachLane),
  caf::result<void>(messages::DispatchBatch),
  caf::result<void>(messages::BatchFinished),
  caf::result<void>(messages::BatchFailed),
  caf::result<void>(messages::ForgetPartitions),
  caf::result<messages::DispatcherStatus>(messages::ReportStatus)>;

/// First of a lane: bytes to events and rejections.
using ValidatorActor
  = caf::typed_actor<caf::result<void>(messages::ValidateBatch)>;

/// Adds address class, place, watch list; asks the detectors; counts.
using EnricherActor = caf::typed_actor<caf::result<void>(messages::EnrichBatch),
                                       caf::result<void>(messages::Tick)>;

/// Judges the events of one shard of the users.
using AnomalyDetectorActor
  = caf::typed_actor<caf::result<messages::BatchJudged>(messages::JudgeBatch),
                     caf::result<void>(messages::UseForest),
                     caf::result<void>(messages::ForgetPartitions)>;

/// Fits the forest from sampled rows.
using TrainerActor = caf::typed_actor<caf::result<void>(messages::TrainForest)>;

/// Last of a lane: writes the output bytes.
using EncoderActor = caf::typed_actor<caf::result<void>(messages::EncodeBatch)>;

/// Owns the Kafka producer: restores order, sends, retries, buries.
using ProducerActor = caf::typed_actor<
  caf::result<void>(messages::ClientReady),
  caf::result<void>(messages::ProduceBatch),
  caf::result<void>(messages::PublishInsight),
  caf::result<void>(messages::ForgetPartitions),
  caf::result<void>(messages::Tick),
  caf::result<messages::OutputClosed>(messages::CloseOutput),
  caf::result<messages::ProducerStatus>(messages::ReportStatus)>;

/// Merges the lanes' counts and publishes them.
using InsightsActor = caf::typed_actor<caf::result<void>(messages::CountLogins),
                                       caf::result<void>(messages::PublishNow),
                                       caf::result<void>(messages::Tick)>;

/// Does one thing again and again on a thread of its own.
using BackgroundActor = caf::typed_actor<caf::result<void>(messages::Tick)>;

/// Sees when another actor dies.
using GuardActor = caf::typed_actor<caf::result<void>(messages::GuardActors)>;

} // namespace millrace::actors
