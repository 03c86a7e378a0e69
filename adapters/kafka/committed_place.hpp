#pragma once

#include "logic/core/ids.hpp"

#include <librdkafka/rdkafka.h>

#include <string>

namespace millrace::adapters::kafka {

/// What is to be committed of a partition, and the mark that goes with it
/// (see `logic::PositionMark`), where there is one.
void set_place(rd_kafka_topic_partition_t& entry, logic::Offset offset,
               const std::string& mark);

} // namespace millrace::adapters::kafka
