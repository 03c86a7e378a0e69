#pragma once

#include "logic/detection/model.hpp"
#include "logic/detection/shard_owners.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include <memory>
#include <vector>

/// Models for the detectors, and what the judgement router needs to know of
/// batches that it does not see.
namespace millrace::messages {

/// Detector to trainer: feature rows sampled from the stream, row after row.
struct TrainForest {
  std::shared_ptr<const std::vector<float>> rows;
};

/// Trainer, or whoever loaded a model file, to detectors.
struct UseForest {
  logic::detection::ModelPtr model;
};

/// Dispatcher to judgement router: do not wait for what lies before that place.
struct AdvanceSequence {
  logic::SequenceAdvance advance;
};

/// State keeper to judgement router: these are the shards that this node owns;
/// replaces what it said before.
struct OwnShards {
  std::vector<logic::detection::OwnedShard> shards;
};

} // namespace millrace::messages
