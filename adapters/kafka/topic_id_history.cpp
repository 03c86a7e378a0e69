#include "adapters/kafka/topic_id_history.hpp"

#include <algorithm>

namespace millrace::adapters::kafka {

bool TopicIdHistory::learn(const rd_kafka_TopicDescription_t* description) {
  if (rd_kafka_error_code(rd_kafka_TopicDescription_error(description))
      != RD_KAFKA_RESP_ERR_NO_ERROR)
    return false;
  const auto* uuid = rd_kafka_TopicDescription_topic_id(description);
  if (uuid == nullptr)
    return false;
  const Id id{rd_kafka_Uuid_most_significant_bits(uuid),
              rd_kafka_Uuid_least_significant_bits(uuid)};
  if (id == Id{} || id_ == id
      || std::ranges::find(former_, id) != former_.end())
    return false;
  const bool another = id_.has_value();
  if (another)
    former_.push_back(*id_);
  id_ = id;
  return another;
}

} // namespace millrace::adapters::kafka
