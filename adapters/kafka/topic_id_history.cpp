#include "adapters/kafka/topic_id_history.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace millrace::adapters::kafka {

std::string topic_id_of(const rd_kafka_TopicDescription_t* description) {
  const auto* uuid = rd_kafka_TopicDescription_topic_id(description);
  if (uuid == nullptr
      || (rd_kafka_Uuid_most_significant_bits(uuid) == 0
          && rd_kafka_Uuid_least_significant_bits(uuid) == 0))
    return {};
  const auto* const text = rd_kafka_Uuid_base64str(uuid);
  return text == nullptr ? std::string{} : std::string{text};
}

bool TopicIdHistory::learn(const rd_kafka_TopicDescription_t* description) {
  if (rd_kafka_error_code(rd_kafka_TopicDescription_error(description))
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  auto id = topic_id_of(description);
  if (std::ranges::find(former_, id) != former_.end())
    return false;
  std::size_t partitions = 0;
  rd_kafka_TopicDescription_partitions(description, &partitions);
  partitions_ = static_cast<std::int32_t>(partitions);
  if (id.empty() || id == id_)
    return false;
  const bool another = !id_.empty();
  if (another)
    former_.push_back(std::move(id_));
  id_ = std::move(id);
  return another;
}

} // namespace millrace::adapters::kafka
