#include "logic/detection/detector.hpp"

#include "logic/detection/evidence.hpp"
#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic::detection {

namespace {

constexpr auto forest_bit = bit_of(Rule::forest);

/// The gap of a user's first login, in log2 of seconds: two years.
constexpr float first_gap = 26.0F;

/// So many events ahead the cache lines of a user are asked for.
constexpr std::size_t set_lead = 24;
constexpr std::size_t row_lead = 8;

/// A record that claims to be older than this by its event is not stamped with
/// the time of writing, but with seconds, say, or a constant.
constexpr std::int64_t believed_lead_ms = 7LL * 24 * 3600 * 1000;

/// What a login compares to where nothing may be remembered.
const UserState nobody{};

std::uint64_t hash_of(std::string_view word) noexcept {
  return XXH3_64bits(word.data(), word.size());
}

RuleBits rule_bits(const std::vector<std::string>& names) {
  RuleBits bits = 0;
  for (std::size_t rule = 0; rule != rule_count; ++rule)
    if (std::find(names.begin(), names.end(),
                  to_string(static_cast<Rule>(rule)))
        != names.end())
      bits = static_cast<RuleBits>(bits | bit_of(static_cast<Rule>(rule)));
  return bits;
}

std::size_t share_of(std::int64_t total, std::uint32_t shard_count) noexcept {
  return (static_cast<std::size_t>(total) + shard_count - 1) / shard_count;
}

/// Shards draw different rows from equal streams.
std::uint64_t shard_seed(std::int64_t seed, std::uint32_t shard) noexcept {
  return Random{static_cast<std::uint64_t>(seed) + shard}.next();
}

/// When a login happened, as far as its record bears it out. No login happens
/// after its record was written: what is dated ahead, by a clock that is wrong
/// or by somebody who wants the windows to be empty now, counts as of then.
std::int64_t happened_ms(const EnrichedBatch& batch,
                         const LoginEvent& event) noexcept {
  const auto written_ms = (*batch.validated->raw)[event.record].timestamp_ms;
  const bool ahead = written_ms >= 0 && event.event_time_ms > written_ms
                     && event.event_time_ms - written_ms <= believed_lead_ms;
  return ahead ? written_ms : event.event_time_ms;
}

Login login_of(const EnrichedBatch& batch, std::uint32_t event_index) noexcept {
  const auto& event = batch.validated->events[event_index];
  const auto& origin = batch.origins[event_index];
  Login login;
  login.time_ms = happened_ms(batch, event);
  login.status = event.status;
  if (origin.place) {
    login.located = origin.place->has_coordinates;
    login.latitude = static_cast<float>(origin.place->latitude);
    login.longitude = static_cast<float>(origin.place->longitude);
    login.country = pack_country(origin.place->country);
  }
  login.quiet = origin.quiet;
  login.address = static_cast<std::uint16_t>(origin.address_hash >> 16);
  if (!event.device_id.empty())
    login.device = std::max<std::uint16_t>(
      1U, static_cast<std::uint16_t>(hash_of(event.device_id)));
  return login;
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

Detector::Detector(const DetectionConfig& config, std::uint32_t shard,
                   std::uint32_t shard_count)
  : shard_(shard), shard_count_(shard_count), enabled_(config.enabled),
    fixed_threshold_(static_cast<float>(config.threshold)),
    asked_rules_(rule_bits(config.rules)), limits_(config),
    address_limits_(config),
    users_(share_of(config.enabled ? config.max_users : 0, shard_count)),
    addresses_(
      share_of(config.enabled ? config.max_addresses : 0, shard_count)),
    // A fit needs `first_fit_after` rows at hand, whatever is kept later.
    reservoir_(
      share_of(std::max(config.training_sample, config.first_fit_after),
               shard_count),
      shard_seed(config.seed, shard)) {
  assert(shard < shard_count);
  placeholders_ = PlaceholderUsers{config.placeholder_users};
}

void Detector::use_forest(ModelPtr model) {
  assert(!model || model->forest.features == feature_count);
  model_ = std::move(model);
}

ShardJudgements Detector::judge(const EnrichedBatch& batch) {
  ShardJudgements out;
  out.shard = shard_;
  select(batch, out);
  out.judgements.resize(out.events.size());
  const auto& raw = *batch.validated->raw;
  if (!enabled_ || raw.empty())
    return out;
  auto& applied = applied_.at(raw.topic(), raw.partition());
  const bool all_new = applied.highest() < raw.first_offset();
  const auto is_repeated = [&](std::uint32_t event) {
    return !all_new
           && applied.contains(
             raw[batch.validated->events[event].record].offset);
  };
  observe_users(batch, out, is_repeated);
  observe_addresses(batch, out, is_repeated);
  applied.add(raw.first_offset(), raw.last_offset());
  ask_forest(out);
  conclude(batch, out);
  return out;
}

void Detector::select(const EnrichedBatch& batch, ShardJudgements& out) {
  const auto& origins = batch.origins;
  out.events.reserve(origins.size() / shard_count_ + 1);
  address_events_.clear();
  const bool sprays = enabled_
                      && (asked_rules_ & bit_of(Rule::password_spray)) != 0;
  for (std::size_t event = 0; event != origins.size(); ++event) {
    const auto& origin = origins[event];
    if (shard_of(origin.user_hash, shard_count_) == shard_)
      out.events.push_back(static_cast<std::uint32_t>(event));
    if (sprays && origin.address_hash != 0
        && shard_of(origin.address_hash, shard_count_) == shard_)
      address_events_.push_back(static_cast<std::uint32_t>(event));
  }
}

template <class IsRepeated>
void Detector::observe_users(const EnrichedBatch& batch,
                             const ShardJudgements& out,
                             const IsRepeated& is_repeated) {
  const auto count = out.events.size();
  rows_.resize(count);
  findings_.resize(count);
  const auto user_of = [&](std::size_t place) {
    return batch.origins[out.events[place]].user_hash;
  };
  for (std::size_t place = 0; place != std::min(count, set_lead); ++place)
    users_.prefetch_set(user_of(place));
  for (std::size_t place = 0; place != count; ++place) {
    if (place + set_lead < count)
      users_.prefetch_set(user_of(place + set_lead));
    if (place + row_lead < count)
      users_.prefetch_row(user_of(place + row_lead));
    const auto event = out.events[place];
    observe(batch, event, place, is_repeated(event));
  }
}

template <class IsRepeated>
void Detector::observe_addresses(const EnrichedBatch& batch,
                                 ShardJudgements& out,
                                 const IsRepeated& is_repeated) {
  const auto count = address_events_.size();
  const auto address_of = [&](std::size_t place) {
    return batch.origins[address_events_[place]].address_hash;
  };
  for (std::size_t place = 0; place != std::min(count, set_lead); ++place)
    addresses_.prefetch_set(address_of(place));
  for (std::size_t place = 0; place != count; ++place) {
    if (place + set_lead < count)
      addresses_.prefetch_set(address_of(place + set_lead));
    const auto event = address_events_[place];
    observe_address(batch, event, is_repeated(event), out);
  }
}

/// Only who fails is remembered: of all others there is nothing to tell.
void Detector::observe_address(const EnrichedBatch& batch,
                               std::uint32_t event_index, bool repeated,
                               ShardJudgements& out) {
  const auto& event = batch.validated->events[event_index];
  const auto& origin = batch.origins[event_index];
  const AddressLogin login{happened_ms(batch, event), origin.user_hash,
                           event.status};
  const AddressState* known = nullptr;
  if (repeated) {
    known = addresses_.find(origin.address_hash);
  } else {
    auto* state = event.status == LoginStatus::failure
                    ? &addresses_.touch(origin.address_hash)
                    : addresses_.touch_known(origin.address_hash);
    if (state)
      remember(*state, login, address_limits_);
    known = state;
  }
  if (!known)
    return;
  const auto findings = consider(*known, login, address_limits_);
  if (!findings.spray)
    return;
  ++counts_.fired[static_cast<std::size_t>(Rule::password_spray)];
  auto told = explain(findings, address_limits_);
  told.event = event_index;
  out.address_findings.push_back(std::move(told));
}

void Detector::observe(const EnrichedBatch& batch, std::uint32_t event_index,
                       std::size_t place, bool repeated) {
  const auto& event = batch.validated->events[event_index];
  const auto& origin = batch.origins[event_index];
  const auto login = login_of(batch, event_index);
  auto& findings = findings_[place];
  if (event.user_id.empty() || placeholders_.contains(event.user_id)) {
    findings = compare(nobody, login, limits_, repeated);
  } else if (repeated) {
    const auto* known = users_.find(origin.user_hash);
    findings = compare(known ? *known : nobody, login, limits_, true);
  } else {
    auto& state = users_.touch(origin.user_hash);
    findings = compare(state, login, limits_, false);
    remember(state, login, limits_);
  }
  rows_[place] = features_of(findings, login.time_ms,
                             rarity_bits(event, origin, repeated));
  if (repeated)
    ++counts_.repeated;
  else if (++counted_events_ > warm_up_events)
    reservoir_.offer(rows_[place]);
}

float Detector::rarity_bits(const LoginEvent& event, const Origin& origin,
                            bool repeated) noexcept {
  // A country where there is one, else the kind of address; apart.
  const auto country = origin.place ? pack_country(origin.place->country)
                                    : std::uint16_t{0};
  const auto whence = country != 0
                        ? std::uint64_t{country} * 0x9E3779B97F4A7C15U >> 40
                        : static_cast<std::uint64_t>(origin.address_class);
  const std::array<std::uint64_t, 4> words{hash_of(event.app_version),
                                           hash_of(event.device_type),
                                           hash_of(event.locale), whence};
  float bits = 0.0F;
  for (std::size_t kind = 0; kind != words.size(); ++kind) {
    bits += rarity_[kind].surprise_bits(words[kind]);
    if (!repeated)
      rarity_[kind].count(words[kind]);
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

void Detector::conclude(const EnrichedBatch& batch, ShardJudgements& out) {
  counts_.judged += out.judgements.size();
  for (std::size_t place = 0; place != out.judgements.size(); ++place) {
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
    const auto event = out.events[place];
    tell(login_of(batch, event), event, findings, judgement, out);
  }
}

void Detector::tell(const Login& login, std::uint32_t event_index,
                    const Findings& findings, const Judgement& judgement,
                    ShardJudgements& out) const {
  const auto first = out.findings.size();
  explain(findings, login, limits_, out.findings);
  if (judgement.has(Rule::forest))
    out.findings.push_back(forest_finding(
      judgement.score, threshold(),
      (judgement.low_rules & forest_bit) != 0 ? Severity::low
                                              : Severity::medium));
  for (auto index = first; index != out.findings.size(); ++index)
    out.findings[index].event = event_index;
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
  counts.users = users_.size();
  counts.evictions = users_.evictions();
  counts.addresses = addresses_.size();
  counts.address_evictions = addresses_.evictions();
  return counts;
}

bool fits_events(const Model& model) {
  return model.info.feature_names == feature_names();
}

} // namespace millrace::logic::detection
