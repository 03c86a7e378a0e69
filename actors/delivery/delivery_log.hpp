#pragma once

#include "logic/core/log.hpp"
#include "logic/delivery/delivery_reports.hpp"
#include "logic/delivery/outbox.hpp"

#include <string_view>

namespace millrace::actors {

/// At debug, a line for each record that was not delivered and is sent again
/// or given up. Before the outbox takes the reports in.
inline void log_failed_deliveries(logic::Log& log, std::string_view component,
                                  const logic::Outbox& outbox,
                                  const logic::DeliveryReports& reports) {
  if (reports.failed.empty() || !log.enabled(logic::LogLevel::debug))
    return;
  for (const auto& failure : reports.failed)
    if (const auto source = outbox.source_of(failure.token))
      log.debug(component, "record not delivered",
                {{"topic", source->topic},
                 {"partition", source->partition},
                 {"offset", source->offset},
                 {"fault", to_string(failure.fault)},
                 {"attempt", outbox.attempts(failure.token)},
                 {"error", failure.text}});
}

} // namespace millrace::actors
