#pragma once

#include "logic/core/result.hpp"
#include "logic/faults/fault_storm.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::node::chaos {

inline constexpr std::size_t max_fault_list_bytes = 64U << 20U;

/// "at 1200ms crash encoder 1"
std::string to_line(const logic::faults::TimedFault& fault);

/// A line each; `parse_fault_list` makes an equal list of it.
std::string to_lines(std::span<const logic::faults::TimedFault> faults);

/// Reads such lines, in any order of time; blank lines and lines that begin
/// with # are passed over. The faults come sorted by time, equal times in the
/// order of the lines, and numbered from 1. Errors (invalid_argument) name
/// the line.
logic::Result<std::vector<logic::faults::TimedFault>>
parse_fault_list(std::string_view text);

/// Reads a file of such lines; `io_failed` where it cannot be read.
logic::Result<std::vector<logic::faults::TimedFault>>
read_fault_list(const std::string& path);

/// When the last of the faults is over; hangs and outages last beyond their
/// beginning. 0 for none.
std::chrono::milliseconds
end_of(std::span<const logic::faults::TimedFault> faults);

} // namespace millrace::node::chaos
