#include "logic/detection/detector.hpp"

#include "logic/detection/user_hash.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

// Inlined, so that no library of this name is needed at run time.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::logic::detection {

namespace {

constexpr std::uint8_t forest_bit = 1U << static_cast<unsigned>(Rule::forest);

/// The gap of a user's first login, in log2 of seconds: two years.
constexpr float first_gap = 26.0F;

/// So many events ahead the cache lines of a user are asked for.
constexpr std::size_t set_lead = 24;
constexpr std::size_t user_lead = 8;

/// What a login compares to where nothing may be remembered.
const UserState nobody{};

std::uint64_t hash_of(std::string_view word) noexcept {
  return XXH3_64bits(word.data(), word.size());
}

std::uint8_t rule_bits(const std::vector<std::string>& names) {
  std::uint8_t bits = 0;
  for (std::size_t rule = 0; rule != rule_count; ++rule)
    if (std::find(names.begin(), names.end(),
                  to_string(static_cast<Rule>(rule)))
        != names.end())
      bits = static_cast<std::uint8_t>(bits | (1U << rule));
  return bits;
}

std::size_t share_of(std::int64_t total, std::uint32_t shard_count) noexcept {
  return (static_cast<std::size_t>(total) + shard_count - 1) / shard_count;
}

/// Shards draw different rows from equal streams.
std::uint64_t shard_seed(std::int64_t seed, std::uint32_t shard) noexcept {
  return Random{static_cast<std::uint64_t>(seed) + shard}.next();
}

Login login_of(const LoginEvent& event, const Origin& origin) noexcept {
  Login login;
  login.time_ms = event.event_time_ms;
  login.status = event.status;
  if (origin.place) {
    login.located = origin.place->has_coordinates;
    login.latitude = static_cast<float>(origin.place->latitude);
    login.longitude = static_cast<float>(origin.place->longitude);
    login.country = pack_country(origin.place->country);
  }
  if (!event.device_id.empty())
    login.device = std::max(
      1U, static_cast<std::uint32_t>(hash_of(event.device_id)));
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

void append_score(std::string& text, float score) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, score,
                                 std::chars_format::fixed, 3);
  text.append(digits, end.ptr);
}

} // namespace

Detector::Detector(const DetectionConfig& config, std::uint32_t shard,
                   std::uint32_t shard_count)
  : shard_(shard), shard_count_(shard_count), enabled_(config.enabled),
    fixed_threshold_(static_cast<float>(config.threshold)),
    asked_rules_(rule_bits(config.rules)), limits_(config),
    users_(share_of(config.enabled ? config.max_users : 0, shard_count)),
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
  rows_.resize(out.events.size());
  findings_.resize(out.events.size());
  const auto user_of = [&](std::size_t place) {
    return batch.origins[out.events[place]].user_hash;
  };
  const auto count = out.events.size();
  for (std::size_t place = 0; place != std::min(count, set_lead); ++place)
    users_.prefetch_set(user_of(place));
  for (std::size_t place = 0; place != count; ++place) {
    if (place + set_lead < count)
      users_.prefetch_set(user_of(place + set_lead));
    if (place + user_lead < count)
      users_.prefetch_user(user_of(place + user_lead));
    const auto event = out.events[place];
    const auto record = batch.validated->events[event].record;
    observe(batch, event, place,
            !all_new && applied.contains(raw[record].offset));
  }
  applied.add(raw.first_offset(), raw.last_offset());
  ask_forest(out);
  conclude(out);
  return out;
}

void Detector::select(const EnrichedBatch& batch, ShardJudgements& out) const {
  const auto& origins = batch.origins;
  out.events.reserve(origins.size() / shard_count_ + 1);
  for (std::size_t event = 0; event != origins.size(); ++event)
    if (shard_of(origins[event].user_hash, shard_count_) == shard_)
      out.events.push_back(static_cast<std::uint32_t>(event));
}

void Detector::observe(const EnrichedBatch& batch, std::uint32_t event_index,
                       std::size_t place, bool repeated) {
  const auto& event = batch.validated->events[event_index];
  const auto& origin = batch.origins[event_index];
  const auto login = login_of(event, origin);
  auto& findings = findings_[place];
  if (placeholders_.contains(event.user_id)) {
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

void Detector::conclude(ShardJudgements& out) {
  counts_.judged += out.judgements.size();
  for (std::size_t place = 0; place != out.judgements.size(); ++place) {
    auto& judgement = out.judgements[place];
    auto& findings = findings_[place];
    findings.rules &= asked_rules_;
    judgement.rules = static_cast<std::uint8_t>((judgement.rules & asked_rules_)
                                                | findings.rules);
    if (!judgement.anomalous())
      continue;
    ++counts_.anomalous;
    for (std::size_t rule = 0; rule != rule_count; ++rule)
      if (judgement.has(static_cast<Rule>(rule)))
        ++counts_.fired[rule];
    auto text = explain(findings, limits_);
    if (judgement.has(Rule::forest)) {
      text += text.empty() ? "unlike most logins: score "
                           : "; unlike most logins: score ";
      append_score(text, judgement.score);
      text += ", threshold ";
      append_score(text, threshold());
    }
    out.details.push_back({out.events[place], std::move(text)});
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
  return counts;
}

bool fits_events(const Model& model) {
  return model.info.feature_names == feature_names();
}

} // namespace millrace::logic::detection
