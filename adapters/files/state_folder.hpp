#pragma once

#include "adapters/files/file_descriptor.hpp"
#include "adapters/files/state_log.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/state_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace::adapters {

/// A folder with the state of one node's shards: locked (flock) as long as it
/// is open, a file `shard-N.log` for each shard, and a file `generation` that
/// counts how often it was opened.
class StateFolder {
public:
  static logic::Result<StateFolder> open(const std::string& path,
                                         std::uint32_t shards);

  /// Higher than at any time before.
  logic::detection::StateGeneration generation() const noexcept {
    return generation_;
  }
  std::vector<StateLog>& logs() noexcept { return logs_; }
  const std::vector<std::string>& notes() const noexcept { return notes_; }

private:
  StateFolder() = default;

  logic::Result<void> lock(const std::string& path);
  logic::Result<void> count_generation(const std::string& path,
                                       std::uint32_t shards);
  logic::Result<void> open_logs(const std::string& path, std::uint32_t shards);

  std::unique_ptr<FileDescriptor> lock_;
  logic::detection::StateGeneration generation_ = 0;
  std::vector<StateLog> logs_; ///< by shard
  std::vector<std::string> notes_;
};

} // namespace millrace::adapters
