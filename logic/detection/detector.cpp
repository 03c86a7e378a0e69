#include "logic/detection/detector.hpp"

#include "logic/detection/evidence.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>
#include <utility>

namespace millrace::logic::detection {

namespace {

constexpr auto forest_bit = bit_of(Rule::forest);

/// The gap of a user's first login, in log2 of seconds: two years.
constexpr float first_gap = 26.0F;

/// So many events ahead the cache lines of a user are asked for.
constexpr std::size_t set_lead = 24;
constexpr std::size_t row_lead = 8;

/// What a login compares to where nothing may be remembered.
const UserState nobody{};

RuleBits rule_bits(const std::vector<std::string>& names) {
  RuleBits bits = 0;
  for (std::size_t rule = 0; rule != rule_count; ++rule)
    if (std::find(names.begin(), names.end(),
                  to_string(static_cast<Rule>(rule)))
        != names.end())
      bits = static_cast<RuleBits>(bits | bit_of(static_cast<Rule>(rule)));
  return bits;
}

std::size_t share_of(std::int64_t total, std::int64_t parts) noexcept {
  return static_cast<std::size_t>((total + parts - 1) / parts);
}

/// Detectors draw different rows from equal streams.
std::uint64_t detector_seed(std::int64_t seed, std::uint32_t number) noexcept {
  return Random{static_cast<std::uint64_t>(seed) + number}.next();
}

/// log2(1 + n): large numbers tell less apart than small ones.
float damped(float number) noexcept {
  return quick_log2(1.0F + number);
}

FeatureRow features_of(const Findings& findings, std::int64_t time_ms,
                       float rarity_bits) noexcept {
  const auto phase = day_phase(time_ms);
  const auto history = damped(static_cast<float>(findings.logins));
  FeatureRow row;
  const auto set = [&row](Feature feature, float value) {
    row[static_cast<std::size_t>(feature)] = value;
  };
  set(Feature::hour_sine, phase.sine);
  set(Feature::hour_cosine, phase.cosine);
  set(Feature::gap, findings.gap_s < 0.0F ? first_gap : damped(findings.gap_s));
  set(Feature::travel, damped(findings.travel_km));
  set(Feature::burst, damped(static_cast<float>(findings.logins_in_window)));
  set(Feature::failures, damped(static_cast<float>(findings.failures)));
  set(Feature::novelty, (findings.new_device ? history : 0.0F)
                          + (findings.new_country ? history : 0.0F));
  set(Feature::rarity, rarity_bits);
  return row;
}

Finding forest_finding(float score, float threshold, Severity severity) {
  Finding told;
  told.rule = Rule::forest;
  told.severity = severity;
  told.text = "unlike most logins: score ";
  append_number(told.text, score, 3);
  told.text += ", threshold ";
  append_number(told.text, threshold, 3);
  EvidenceWriter{told.evidence}
    .number("score", score, 3)
    .number("threshold", threshold, 3);
  return told;
}

} // namespace

Detector::Detector(const DetectionConfig& config, std::uint32_t number,
                   std::uint32_t detector_count)
  : number_(number), detector_count_(detector_count),
    users_per_shard_(share_of(config.max_users, config.shards)),
    addresses_per_shard_(share_of(config.max_addresses, config.shards)),
    fixed_threshold_(static_cast<float>(config.threshold)),
    asked_rules_(rule_bits(config.rules)), limits_(config),
    address_limits_(config), states_(static_cast<std::size_t>(config.shards)),
    // A fit needs `first_fit_after` rows at hand, whatever is kept later.
    reservoir_(
      share_of(std::max(config.training_sample, config.first_fit_after),
               detector_count),
      detector_seed(config.seed, number)) {
  assert(number < detector_count);
  assert(states_.size() <= max_shards);
}

void Detector::host(std::uint32_t shard, std::unique_ptr<ShardState> state) {
  assert(host_of(shard, detector_count_) == number_);
  give_up(shard);
  // What it forgot elsewhere was counted there.
  counts_.evictions -= state->users.evictions();
  counts_.address_evictions -= state->addresses.evictions();
  states_[shard] = std::move(state);
}

void Detector::host_all() {
  for (auto shard = number_; shard < states_.size(); shard += detector_count_)
    host(shard,
         std::make_unique<ShardState>(users_per_shard_, addresses_per_shard_));
}

std::unique_ptr<ShardState> Detector::give_up(std::uint32_t shard) {
  auto& state = states_[shard];
  if (state) {
    counts_.evictions += state->users.evictions();
    counts_.address_evictions += state->addresses.evictions();
  }
  return std::move(state);
}

void Detector::use_forest(ModelPtr model) {
  assert(!model || model->forest.features == feature_count);
  model_ = std::move(model);
}

void Detector::forget_offsets(std::optional<PartitionId> partition) {
  for (auto& state : states_)
    if (state)
      state->applied.forget(partition);
}

ShardJudgements Detector::judge(const LoginRows& rows, const ShardSet& shards) {
  assert(rows.shard_count == states_.size());
  ShardJudgements out;
  select(rows, shards, out);
  observe_users();
  observe_addresses(out);
  ask_forest(out);
  conclude(out);
  return out;
}

/// Finds the rows that belong here. Those that are judged come first.
void Detector::select(const LoginRows& rows, const ShardSet& shards,
                      ShardJudgements& out) {
  users_.clear();
  addresses_.clear();
  std::vector<std::uint32_t> absent;
  for (auto shard = number_; shard < states_.size(); shard += detector_count_) {
    if (!shards.test(shard) || rows.empty(shard))
      continue;
    auto* const state = states_[shard].get();
    if (!state) {
      out.absent.push_back(shard);
      for (const auto& row : rows.users_of(shard))
        absent.push_back(row.event);
      continue;
    }
    if (state->handed_over)
      out.handed_over.push_back(shard);
    auto& applied = state->applied.at(rows.topic, rows.partition);
    const bool all_new = applied.highest() < rows.first;
    add(rows.users_of(shard), *state, applied, all_new, users_);
    add(rows.addresses_of(shard), *state, applied, all_new, addresses_);
    applied.add(rows.first, rows.last);
  }
  out.events.reserve(users_.size() + absent.size());
  for (const auto& known : users_)
    out.events.push_back(known.row->event);
  out.events.insert(out.events.end(), absent.begin(), absent.end());
  out.judgements.resize(out.events.size());
  for (auto place = users_.size(); place != out.judgements.size(); ++place)
    out.judgements[place].judged = false;
  counts_.judged += users_.size();
  counts_.unjudged += absent.size();
}

template <class Row>
void Detector::add(std::span<const Row> rows, ShardState& state,
                   const AppliedOffsets::Partition& applied, bool all_new,
                   std::vector<Known<Row>>& to) {
  for (const auto& row : rows)
    to.push_back({&row, &state, !all_new && applied.contains(row.offset)});
}

void Detector::observe_users() {
  const auto count = users_.size();
  rows_.resize(count);
  findings_.resize(count);
  const auto prefetch_set = [this](std::size_t place) {
    const auto& known = users_[place];
    known.state->users.prefetch_set(known.row->user_hash);
  };
  for (std::size_t place = 0; place != std::min(count, set_lead); ++place)
    prefetch_set(place);
  for (std::size_t place = 0; place != count; ++place) {
    if (place + set_lead < count)
      prefetch_set(place + set_lead);
    if (place + row_lead < count) {
      const auto& soon = users_[place + row_lead];
      soon.state->users.prefetch_row(soon.row->user_hash);
    }
    observe(users_[place], place);
  }
}

void Detector::observe(const Known<LoginRow>& known, std::size_t place) {
  const auto& row = *known.row;
  auto& users = known.state->users;
  auto& findings = findings_[place];
  if (row.placeholder) {
    findings = compare(nobody, row.login, limits_, known.repeated);
  } else if (known.repeated) {
    const auto* state = users.find(row.user_hash);
    findings = compare(state ? *state : nobody, row.login, limits_, true);
  } else {
    auto& state = users.touch(row.user_hash);
    findings = compare(state, row.login, limits_, false);
    remember(state, row.login, limits_);
  }
  rows_[place] = features_of(findings, row.login.time_ms,
                             rarity_bits(row, known.repeated));
  if (known.repeated)
    ++counts_.repeated;
  else if (++counted_events_ > warm_up_events)
    reservoir_.offer(rows_[place]);
}

void Detector::observe_addresses(ShardJudgements& out) {
  const auto count = addresses_.size();
  const auto prefetch_set = [this](std::size_t place) {
    const auto& known = addresses_[place];
    known.state->addresses.prefetch_set(known.row->address_hash);
  };
  for (std::size_t place = 0; place != std::min(count, set_lead); ++place)
    prefetch_set(place);
  for (std::size_t place = 0; place != count; ++place) {
    if (place + set_lead < count)
      prefetch_set(place + set_lead);
    observe_address(addresses_[place], out);
  }
}

/// Only who fails is remembered: of all others there is nothing to tell.
void Detector::observe_address(const Known<AddressRow>& known,
                               ShardJudgements& out) {
  const auto& row = *known.row;
  auto& addresses = known.state->addresses;
  const AddressState* about = nullptr;
  if (known.repeated) {
    about = addresses.find(row.address_hash);
  } else {
    auto* state = row.login.status == LoginStatus::failure
                    ? &addresses.touch(row.address_hash)
                    : addresses.touch_known(row.address_hash);
    if (state)
      remember(*state, row.login, address_limits_);
    about = state;
  }
  if (!about)
    return;
  const auto findings = consider(*about, row.login, address_limits_);
  if (!findings.spray)
    return;
  ++counts_.fired[static_cast<std::size_t>(Rule::password_spray)];
  auto told = explain(findings, address_limits_);
  told.event = row.event;
  out.address_findings.push_back(std::move(told));
}

float Detector::rarity_bits(const LoginRow& row, bool repeated) noexcept {
  float bits = 0.0F;
  for (std::size_t kind = 0; kind != row.words.size(); ++kind) {
    bits += rarity_[kind].surprise_bits(row.words[kind]);
    if (!repeated)
      rarity_[kind].count(row.words[kind]);
  }
  return bits;
}

void Detector::ask_forest(ShardJudgements& out) {
  if (!model_)
    return;
  out.model_id = model_->info.id;
  scores_.resize(rows_.size());
  if (rows_.empty())
    return;
  model_->compiled.score(
    {{rows_.front().data(), rows_.size() * feature_count}, feature_count},
    scores_);
  const auto limit = threshold();
  for (std::size_t place = 0; place != scores_.size(); ++place) {
    auto& judgement = out.judgements[place];
    judgement.score = scores_[place];
    judgement.scored = true;
    if (judgement.score >= limit)
      judgement.rules = forest_bit;
  }
}

void Detector::conclude(ShardJudgements& out) {
  for (std::size_t place = 0; place != users_.size(); ++place) {
    auto& judgement = out.judgements[place];
    auto& findings = findings_[place];
    findings.rules &= asked_rules_;
    judgement.rules = static_cast<RuleBits>((judgement.rules & asked_rules_)
                                            | findings.rules);
    if (judgement.rules == 0)
      continue;
    judgement.low_rules = low_rules(findings, limits_);
    if (judgement.has(Rule::forest) && is_explained(findings, limits_))
      judgement.low_rules = static_cast<RuleBits>(judgement.low_rules
                                                  | forest_bit);
    count(judgement);
    tell(*users_[place].row, findings, judgement, out);
  }
}

void Detector::tell(const LoginRow& row, const Findings& findings,
                    const Judgement& judgement, ShardJudgements& out) const {
  const auto first = out.findings.size();
  explain(findings, row.login, limits_, out.findings);
  if (judgement.has(Rule::forest))
    out.findings.push_back(forest_finding(
      judgement.score, threshold(),
      (judgement.low_rules & forest_bit) != 0 ? Severity::low
                                              : Severity::medium));
  for (auto index = first; index != out.findings.size(); ++index)
    out.findings[index].event = row.event;
}

void Detector::count(const Judgement& judgement) noexcept {
  counts_.anomalous += judgement.anomalous() ? 1 : 0;
  for (std::size_t index = 0; index != rule_count; ++index) {
    const auto bit = bit_of(static_cast<Rule>(index));
    if ((judgement.low_rules & bit) != 0)
      ++counts_.low[index];
    else if ((judgement.rules & bit) != 0)
      ++counts_.fired[index];
  }
}

float Detector::threshold() const noexcept {
  return fixed_threshold_ > 0.0F ? fixed_threshold_ : model_->info.threshold;
}

std::vector<float> Detector::take_samples() {
  return reservoir_.take();
}

DetectorCounts Detector::counts() const noexcept {
  auto counts = counts_;
  for (const auto& state : states_) {
    if (!state)
      continue;
    counts.users += state->users.size();
    counts.evictions += state->users.evictions();
    counts.addresses += state->addresses.size();
    counts.address_evictions += state->addresses.evictions();
  }
  return counts;
}

bool fits_events(const Model& model) {
  return model.info.feature_names == feature_names();
}

} // namespace millrace::logic::detection
