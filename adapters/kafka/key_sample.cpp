#include "adapters/kafka/key_sample.hpp"

#include "adapters/kafka/topic_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

constexpr std::int64_t sampled_records = 20; ///< of a partition
constexpr std::size_t sampled_partitions = 8;

} // namespace

logic::KeyUse sample_keys(const KafkaConfig& config, const std::string& topic,
                          std::chrono::milliseconds deadline) {
  const auto reader = TopicReader::open(config);
  if (!reader)
    return logic::KeyUse::unknown;
  const auto extent = (*reader)->extent(topic, deadline);
  if (!extent)
    return logic::KeyUse::unknown;
  std::vector<PartitionExtent> ends;
  for (auto [partition, low, high] : *extent) {
    if (low == high || ends.size() == sampled_partitions)
      continue;
    low.value = std::max(low.value, high.value - sampled_records);
    ends.push_back({partition, low, high});
  }
  if (ends.empty())
    return logic::KeyUse::empty;
  bool has_key = false;
  const auto read = (*reader)->read(
    topic, ends,
    [&has_key](logic::PartitionId, const logic::RecordView& record) {
      has_key = record.key.has_value();
      return !has_key;
    },
    deadline);
  if (has_key)
    return logic::KeyUse::some;
  return read && *read != 0 ? logic::KeyUse::none : logic::KeyUse::unknown;
}

} // namespace millrace::adapters::kafka
