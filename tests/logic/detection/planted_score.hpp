#pragma once

#include "logic/detection/detector.hpp"
#include "logic/detection/forest_trainer.hpp"
#include "logic/enrichment/enrichment.hpp"
#include "logic/generation/login_generator.hpp"
#include "logic/geo/demo_cities.hpp"
#include "logic/validation/validator.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

/// A generated stream through validation, enrichment and detection, held
/// against its truth.
namespace millrace::tests {

/// Places by the demonstration's networks.
class DemoLookup final : public logic::GeoLookup {
public:
  DemoLookup() {
    for (const auto& city : logic::geo::demo_cities()) {
      logic::geo::Place place;
      place.country = city.country;
      place.has_coordinates = true;
      place.latitude = city.latitude;
      place.longitude = city.longitude;
      // No two networks lie in the same /16.
      const auto count = city.prefix_v4 < 16
                           ? std::uint32_t{1} << (16 - city.prefix_v4)
                           : std::uint32_t{1};
      for (std::uint32_t index = 0; index != count; ++index)
        places_.emplace((city.network_v4 >> 16) + index, place);
    }
  }

  std::shared_ptr<const void>
  locate(std::span<const logic::geo::IpAddress> addresses,
         std::span<const logic::geo::Place*> places) override {
    for (std::size_t index = 0; index != addresses.size(); ++index) {
      const auto found = places_.find(addresses[index].v4() >> 16);
      places[index] = found == places_.end() ? nullptr : &found->second;
    }
    return nullptr;
  }

private:
  std::unordered_map<std::uint32_t, logic::geo::Place> places_;
};

struct StoryScore {
  std::size_t told = 0;
  std::size_t found = 0; ///< the expected rule fired on one of its records
  std::size_t anomalous = 0; ///< one of its records was
};

struct PlantedScore {
  std::array<StoryScore, logic::generation::story_kind_count> stories{};
  std::size_t ordinary = 0; ///< events of no story
  std::size_t ordinary_anomalous = 0;
  /// Ordinary events on which a rule fired, low severity included.
  std::array<std::size_t, logic::rule_count> false_findings{};

  double false_per_10000(logic::Rule rule) const {
    return 1e4
           * static_cast<double>(false_findings[static_cast<std::size_t>(rule)])
           / static_cast<double>(ordinary);
  }
};

class PlantedScorer {
public:
  static constexpr std::uint32_t detector_count = 2;
  static constexpr std::size_t batch_records = 1000;
  static constexpr std::uint64_t refit_records = 100'000;

  explicit PlantedScorer(logic::generation::LoginGenerator generator,
                         logic::detection::DetectionConfig config = {})
    : generator_(std::move(generator)), config_(std::move(config)) {
    for (std::uint32_t number = 0; number != detector_count; ++number)
      detectors_.emplace_back(config_, number, detector_count).host_all();
    const auto stories = generator_.stories();
    for (std::size_t story = 0; story != stories.size(); ++story)
      for (const auto record : stories[story].records)
        stories_by_record_.emplace(record, story);
    fired_.resize(stories.size());
    anomalous_.resize(stories.size());
  }

  PlantedScore run(std::uint64_t records) {
    for (std::uint64_t done = 0; done < records; done += batch_records)
      take(batch_records);
    const auto stories = generator_.stories();
    for (std::size_t story = 0; story != stories.size(); ++story) {
      const auto kind = stories[story].kind;
      auto& score = score_.stories[static_cast<std::size_t>(kind)];
      const auto rule = logic::generation::expected_rule(kind);
      ++score.told;
      score.found += rule && (fired_[story] & bit_of(*rule)) != 0 ? 1 : 0;
      score.anomalous += anomalous_[story] ? 1 : 0;
    }
    return score_;
  }

private:
  void take(std::size_t records) {
    generator_.fill(generated_, records);
    logic::RecordBatch::Builder builder{"logins", logic::PartitionId{0},
                                        logic::AssignmentEpoch{1}};
    for (const auto& record : generated_.records()) {
      logic::RecordView view;
      view.offset = logic::Offset{static_cast<std::int64_t>(record.number)};
      view.timestamp_ms = record.event_time_ms;
      view.value = generated_.value(record);
      builder.append(view);
    }
    const auto first = generated_.records().front().number;
    const auto batch = enrichment_.enrich(validator_.validate(
      builder.finish(), generated_.records().back().event_time_ms));
    const auto& events = batch->validated->events;
    std::vector<logic::Judgement> judgements(events.size());
    const auto rows = rows_.rows_of(*batch);
    for (auto& detector : detectors_) {
      const auto judged = detector.judge(*rows);
      for (std::size_t index = 0; index != judged.events.size(); ++index)
        merge(judgements[judged.events[index]], judged.judgements[index]);
      for (const auto& finding : judged.address_findings)
        merge(judgements[finding.event], {.rules = bit_of(finding.rule)});
    }
    for (std::size_t event = 0; event != events.size(); ++event)
      count(first + events[event].record, judgements[event]);
    fit(first);
  }

  static void merge(logic::Judgement& to, const logic::Judgement& from) {
    to.rules = static_cast<logic::RuleBits>(to.rules | from.rules);
    to.low_rules = static_cast<logic::RuleBits>(to.low_rules | from.low_rules);
  }

  void count(std::uint64_t record, const logic::Judgement& judgement) {
    const auto found = stories_by_record_.find(record);
    if (found != stories_by_record_.end()) {
      fired_[found->second] = static_cast<logic::RuleBits>(fired_[found->second]
                                                           | judgement.rules);
      if (judgement.anomalous())
        anomalous_[found->second] = true;
      return;
    }
    ++score_.ordinary;
    score_.ordinary_anomalous += judgement.anomalous() ? 1 : 0;
    for (std::size_t rule = 0; rule != logic::rule_count; ++rule)
      score_.false_findings[rule] += judgement.has(
                                       static_cast<logic::Rule>(rule))
                                       ? 1
                                       : 0;
  }

  /// As the trainer does, after so many records instead of so much time.
  void fit(std::uint64_t record) {
    const bool first = !detectors_.front().forest()
                       && record >= static_cast<std::uint64_t>(
                            config_.first_fit_after);
    if (!first && (record == 0 || record % refit_records != 0))
      return;
    std::vector<float> rows;
    for (auto& detector : detectors_) {
      const auto some = detector.take_samples();
      rows.insert(rows.end(), some.begin(), some.end());
    }
    const auto model = logic::detection::fit_model(
      {rows, logic::detection::feature_count},
      logic::detection::feature_names(),
      {.contamination = config_.contamination});
    if (model)
      for (auto& detector : detectors_)
        detector.use_forest(*model);
  }

  logic::generation::LoginGenerator generator_;
  logic::detection::DetectionConfig config_;
  logic::Validator validator_{logic::ValidationConfig{}};
  logic::Enrichment enrichment_{{}, std::make_unique<DemoLookup>()};
  logic::detection::LoginRowBuilder rows_{config_};
  std::vector<logic::detection::Detector> detectors_;
  std::unordered_map<std::uint64_t, std::size_t> stories_by_record_;
  std::vector<logic::RuleBits> fired_; ///< by story
  std::vector<bool> anomalous_; ///< by story
  logic::generation::GeneratedBatch generated_;
  PlantedScore score_;
};

/// A stream with so many stories of each kind.
inline logic::generation::GeneratorConfig planted_month(std::uint64_t records,
                                                        std::size_t each) {
  logic::generation::GeneratorConfig config;
  config.population = 20'000;
  config.failure_share = 0.03;
  config.stories = {.travellers = each,
                    .bursts = each,
                    .odd_devices = each,
                    .brute_forces = each,
                    .break_ins = each,
                    .sprays = each,
                    .new_countries = each,
                    .holidays = each,
                    .forgotten_passwords = each,
                    .home_devices = each};
  config.story_horizon = records;
  config.event_interval_us = static_cast<std::int64_t>(
    30LL * 86'400 * 1'000'000 / static_cast<std::int64_t>(records));
  return config;
}

/// The table of docs/detection.md.
inline void print(const PlantedScore& score) {
  std::printf("%-20s %6s %6s %9s\n", "story", "told", "found", "anomalous");
  for (std::size_t kind = 0; kind != score.stories.size(); ++kind) {
    const auto& story = score.stories[kind];
    const std::string name{
      to_string(static_cast<logic::generation::StoryKind>(kind))};
    std::printf("%-20s %6zu %6zu %9zu\n", name.c_str(), story.told, story.found,
                story.anomalous);
  }
  std::printf("\n%-20s %15s\n", "rule", "false of 10,000");
  for (std::size_t rule = 0; rule != logic::rule_count; ++rule) {
    const std::string name{to_string(static_cast<logic::Rule>(rule))};
    std::printf("%-20s %15.3f\n", name.c_str(),
                score.false_per_10000(static_cast<logic::Rule>(rule)));
  }
  std::printf("\n%zu ordinary events, %zu anomalous\n", score.ordinary,
              score.ordinary_anomalous);
}

} // namespace millrace::tests
