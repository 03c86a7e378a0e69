#pragma once

#include "logic/core/result.hpp"

#include <string>
#include <string_view>

namespace millrace::adapters {

/// Writes so that the path names either the old content or the whole of the
/// new one, whatever happens meanwhile: a file beside it is written, synced
/// and renamed. What is there and no regular file (a device, a pipe) is
/// written to as it stands. Errors (`io_failed`) name the path and the reason;
/// they leave nothing behind.
logic::Result<void> write_whole_file(const std::string& path,
                                     std::string_view bytes);

} // namespace millrace::adapters
