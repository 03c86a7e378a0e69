#pragma once

#include "logic/core/settings.hpp"

#include <cstdint>
#include <string>

namespace millrace::node {

/// Section "log".
struct LogConfig {
  /// debug, info, warn (or warning), error, fatal (or critical); any case
  std::string level = "info";
  std::string format = "auto"; ///< json, plain, or auto: plain on a terminal
  std::string file; ///< beside stdout; empty: none
  logic::ByteSize max_file_size{64ULL * 1024 * 1024};
  std::int64_t max_files = 3; ///< rotated files kept beside the current one
};

void describe(logic::SettingVisitor& visitor, LogConfig& config);

} // namespace millrace::node
