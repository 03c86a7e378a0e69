#pragma once

#include "logic/delivery/delivery_reports.hpp"

#include <librdkafka/rdkafka.h>

namespace millrace::adapters::kafka {

/// What may be done about a record that came back with this error. Pure.
logic::DeliveryFault to_delivery_fault(rd_kafka_resp_err_t error) noexcept;

/// Whether it may come of a topic that is not what it was: gone, made anew, or
/// with other partitions.
bool hints_at_topic(rd_kafka_resp_err_t error) noexcept;

} // namespace millrace::adapters::kafka
