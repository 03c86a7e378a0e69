#pragma once

#include "node/endpoint/node_status.hpp"

#include <string>

namespace millrace::node {

/// The document behind `/status`; docs/operations.md explains it. UTF-8
/// whatever the texts hold: bytes that are not become U+FFFD.
std::string status_json(const NodeStatus& status);

} // namespace millrace::node
