#pragma once

#include "logic/detection/model.hpp"
#include "logic/detection/shard_owners.hpp"
#include "logic/recovery/dispatch_plan.hpp"

#include <cstdint>
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

/// State keeper to judgement router: these are the shards that this node owns,
/// or owned last and answers for until the next owner is there; replaces what
/// it said before. Answered by `ShardsOutdone`.
struct OwnShards {
  std::vector<logic::detection::OwnedShard> shards;
};

struct ShardsOutdone {
  std::vector<std::uint32_t> shards; ///< that a peer owns by now
  bool linked = false; ///< there is a peer that may come to own some
};

} // namespace millrace::messages
