#pragma once

#include "actors/delivery/delivery_circuits.hpp"
#include "logic/core/log.hpp"
#include "logic/delivery/outbox.hpp"
#include "messages/status.hpp"

namespace millrace::actors {

/// Says what befell a record; nothing for a client that failed.
void log_notice(logic::Log& log, logic::LogLimiter::Time now,
                const logic::OutboxNotice& notice);

/// What an outbox cannot write at the moment, as the status shows it.
std::vector<messages::PinnedPartition>
pinned_partitions(const logic::Outbox& outbox);

} // namespace millrace::actors
