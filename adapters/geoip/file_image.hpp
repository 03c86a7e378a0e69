#pragma once

#include "logic/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::adapters::geoip {

/// Tells whether a path still names the same bytes. All zero: no such file.
struct FileSignature {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0; ///< since 1970
  std::int64_t changed_ns = 0; ///< status change, since 1970

  friend bool operator==(const FileSignature&, const FileSignature&) = default;
};

/// Of the file that `path` names now.
FileSignature signature_of(const std::string& path) noexcept;

enum class FileAccess : std::uint8_t {
  memory, ///< a private copy: nothing that happens to the file matters
  map, ///< shared with the page cache: SIGBUS when the file is cut short
};

/// The bytes of one file, read-only. Any thread may read them.
class FileImage {
public:
  /// Errors say what is wrong without naming the file: missing, not a regular
  /// file, unreadable, empty, larger than 2 GiB, changed while it was read.
  static logic::Result<FileImage> load(const std::string& path,
                                       FileAccess access);

  FileImage(FileImage&& other) noexcept;
  FileImage& operator=(FileImage&&) = delete;
  ~FileImage();

  std::string_view bytes() const noexcept { return {data_, size_}; }
  const FileSignature& signature() const noexcept { return signature_; }

private:
  FileImage(const char* data, std::size_t size,
            const FileSignature& signature) noexcept
    : data_(data), size_(size), signature_(signature) {}

  const char* data_ = nullptr;
  std::size_t size_ = 0;
  FileSignature signature_;
};

} // namespace millrace::adapters::geoip
