#pragma once

#include "adapters/files/file_descriptor.hpp"
#include "logic/core/result.hpp"
#include "logic/detection/state_store.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace millrace::adapters {

/// The records of one shard, one behind the other in a file, each with its
/// length and checksum: what was being written when the process died is found
/// out and cut off. Of those with the same key the last one counts; once the
/// others are more than half of the file, it is written anew beside itself and
/// renamed. Not thread-safe.
class StateLog {
public:
  /// Below that nobody minds what does not count.
  static constexpr std::uint64_t min_compacted_bytes = std::uint64_t{1} << 20;

  /// Opens the file, or creates it, readable by its owner alone. Errors name
  /// the path and what is wrong: not a regular file, not one of millrace's, of
  /// another shard or a newer version, no permission.
  static logic::Result<StateLog> open(const std::string& path,
                                      std::uint32_t shard);

  /// Reads on, up to about that many bytes. False when all is read.
  logic::Result<bool> read(std::size_t max_bytes,
                           std::vector<logic::detection::StateRecord>& into);

  /// Where it fails, as it does before all is read, the file is as before.
  /// After it the kernel has the bytes: they survive the process, and after
  /// `sync` the machine.
  logic::Result<void>
  append(const std::vector<logic::detection::StateRecord>& records);

  logic::Result<void> sync();

  bool is_worth_compacting() const noexcept {
    return all_read_ && bytes_ >= compact_above_ && live_bytes_ < bytes_ / 2;
  }
  /// Where it fails, the file is as before, and the next try comes when it has
  /// grown by a half.
  logic::Result<void> compact();

  std::uint64_t bytes() const noexcept { return bytes_; }
  /// Damaged records that were passed over.
  std::size_t damaged() const noexcept { return damaged_; }

private:
  struct Place {
    std::uint64_t begin = 0;
    std::uint64_t bytes = 0; ///< with what stands before the key
  };

  StateLog(std::string path, std::uint32_t shard,
           std::unique_ptr<FileDescriptor> file)
    : path_(std::move(path)), shard_(shard), file_(std::move(file)) {}

  logic::Error failed(std::string_view attempt, int error_number) const;
  logic::Result<void> check_header(std::uint64_t file_bytes);
  logic::Result<std::string_view> peek(std::size_t bytes);
  logic::Result<bool> end_of_records();
  void remember(const std::string& key, bool deleted, const Place& place);
  bool copy_live(const FileDescriptor& to,
                 std::unordered_map<std::string, Place>& index);

  std::string path_;
  std::uint32_t shard_;
  std::unique_ptr<FileDescriptor> file_;
  std::uint64_t bytes_ = 0; ///< up to the end of the last whole record
  std::uint64_t live_bytes_ = 0;
  std::uint64_t compact_above_ = min_compacted_bytes;
  std::unordered_map<std::string, Place> index_;
  std::size_t damaged_ = 0;
  bool all_read_ = false;
  std::string buffer_; ///< of the file, while it is read
  std::uint64_t buffer_begin_ = 0;
};

} // namespace millrace::adapters
