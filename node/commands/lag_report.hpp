#pragma once

#include "logic/operations/group_lag.hpp"
#include "node/endpoint/text_table.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace millrace::node::commands {

/// A group's lag as lines of text for people: the group, the sums, and a line
/// for each partition.
std::string draw_lag(const logic::GroupLagHistory& history,
                     const StatusCanvas& canvas);

/// The same as a document for scripts; what cannot be told is null.
boost::json::object lag_document(const logic::GroupLagHistory& history);

} // namespace millrace::node::commands
