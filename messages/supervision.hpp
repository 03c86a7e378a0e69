#pragma once

#include "logic/supervision/step.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

/// Between the supervisor, its actors and the node.
namespace millrace::messages {

/// Supervisor to anybody, through the ordinary mailbox: are you alive?
struct Heartbeat {};

struct HeartbeatAnswer {
  std::size_t mailbox = 0; ///< messages that wait
};

/// Node to supervisor, at the end: stop all, restart nothing.
struct StopChildren {};

/// An actor that was down and came back.
struct Recovery {
  std::string actor;
  std::string cause;
  std::chrono::microseconds total{}; ///< from the failure to a sign of life
  std::chrono::microseconds waited{}; ///< of it before the start: back-off
  bool hung = false; ///< it gave no sign of life
  std::chrono::steady_clock::time_point found_at{}; ///< the failure
};

/// To the supervisor; answered by the latest of them.
struct ListRecoveries {};

struct Recoveries {
  std::vector<Recovery> recoveries;
};

/// The supervisor's answer to `ReportStatus`.
struct SupervisorStatus {
  logic::supervision::Status tree;
  std::map<std::string, std::size_t> mailboxes; ///< as of the last heartbeat
};

} // namespace millrace::messages
