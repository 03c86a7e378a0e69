#pragma once

#include "logic/detection/address_rules.hpp"
#include "logic/detection/detection_config.hpp"
#include "logic/detection/features.hpp"
#include "logic/detection/login_rows.hpp"
#include "logic/detection/model.hpp"
#include "logic/detection/sample_reservoir.hpp"
#include "logic/detection/shard_state.hpp"
#include "logic/detection/user_rules.hpp"
#include "logic/records/judgement.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace millrace::logic::detection {

/// What a detector has done so far; for metrics.
struct DetectorCounts {
  std::size_t users = 0; ///< remembered now
  std::uint64_t evictions = 0; ///< users forgotten to make room
  std::size_t addresses = 0; ///< remembered now
  std::uint64_t address_evictions = 0; ///< forgotten to make room
  std::uint64_t judged = 0;
  std::uint64_t unjudged = 0; ///< their shard was not here
  std::uint64_t repeated = 0; ///< judged without changing the state
  std::uint64_t anomalous = 0;
  /// By `Rule`, those of low severity apart.
  std::array<std::uint64_t, rule_count> fired{};
  std::array<std::uint64_t, rule_count> low{};
};

/// Judges the logins of users, and those from addresses, of the shards that it
/// hosts: applies the rules to what is known of them, and asks the isolation
/// forest about the features of each event. All times are event times; the
/// result depends on nothing but configuration, model, state and the rows in
/// order. Not thread-safe: one owner.
class Detector {
public:
  /// So many events only fill the rarity counts: what they look like is not
  /// what the stream looks like, and no sample holds them.
  static constexpr std::uint64_t warm_up_events = 64;

  /// The one of that number of those that share the node's shards; it hosts
  /// none yet.
  Detector(const DetectionConfig& config, std::uint32_t number,
           std::uint32_t detector_count);

  /// Which detector of a node hosts that shard when the node owns it.
  static std::uint32_t host_of(std::uint32_t shard,
                               std::uint32_t detector_count) noexcept {
    return shard % detector_count;
  }

  /// A shard of which nothing is known yet.
  std::unique_ptr<ShardState> new_state() const;
  /// Takes over what is known of a shard, in place of what it knows.
  void host(std::uint32_t shard, std::unique_ptr<ShardState> state);
  /// Hosts all shards that this one may host, with nothing known.
  void host_all();
  /// Gives it up with all that is known; null where it does not host it.
  std::unique_ptr<ShardState> give_up(std::uint32_t shard);
  /// Null where it does not host it.
  ShardState* state(std::uint32_t shard) noexcept {
    return states_[shard].get();
  }

  /// Scores with this model from now on; null stops scoring. The model must
  /// have `feature_count` features (asserted; see `fits_events`).
  void use_forest(ModelPtr model);
  const ModelPtr& forest() const noexcept { return model_; }

  /// Judgements on the events whose user belongs to one of those shards, as
  /// far as this is the detector that may host it, and findings on those whose
  /// address does. What belongs to a shard that is not here is not judged and
  /// says so. Records that were applied before (a re-delivery) are judged as
  /// they stand, without changing any state. The rows must be for as many
  /// shards as are configured (asserted).
  ShardJudgements judge(const LoginRows& rows, const ShardSet& shards);
  /// Of all shards.
  ShardJudgements judge(const LoginRows& rows) {
    return judge(rows, ShardSet{}.set());
  }

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
  void forget_offsets(std::optional<PartitionId> partition);

private:
  /// A row of the batch at hand, and what is known of its shard.
  template <class Row>
  struct Known {
    const Row* row = nullptr;
    ShardState* state = nullptr;
    bool repeated = false;
  };

  void select(const LoginRows& rows, const ShardSet& shards,
              ShardJudgements& out);
  template <class Row>
  static void add(std::span<const Row> rows, ShardState& state,
                  const AppliedOffsets::Partition& applied, bool all_new,
                  std::vector<Known<Row>>& to);
  void observe_users();
  void observe(const Known<LoginRow>& known, std::size_t place);
  void observe_addresses(ShardJudgements& out);
  void observe_address(const Known<AddressRow>& known, ShardJudgements& out);
  void ask_forest(ShardJudgements& out);
  void conclude(ShardJudgements& out);
  void tell(const LoginRow& row, const Findings& findings,
            const Judgement& judgement, ShardJudgements& out) const;
  void count(const Judgement& judgement) noexcept;
  float rarity_bits(const LoginRow& row, bool repeated) noexcept;
  float threshold() const noexcept;

  std::uint32_t number_;
  std::uint32_t detector_count_;
  std::size_t users_per_shard_;
  std::size_t addresses_per_shard_;
  float fixed_threshold_; ///< 0: the model's
  RuleBits asked_rules_;
  RuleLimits limits_;
  AddressLimits address_limits_;
  ModelPtr model_;
  std::vector<std::unique_ptr<ShardState>> states_; ///< by shard
  SampleReservoir reservoir_;
  std::array<RarityCounter, 4> rarity_;
  DetectorCounts counts_;
  std::uint64_t counted_events_ = 0; ///< not the repeated ones
  // Of the batch at hand; kept for reuse.
  std::vector<Known<LoginRow>> users_;
  std::vector<Known<AddressRow>> addresses_;
  // One for each of `users_`.
  std::vector<FeatureRow> rows_;
  std::vector<Findings> findings_;
  std::vector<float> scores_;
};

/// Whether the model was fitted on the features of login events.
bool fits_events(const Model& model);

} // namespace millrace::logic::detection
