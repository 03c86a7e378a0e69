#include "adapters/kafka/committed_place.hpp"

#include <cstring>

namespace millrace::adapters::kafka {

void set_place(rd_kafka_topic_partition_t& entry, logic::Offset offset,
               const std::string& mark) {
  entry.offset = offset.value;
  if (mark.empty())
    return;
  entry.metadata = ::strdup(mark.c_str()); // the list frees it
  entry.metadata_size = entry.metadata == nullptr ? 0 : mark.size();
}

} // namespace millrace::adapters::kafka
