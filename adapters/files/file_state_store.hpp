#pragma once

#include "logic/core/result.hpp"
#include "logic/detection/state_store.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace::adapters {

struct FileStateStoreOptions {
  std::string folder;
  std::uint32_t shards = 1;
  /// From one sync of what was appended to the next. What is appended survives
  /// the process at once, the machine after that.
  std::chrono::milliseconds sync_interval{5'000};
};

/// Keeps the state of all shards of the group in files of this node, one for
/// each, and so owns them all. Reads and writes on a thread of its own. Where
/// the disk is full or fails it says so once and goes on: each further append
/// is a new try.
class FileStateStore : public logic::detection::StateStore {
public:
  /// The folder must exist, be writable, and be no other node's. Errors name it
  /// and what to do.
  static logic::Result<std::unique_ptr<FileStateStore>>
  open(const FileStateStoreOptions& options);

  /// What was found there that somebody should know, for the log.
  virtual const std::vector<std::string>& notes() const noexcept = 0;
};

} // namespace millrace::adapters
