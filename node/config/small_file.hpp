#pragma once

#include "logic/core/result.hpp"

#include <cstddef>
#include <string>

namespace millrace::node {

/// The whole of a file that a person wrote, or an error that names path and
/// cause: missing, unreadable, a directory, longer than `largest_bytes`.
logic::Result<std::string> read_small_file(const std::string& path,
                                           std::size_t largest_bytes);

} // namespace millrace::node
