#include "actors/telemetry/metrics.hpp"

#include "actors/telemetry/metric_definitions.hpp"

#include <algorithm>

namespace millrace::actors {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

using namespace definitions;

/// Seconds; 1-2-5 steps, since alerts and objectives are round numbers.
const std::vector<double> duration_bounds{
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
  0.1,    0.2,    0.5,    1.0,   2.0,   5.0,   10.0, 20.0, 30.0};

Family<Counter>& counters(Registry& registry, const Definition& definition) {
  return prometheus::BuildCounter()
    .Name(definition.name)
    .Help(definition.help)
    .Register(registry);
}

Family<Gauge>& gauges(Registry& registry, const Definition& definition) {
  return prometheus::BuildGauge()
    .Name(definition.name)
    .Help(definition.help)
    .Register(registry);
}

Counter& counter(Registry& registry, const Definition& definition,
                 const prometheus::Labels& labels = {}) {
  return counters(registry, definition).Add(labels);
}

Gauge& gauge(Registry& registry, const Definition& definition) {
  return gauges(registry, definition).Add({});
}

Histogram& durations(Registry& registry, Outcome outcome) {
  return prometheus::BuildHistogram()
    .Name(duration.name)
    .Help(duration.help)
    .Register(registry)
    .Add({{"result", std::string{to_string(outcome)}}}, duration_bounds);
}

/// One series for each value, from the start: a rate needs a first zero.
template <class Enum, std::size_t Count>
CounterTable<Enum, Count> table(Registry& registry,
                                const Definition& definition,
                                const std::string& label) {
  auto& family = counters(registry, definition);
  CounterTable<Enum, Count> result;
  for (std::size_t i = 0; i < Count; ++i) {
    const auto value = static_cast<Enum>(i);
    result.set(value, family.Add({{label, std::string{to_string(value)}}}));
  }
  return result;
}

} // namespace

std::string_view to_string(Outcome outcome) noexcept {
  return outcome == Outcome::success ? "success" : "failure";
}

std::string_view to_string(CreditState state) noexcept {
  switch (state) {
    case CreditState::granted:
      return "granted";
    case CreditState::used:
      return "used";
    case CreditState::waiting:
      return "waiting";
  }
  return "unknown";
}

std::string_view to_string(CommitOutcome outcome) noexcept {
  switch (outcome) {
    case CommitOutcome::success:
      return "success";
    case CommitOutcome::failure:
      return "failure";
    case CommitOutcome::fenced:
      return "fenced";
  }
  return "unknown";
}

std::string_view to_string(TransactionOutcome outcome) noexcept {
  switch (outcome) {
    case TransactionOutcome::committed:
      return "committed";
    case TransactionOutcome::aborted:
      return "aborted";
    case TransactionOutcome::lost:
      return "lost";
  }
  return "unknown";
}

std::string_view to_string(FencedClient client) noexcept {
  switch (client) {
    case FencedClient::consumer:
      return "consumer";
    case FencedClient::producer:
      return "producer";
  }
  return "unknown";
}

std::string_view to_string(RebalanceKind kind) noexcept {
  switch (kind) {
    case RebalanceKind::assigned:
      return "assigned";
    case RebalanceKind::revoked:
      return "revoked";
    case RebalanceKind::lost:
      return "lost";
  }
  return "unknown";
}

WeightedHistogram::WeightedHistogram(Histogram& histogram,
                                     std::vector<double> bounds)
  : histogram_(histogram), bounds_(std::move(bounds)),
    increments_(bounds_.size() + 1, 0.0) {}

void WeightedHistogram::observe(double seconds, std::uint64_t records) {
  if (records == 0) {
    return;
  }
  const auto bucket = static_cast<std::size_t>(
    std::lower_bound(bounds_.begin(), bounds_.end(), seconds)
    - bounds_.begin());
  const auto weight = static_cast<double>(records);
  const std::lock_guard lock{mutex_};
  increments_[bucket] = weight;
  histogram_.ObserveMultiple(increments_, weight * seconds);
  increments_[bucket] = 0.0;
}

void PartitionLags::set(const std::string& topic, logic::PartitionId partition,
                        std::int64_t records) {
  const std::lock_guard lock{mutex_};
  auto [entry, added] = gauges_.try_emplace(Key{topic, partition}, nullptr);
  if (added) {
    entry->second = &family_.Add(
      {{"topic", topic}, {"partition", std::to_string(partition.value)}});
  }
  entry->second->Set(static_cast<double>(records));
}

void PartitionLags::remove(const std::string& topic,
                           logic::PartitionId partition) {
  const std::lock_guard lock{mutex_};
  const auto entry = gauges_.find(Key{topic, partition});
  if (entry != gauges_.end()) {
    family_.Remove(entry->second);
    gauges_.erase(entry);
  }
}

void PartitionLags::clear() {
  const std::lock_guard lock{mutex_};
  for (const auto& [key, gauge] : gauges_) {
    family_.Remove(gauge);
  }
  gauges_.clear();
}

void PeerGauges::set(const std::string& peer, double value) {
  const std::lock_guard lock{mutex_};
  auto [entry, added] = gauges_.try_emplace(peer, nullptr);
  if (added)
    entry->second = &family_.Add({{"peer", peer}});
  entry->second->Set(value);
}

void PeerGauges::remove(const std::string& peer) {
  const std::lock_guard lock{mutex_};
  if (const auto entry = gauges_.find(peer); entry != gauges_.end()) {
    family_.Remove(entry->second);
    gauges_.erase(entry);
  }
}

Metrics::Metrics(const std::shared_ptr<Registry>& owner)
  : Metrics(owner, *owner) {}

Metrics::Metrics(const std::shared_ptr<Registry>& owner, Registry& registry)
  : records_consumed(counter(registry, records_read)),
    bytes_consumed(counter(registry, bytes_read)),
    lag(gauges(registry, consumer_lag)),
    assigned_partitions(gauge(registry, assigned)),
    stalled_partitions(gauge(registry, stalled)),
    commits(table<CommitOutcome, 3>(registry, commit, "result")),
    transactions(table<TransactionOutcome, 3>(registry, transaction, "result")),
    fenced(table<FencedClient, 2>(registry, fenced_client, "client")),
    rebalances(table<RebalanceKind, 3>(registry, rebalance, "kind")),
    records_skipped(table<logic::PositionFault, logic::position_fault_count>(
      registry, skipped, "reason")),
    budget_bytes(gauge(registry, budget)), rate_limit(gauge(registry, rate)),
    rate_limited_seconds(counter(registry, rate_limited)),
    batches_in_flight(gauge(registry, batches)),
    bytes_in_flight(gauge(registry, bytes)),
    redispatches(counter(registry, redispatch)),
    poison_records(counter(registry, poison)),
    delivery_retries(counter(registry, retries)),
    bytes_produced(counter(registry, bytes_written)),
    dead_letter_references(counter(registry, reference)),
    replaced_timestamps(counter(registry, replaced_timestamp)),
    pinned_partitions(gauge(registry, pinned)),
    dead_letters(table<logic::Reason, logic::reason_count>(
      registry, dead_letter, "reason")),
    geo_hits(counter(registry, geo_lookup, {{"result", "hit"}})),
    geo_misses(counter(registry, geo_lookup, {{"result", "miss"}})),
    geo_reloads_succeeded(
      counter(registry, geo_reload, {{"result", "success"}})),
    geo_reloads_failed(counter(registry, geo_reload, {{"result", "failure"}})),
    watch_list_hits(counter(registry, watch_list)),
    insights_published(counter(registry, insights)),
    anomalies(table<logic::Rule, logic::rule_count>(registry, anomaly, "rule")),
    low_findings(
      table<logic::Rule, logic::rule_count>(registry, low_finding, "rule")),
    events_unjudged(counter(registry, unjudged)),
    detection_blind(gauge(registry, blind)),
    events_judged_elsewhere(counter(registry, elsewhere)),
    events_judged_for_others(counter(registry, for_others)),
    peers_late(counter(registry, late)),
    judgements_asked_bytes(gauge(registry, asked_bytes)),
    judgements_owed_bytes(gauge(registry, owed_bytes)),
    detector_users(gauge(registry, users)),
    detector_users_evicted(counter(registry, evicted)),
    detector_addresses(gauge(registry, addresses)),
    detector_addresses_evicted(counter(registry, addresses_evicted)),
    quiet_networks(gauge(registry, quiet)),
    quiet_reloads_succeeded(
      counter(registry, quiet_reload, {{"result", "success"}})),
    quiet_reloads_failed(
      counter(registry, quiet_reload, {{"result", "failure"}})),
    model_fits_succeeded(counter(registry, fit, {{"result", "success"}})),
    model_fits_failed(counter(registry, fit, {{"result", "failure"}})),
    links(gauge(registry, link_count)),
    link_round_trips(gauges(registry, link_round_trip)),
    link_credit(gauges(registry, link_credit_bytes)),
    link_refusals(
      table<logic::links::RefusalReason, logic::links::refusal_count>(
        registry, link_refusal, "reason")),
    workers(gauge(registry, worker_count)),
    worker_records(counter(registry, worker_record)),
    hosted_batches(gauge(registry, hosted_batch)),
    hosted_records(counter(registry, hosted_record)),
    worker_messages_ignored(counter(registry, ignored)),
    state_shards(gauge(registry, kept_shards)),
    state_age(gauge(registry, save_age)),
    state_lost_seconds(gauge(registry, state_lost)),
    state_bytes_saved(counter(registry, state_bytes)),
    snapshots_saved(counter(registry, snapshots, {{"result", "success"}})),
    snapshots_failed(counter(registry, snapshots, {{"result", "failure"}})),
    state_records_refused(counter(registry, state_refused)),
    state_pages_dropped(counter(registry, state_dropped)),
    time_to_recover(prometheus::BuildHistogram()
                      .Name(recovery.name)
                      .Help(recovery.help)
                      .Register(registry)
                      .Add({}, duration_bounds)),
    registry_(owner), credit_family_(gauges(registry, credit)),
    build_family_(gauges(registry, build)),
    model_family_(gauges(registry, model)),
    limit_family_(counters(registry, limit)),
    error_family_(counters(registry, errors)),
    delivery_failure_family_(counters(registry, delivery_failure)),
    recreation_family_(counters(registry, recreation)),
    restart_family_(counters(registry, restart)),
    breaker_family_(gauges(registry, breaker)),
    processed_(table<Outcome, 2>(registry, processed_records, "result")),
    success_duration_(durations(registry, Outcome::success), duration_bounds),
    failure_duration_(durations(registry, Outcome::failure), duration_bounds) {
  auto& replaced_family = counters(registry, replaced_member);
  for (std::size_t i = 0; i < logic::output_member_count; ++i) {
    const auto member = static_cast<logic::OutputMember>(i);
    replaced_.set(member, replaced_family.Add(
                            {{"member", std::string{logic::name_of(member)}}}));
  }
  for (std::size_t i = 0; i < logic::insight_dimension_count; ++i) {
    const auto name = std::string{
      to_string(static_cast<logic::InsightDimension>(i))};
    logins_[i] = std::make_unique<TopCounters>(counters(registry, login), name,
                                               shown_values);
  }
}

void Metrics::processed(Outcome outcome, std::uint64_t records,
                        double seconds) {
  processed_[outcome].Increment(static_cast<double>(records));
  auto& histogram = outcome == Outcome::success ? success_duration_
                                                : failure_duration_;
  histogram.observe(seconds, records);
}

Gauge& Metrics::credit_bytes(std::string_view stage, CreditState state) {
  return credit_family_.Add(
    {{"stage", std::string{stage}}, {"state", std::string{to_string(state)}}});
}

Counter& Metrics::limit_reached(std::string_view limit_name) {
  return limit_family_.Add({{"limit", std::string{limit_name}}});
}

bool Metrics::count_replaced(logic::OutputMember member, std::uint64_t events) {
  if (events == 0)
    return false;
  replaced_[member].Increment(static_cast<double>(events));
  auto& told = told_of_replaced_[static_cast<std::size_t>(member)];
  return !told.exchange(true);
}

void Metrics::count_error(std::string_view component, logic::ErrorCode code) {
  error_family_
    .Add({{"component", std::string{component}},
          {"code", std::string{logic::to_string(code)}}})
    .Increment();
}

void Metrics::count_delivery_failures(std::string_view destination,
                                      std::string_view error,
                                      std::uint64_t records) {
  delivery_failure_family_
    .Add({{"destination", std::string{destination}},
          {"error", std::string{error}}})
    .Increment(static_cast<double>(records));
}

void Metrics::count_recreated(std::string_view topic) {
  recreation_family_.Add({{"topic", std::string{topic}}}).Increment();
}

void Metrics::count_restart(std::string_view actor, std::string_view reason) {
  restart_family_
    .Add({{"actor", std::string{actor}}, {"reason", std::string{reason}}})
    .Increment();
}

Gauge& Metrics::circuit_state(std::string_view circuit) {
  return breaker_family_.Add({{"circuit", std::string{circuit}}});
}

void Metrics::set_build(std::string_view version, std::string_view commit_id) {
  build_family_
    .Add(
      {{"version", std::string{version}}, {"commit", std::string{commit_id}}})
    .Set(1);
}

void Metrics::set_model(std::string_view model_id) {
  const std::lock_guard lock{model_mutex_};
  if (model_ != nullptr) {
    model_family_.Remove(model_);
    model_ = nullptr;
  }
  if (!model_id.empty()) {
    model_ = &model_family_.Add({{"model", std::string{model_id}}});
    model_->Set(1);
  }
}

} // namespace millrace::actors
