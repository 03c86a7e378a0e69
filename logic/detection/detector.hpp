#pragma once

#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/features.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/sample_reservoir.hpp"
#include "logic/detection/user_rules.hpp"
#include "logic/detection/user_state.hpp"
#include "logic/records/enriched_batch.hpp"
#include "logic/records/judgement.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::logic::detection {

/// What a shard has done so far; for metrics.
struct DetectorCounts {
  std::size_t users = 0; ///< remembered now
  std::uint64_t evictions = 0; ///< users forgotten to make room
  std::uint64_t judged = 0;
  std::uint64_t repeated = 0; ///< judged without changing the state
  std::uint64_t anomalous = 0;
  std::array<std::uint64_t, rule_count> fired{}; ///< by `Rule`
};

/// Judges the logins of the users of one shard: keeps a bounded state per
/// user, applies the rules to it, and asks the isolation forest about the
/// features of each event. All times are event times; the result depends on
/// nothing but configuration, model and the batches in order. Not
/// thread-safe: one owner.
class Detector {
public:
  /// So many events only fill the rarity counts: what they look like is not
  /// what the stream looks like, and no sample holds them.
  static constexpr std::uint64_t warm_up_events = 64;

  Detector(const DetectionConfig& config, std::uint32_t shard,
           std::uint32_t shard_count);

  /// Scores with this model from now on; null stops scoring. The model must
  /// have `feature_count` features (asserted; see `fits_events`).
  void use_forest(ModelPtr model);
  const ModelPtr& forest() const noexcept { return model_; }

  /// Judgements on those events whose user belongs to this shard, in order.
  /// Records that were applied before (a re-delivery) are judged as they
  /// stand, without changing any state.
  ShardJudgements judge(const EnrichedBatch& batch);

  /// Rows sampled evenly from those judged since the last call, row after
  /// row, `feature_count` wide. Starts a new sample.
  std::vector<float> take_samples();
  /// Rows that `take_samples` would return.
  std::size_t samples() const noexcept { return reservoir_.size(); }
  /// Rows offered to the sample since the last `take_samples`.
  std::uint64_t sampled_from() const noexcept { return reservoir_.offered(); }

  DetectorCounts counts() const noexcept;

  /// Forgets which offsets of a partition, or of all, changed the state: they
  /// stand for other records from now on.
  void forget_offsets(std::optional<PartitionId> partition) {
    applied_.forget(partition);
  }

private:
  void select(const EnrichedBatch& batch, ShardJudgements& out) const;
  void observe(const EnrichedBatch& batch, std::uint32_t event_index,
               std::size_t place, bool repeated);
  void ask_forest(ShardJudgements& out);
  void conclude(ShardJudgements& out);
  float rarity_bits(const LoginEvent& event, const Origin& origin,
                    bool repeated) noexcept;
  bool is_placeholder(std::uint64_t user_hash) const noexcept;
  float threshold() const noexcept;

  std::uint32_t shard_;
  std::uint32_t shard_count_;
  bool enabled_;
  float fixed_threshold_; ///< 0: the model's
  std::uint8_t asked_rules_; ///< bit `1 << Rule`
  RuleLimits limits_;
  std::vector<std::uint64_t> placeholders_; ///< hashes
  ModelPtr model_;
  UserTable users_;
  AppliedOffsets applied_;
  SampleReservoir reservoir_;
  std::array<RarityCounter, 4> rarity_;
  DetectorCounts counts_;
  std::uint64_t counted_events_ = 0; ///< not the repeated ones
  // Of the batch at hand, one for each of its events here; kept for reuse.
  std::vector<FeatureRow> rows_;
  std::vector<Findings> findings_;
  std::vector<float> scores_;
};

/// Whether the model was fitted on the features of login events.
bool fits_events(const Model& model);

} // namespace millrace::logic::detection
