#pragma once

#include <utility>

#include <unistd.h>

namespace millrace::adapters {

/// An open file, closed with this object. Made from what open(2) returns, so
/// it may also be none.
class FileDescriptor {
public:
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(other.release()) {}
  ~FileDescriptor() {
    if (is_open())
      ::close(descriptor_);
  }

  bool is_open() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }

  /// From now on the caller's to close.
  int release() noexcept { return std::exchange(descriptor_, -1); }

  /// False where the last bytes could not be handed over; errno says why.
  bool close() noexcept { return ::close(std::exchange(descriptor_, -1)) == 0; }

private:
  int descriptor_;
};

} // namespace millrace::adapters
