#pragma once

#include "logic/core/result.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace millrace::adapters {

/// A file of fixed size, mapped shared: what is stored in it survives any
/// death of the process (though not of the machine). Locked (flock) as long
/// as it is open, so that no two processes write to it. Its space on disk is
/// reserved at the beginning, as a full disk would otherwise show as SIGBUS
/// at some later store.
class JournalFile {
public:
  /// Opens the file or creates it, readable by its owner alone; new bytes are
  /// zero. What has another size is emptied, and `note` says so. Errors name
  /// the path and what is wrong: the folder is missing, no permission, not a
  /// regular file, in use by another process, no space left.
  static logic::Result<JournalFile> open(const std::string& path,
                                         std::size_t bytes);

  JournalFile(JournalFile&& other) noexcept;
  JournalFile& operator=(JournalFile&& other) noexcept;
  ~JournalFile();

  /// Aligned to pages; as long as was asked for.
  std::span<std::byte> memory() const noexcept { return memory_; }

  /// What was found in the place and thrown away, for the log.
  const std::optional<std::string>& note() const noexcept { return note_; }

private:
  JournalFile() = default;

  int descriptor_ = -1; ///< kept open for the lock
  std::span<std::byte> memory_;
  std::optional<std::string> note_;
};

} // namespace millrace::adapters
