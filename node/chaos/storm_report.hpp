#pragma once

#include "logic/faults/fault_order.hpp"
#include "logic/supervision/step.hpp"
#include "logic/verification/verification_report.hpp"
#include "messages/supervision.hpp"
#include "node/chaos/poison_ledger.hpp"
#include "node/chaos/recovery_log.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace millrace::node::chaos {

/// What became of the faults of one kind.
struct FaultCount {
  std::uint64_t done = 0;
  std::uint64_t impossible = 0; ///< nobody was there to obey
};

/// Everything that is known of a storm when it is over.
struct StormReport {
  std::uint64_t seed = 0;
  std::uint64_t planned = 0; ///< faults
  std::chrono::milliseconds duration{0}; ///< of the load
  std::string again; ///< the command that runs the same storm

  std::array<FaultCount, logic::faults::fault_kind_count> faults{};
  std::vector<HangOrder> hangs;
  std::vector<messages::Recovery> recoveries;
  std::map<std::string, std::uint64_t> restarts; ///< by actor; not those with 0
  std::uint64_t redispatched = 0; ///< batches
  PoisonTally poison;
  std::uint64_t written = 0; ///< records, planted ones included
  std::uint64_t peak_memory_bytes = 0; ///< of the process, generator included

  std::string node_failure; ///< why the node ended by itself, else empty
  std::string not_quiescent; ///< why the end was not waited for, else empty
  int stop_code = 0; ///< exit code of the node
  std::optional<logic::verification::VerificationReport> deliveries;

  FaultCount& of(logic::faults::FaultKind kind) noexcept {
    return faults[static_cast<std::size_t>(kind)];
  }
  const FaultCount& of(logic::faults::FaultKind kind) const noexcept {
    return faults[static_cast<std::size_t>(kind)];
  }
};

/// What is wrong, a sentence fragment each; empty: the storm was passed.
/// Doubles are excused where delivery reports were lost on purpose or the
/// broker was away, swaps where deliveries failed on purpose.
std::vector<std::string> complaints(const StormReport& report);

/// What is known before the node is stopped.
void print_report(std::ostream& out, const StormReport& report);

/// The table of the delivery check, what became of the poison, and the verdict
/// with a line for each complaint.
void print_verdict(std::ostream& out, const StormReport& report);

/// How often each actor of the tree was restarted.
std::map<std::string, std::uint64_t>
restarts_of(const logic::supervision::Status& tree);

/// Members of the tree that are down, and should not be.
std::size_t down_in(const logic::supervision::Status& tree);

/// "412 us", "9.8 ms", "2.31 s"
std::string readable(std::chrono::microseconds duration);

} // namespace millrace::node::chaos
