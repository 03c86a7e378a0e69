#pragma once

#include "actors/telemetry/top_counters.hpp"
#include "logic/core/ids.hpp"
#include "logic/core/result.hpp"
#include "logic/enrichment/insight_tally.hpp"
#include "logic/links/refusal.hpp"
#include "logic/records/client_event.hpp"
#include "logic/records/judgement.hpp"
#include "logic/records/output_members.hpp"
#include "logic/records/reason.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Every metric name of the node, in one place; docs/metrics.md explains
/// them. Series are resolved once: an actor asks for its handles when it
/// starts and then only increments. All handles live as long as `Metrics`,
/// and all operations may be called from any thread.
namespace millrace::actors {

/// How an input record ended: delivered to the output, or dead letter.
enum class Outcome : std::uint8_t { success, failure };
enum class CommitOutcome : std::uint8_t { success, failure, fenced };
enum class TransactionOutcome : std::uint8_t { committed, aborted, lost };
/// Which client another node's has put out.
enum class FencedClient : std::uint8_t { consumer, producer };
enum class RebalanceKind : std::uint8_t { assigned, revoked, lost };

/// Of credit in bytes: what a stage grants, what of it is used, and what waits
/// for some.
enum class CreditState : std::uint8_t { granted, used, waiting };

/// The values as label texts, equal to the enumerators' names.
std::string_view to_string(Outcome outcome) noexcept;
std::string_view to_string(CommitOutcome outcome) noexcept;
std::string_view to_string(TransactionOutcome outcome) noexcept;
std::string_view to_string(FencedClient client) noexcept;
std::string_view to_string(RebalanceKind kind) noexcept;
std::string_view to_string(CreditState state) noexcept;

/// One series for each value of an enum, indexed by it.
template <class Enum, std::size_t Count>
class CounterTable {
public:
  prometheus::Counter& operator[](Enum value) const {
    return *counters_[static_cast<std::size_t>(value)];
  }
  void set(Enum value, prometheus::Counter& counter) {
    counters_[static_cast<std::size_t>(value)] = &counter;
  }

private:
  std::array<prometheus::Counter*, Count> counters_{};
};

/// A histogram that takes one value for many records at the cost of one.
class WeightedHistogram {
public:
  WeightedHistogram(prometheus::Histogram& histogram,
                    std::vector<double> bounds);

  void observe(double seconds, std::uint64_t records);

private:
  prometheus::Histogram& histogram_;
  std::vector<double> bounds_;
  std::mutex mutex_;
  std::vector<double> increments_; ///< all zero between two calls
};

/// Gauges of the partitions that are assigned to this node.
class PartitionLags {
public:
  using Family = prometheus::Family<prometheus::Gauge>;

  explicit PartitionLags(Family& family) : family_(family) {}

  void set(const std::string& topic, logic::PartitionId partition,
           std::int64_t records);
  /// The partition was revoked: its series must not stay at its last value.
  void remove(const std::string& topic, logic::PartitionId partition);
  void clear();

private:
  using Key = std::pair<std::string, logic::PartitionId>;
  Family& family_;
  std::mutex mutex_;
  std::map<Key, prometheus::Gauge*> gauges_;
};

/// A gauge for each node that is linked.
class PeerGauges {
public:
  using Family = prometheus::Family<prometheus::Gauge>;

  explicit PeerGauges(Family& family) : family_(family) {}

  void set(const std::string& peer, double value);
  /// The link is gone: its series must not stay at its last value.
  void remove(const std::string& peer);

private:
  Family& family_;
  std::mutex mutex_;
  std::map<std::string, prometheus::Gauge*> gauges_;
};

class Metrics {
public:
  using Counter = prometheus::Counter;
  using Gauge = prometheus::Gauge;

  /// Values of a dimension that have a series of their own.
  static constexpr std::size_t shown_values = 30;

  explicit Metrics(const std::shared_ptr<prometheus::Registry>& owner);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Counts `records` that ended now, and how long they took from being read
  /// to being settled.
  void processed(Outcome outcome, std::uint64_t records, double seconds);

  // Handles whose label comes from the topology or the configuration:
  // resolve them when the actor starts. Equal labels give the same series.
  Gauge& credit_bytes(std::string_view stage, CreditState state);
  Counter& limit_reached(std::string_view limit);

  /// Counts events whose own member of that name was replaced. True the
  /// first time that there are any, for whoever tells of it once.
  bool count_replaced(logic::OutputMember member, std::uint64_t events);

  /// For faults, which are rare: looks up by name.
  void count_error(std::string_view component, logic::ErrorCode code);

  /// Records that came back undelivered; `error` is the client's name for it.
  void count_delivery_failures(std::string_view destination,
                               std::string_view error, std::uint64_t records);

  /// A topic that was deleted and created again, which is rarer still.
  void count_recreated(std::string_view topic);

  /// Restarts are rare too. `actor` is the kind, without the number.
  void count_restart(std::string_view actor, std::string_view reason);

  /// Shows a `logic::CircuitState` as its number.
  Gauge& circuit_state(std::string_view circuit);

  /// Sets `millrace_build_info{version,commit}` to 1. Once.
  void set_build(std::string_view version, std::string_view commit);

  /// Shows one model as the one in use, others no longer; empty: none.
  void set_model(std::string_view model_id);

  TopCounters& logins(logic::InsightDimension dimension) {
    return *logins_[static_cast<std::size_t>(dimension)];
  }

  // Consumption
  Counter& records_consumed;
  Counter& bytes_consumed;
  PartitionLags lag;
  Gauge& assigned_partitions;
  Gauge& stalled_partitions;
  CounterTable<CommitOutcome, 3> commits;
  CounterTable<TransactionOutcome, 3> transactions;
  CounterTable<FencedClient, 2> fenced;
  CounterTable<RebalanceKind, 3> rebalances;
  CounterTable<logic::PositionFault, logic::position_fault_count>
    records_skipped;

  // Flow
  Gauge& budget_bytes;
  Gauge& rate_limit;
  Counter& rate_limited_seconds;
  Gauge& batches_in_flight;
  Gauge& bytes_in_flight;
  Counter& redispatches;
  Counter& poison_records;

  // Delivery
  Counter& delivery_retries;
  Counter& bytes_produced;
  Counter& dead_letter_references;
  Counter& replaced_timestamps;
  Gauge& pinned_partitions;
  CounterTable<logic::Reason, logic::reason_count> dead_letters;

  // Enrichment
  Counter& geo_hits;
  Counter& geo_misses;
  Counter& geo_reloads_succeeded;
  Counter& geo_reloads_failed;
  Counter& watch_list_hits;
  Counter& insights_published;

  // Detection
  CounterTable<logic::Rule, logic::rule_count> anomalies;
  CounterTable<logic::Rule, logic::rule_count> low_findings;
  Counter& events_unjudged;
  Gauge& detection_blind;
  Counter& events_judged_elsewhere;
  Counter& events_judged_for_others;
  Counter& peers_late;
  Gauge& judgements_asked_bytes;
  Gauge& judgements_owed_bytes;
  Gauge& detector_users;
  Counter& detector_users_evicted;
  Gauge& detector_addresses;
  Counter& detector_addresses_evicted;
  Gauge& quiet_networks;
  Counter& quiet_reloads_succeeded;
  Counter& quiet_reloads_failed;
  Counter& model_fits_succeeded;
  Counter& model_fits_failed;

  // Links
  Gauge& links;
  PeerGauges link_round_trips;
  PeerGauges link_credit;
  CounterTable<logic::links::RefusalReason, logic::links::refusal_count>
    link_refusals;

  // Workers
  Gauge& workers;
  Counter& worker_records;
  Gauge& hosted_batches;
  Counter& hosted_records;
  Counter& worker_messages_ignored;

  // History
  Gauge& state_shards;
  Gauge& state_age;
  Gauge& state_lost_seconds;
  Counter& state_bytes_saved;
  Counter& snapshots_saved;
  Counter& snapshots_failed;
  Counter& state_records_refused;
  Counter& state_pages_dropped;

  // Supervision
  prometheus::Histogram& time_to_recover;

private:
  Metrics(const std::shared_ptr<prometheus::Registry>& owner,
          prometheus::Registry& registry);

  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<Gauge>& credit_family_;
  prometheus::Family<Gauge>& build_family_;
  prometheus::Family<Gauge>& model_family_;
  prometheus::Family<Counter>& limit_family_;
  prometheus::Family<Counter>& error_family_;
  prometheus::Family<Counter>& delivery_failure_family_;
  prometheus::Family<Counter>& recreation_family_;
  prometheus::Family<Counter>& restart_family_;
  prometheus::Family<Gauge>& breaker_family_;

  CounterTable<Outcome, 2> processed_;
  WeightedHistogram success_duration_;
  WeightedHistogram failure_duration_;
  std::array<std::unique_ptr<TopCounters>, logic::insight_dimension_count>
    logins_;
  CounterTable<logic::OutputMember, logic::output_member_count> replaced_;
  std::array<std::atomic<bool>, logic::output_member_count> told_of_replaced_{};
  std::mutex model_mutex_;
  Gauge* model_ = nullptr;
};

} // namespace millrace::actors
