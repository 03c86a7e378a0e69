#pragma once

#include "logic/detection/address_rules.hpp"
#include "logic/detection/applied_offsets.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/features.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/placeholder_users.hpp"
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
  std::size_t addresses = 0; ///< remembered now
  std::uint64_t address_evictions = 0; ///< forgotten to make room
  std::uint64_t judged = 0;
  std::uint64_t repeated = 0; ///< judged without changing the state
  std::uint64_t anomalous = 0;
  /// By `Rule`, those of low severity apart.
  std::array<std::uint64_t, rule_count> fired{};
  std::array<std::uint64_t, rule_count> low{};
};

/// Judges the logins of the users of one shard, and those from the addresses
/// of the same shard: keeps a bounded state per user and per address, applies
/// the rules to it, and asks the isolation forest about the features of each
/// event. All times are event times; the result depends on
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

  /// Judgements on those events whose user belongs to this shard, in order,
  /// and findings on those whose address does.
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
  void select(const EnrichedBatch& batch, ShardJudgements& out);
  template <class IsRepeated>
  void observe_users(const EnrichedBatch& batch, const ShardJudgements& out,
                     const IsRepeated& is_repeated);
  template <class IsRepeated>
  void observe_addresses(const EnrichedBatch& batch, ShardJudgements& out,
                         const IsRepeated& is_repeated);
  void observe_address(const EnrichedBatch& batch, std::uint32_t event_index,
                       bool repeated, ShardJudgements& out);
  void observe(const EnrichedBatch& batch, std::uint32_t event_index,
               std::size_t place, bool repeated);
  void ask_forest(ShardJudgements& out);
  void conclude(const EnrichedBatch& batch, ShardJudgements& out);
  void tell(const Login& login, std::uint32_t event_index,
            const Findings& findings, const Judgement& judgement,
            ShardJudgements& out) const;
  void count(const Judgement& judgement) noexcept;
  float rarity_bits(const LoginEvent& event, const Origin& origin,
                    bool repeated) noexcept;
  float threshold() const noexcept;

  std::uint32_t shard_;
  std::uint32_t shard_count_;
  bool enabled_;
  float fixed_threshold_; ///< 0: the model's
  RuleBits asked_rules_;
  RuleLimits limits_;
  AddressLimits address_limits_;
  PlaceholderUsers placeholders_;
  ModelPtr model_;
  UserTable users_;
  AddressTable addresses_;
  AppliedOffsets applied_;
  SampleReservoir reservoir_;
  std::array<RarityCounter, 4> rarity_;
  DetectorCounts counts_;
  std::uint64_t counted_events_ = 0; ///< not the repeated ones
  // Of the batch at hand, one for each of its events here; kept for reuse.
  std::vector<FeatureRow> rows_;
  std::vector<Findings> findings_;
  std::vector<float> scores_;
  std::vector<std::uint32_t> address_events_; ///< whose address is here
};

/// Whether the model was fitted on the features of login events.
bool fits_events(const Model& model);

} // namespace millrace::logic::detection
