#pragma once

#include "logic/detection/detector.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace millrace::tests {

/// A detector that hosts all the shards that it may, and is asked about whole
/// batches.
class BatchDetector : public logic::detection::Detector {
public:
  explicit BatchDetector(const logic::detection::DetectionConfig& config,
                         std::uint32_t number = 0,
                         std::uint32_t detector_count = 1)
    : Detector(config, number, detector_count), builder_(config) {
    host_all();
  }

  /// In the order of events.
  logic::ShardJudgements judge(const logic::EnrichedBatch& batch) {
    auto judged = Detector::judge(*builder_.rows_of(batch));
    std::vector<std::size_t> order(judged.events.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {},
                      [&](std::size_t index) { return judged.events[index]; });
    auto sorted = judged;
    for (std::size_t index = 0; index != order.size(); ++index) {
      sorted.events[index] = judged.events[order[index]];
      sorted.judgements[index] = judged.judgements[order[index]];
    }
    const auto event_of = [](const logic::Finding& finding) {
      return finding.event;
    };
    std::ranges::stable_sort(sorted.findings, {}, event_of);
    std::ranges::stable_sort(sorted.address_findings, {}, event_of);
    return sorted;
  }

private:
  logic::detection::LoginRowBuilder builder_;
};

} // namespace millrace::tests
