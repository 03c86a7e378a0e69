#pragma once

#include "actors/delivery/delivery_circuits.hpp"
#include "logic/core/log.hpp"
#include "logic/delivery/outbox.hpp"
#include "messages/status.hpp"

namespace millrace::actors {

/// Says what befell a record; nothing for a client that failed.
void log_notice(logic::Log& log, logic::LogLimiter::Time now,
                const logic::OutboxNotice& notice);

/// At debug, a line for each record that was not delivered and is sent again
/// or given up. Before the outbox takes the reports in.
void log_failed_deliveries(logic::Log& log, const logic::Outbox& outbox,
                           const logic::DeliveryReports& reports);

/// What an outbox cannot write at the moment, as the status shows it.
std::vector<messages::PinnedPartition>
pinned_partitions(const logic::Outbox& outbox);

} // namespace millrace::actors
