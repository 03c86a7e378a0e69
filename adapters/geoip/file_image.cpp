#include "adapters/geoip/file_image.hpp"

#include "adapters/files/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace millrace::adapters::geoip {

namespace {

using logic::Error;
using logic::ErrorCode;

/// Keeps offsets into the data within 31 bits; the largest files known are
/// below 1 GiB.
constexpr std::uint64_t max_file_bytes = std::uint64_t{1} << 31;

Error system_error(std::string_view attempt) {
  const int number = errno;
  const ErrorCode code = number == ENOENT || number == ENOTDIR
                           ? ErrorCode::not_found
                           : ErrorCode::io_failed;
  return {code, std::string{attempt} + ": "
                  + std::generic_category().message(number)};
}

std::int64_t nanoseconds(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileSignature signature_of(const struct stat& status) noexcept {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

logic::Result<void> fill(int descriptor, char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(descriptor, to + done, size - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return system_error("cannot be read");
    if (count == 0)
      return Error{ErrorCode::io_failed,
                   "became shorter while it was read; write a new file beside "
                   "it and rename that over it"};
    done += static_cast<std::size_t>(count);
  }
  return {};
}

} // namespace

FileSignature signature_of(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return {};
  return signature_of(status);
}

logic::Result<FileImage> FileImage::load(const std::string& path,
                                         FileAccess access) {
  // Without O_NONBLOCK a named pipe would block until somebody writes.
  const FileDescriptor file{
    ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file.is_open())
    return system_error("cannot be opened");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    return system_error("cannot be examined");
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::invalid_argument, "is not a regular file"};
  const FileSignature signature = signature_of(status);
  if (signature.bytes == 0)
    return Error{ErrorCode::malformed, "is empty; download it again"};
  if (signature.bytes >= max_file_bytes)
    return Error{ErrorCode::unsupported, "is larger than 2 GiB"};
  const auto size = static_cast<std::size_t>(signature.bytes);
  const bool copies = access == FileAccess::memory;
  void* memory = ::mmap(nullptr, size,
                        copies ? PROT_READ | PROT_WRITE : PROT_READ,
                        copies ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE,
                        copies ? -1 : file.get(), 0);
  if (memory == MAP_FAILED)
    return system_error("cannot be brought into memory");
  FileImage image{static_cast<const char*>(memory), size, signature};
  if (!copies)
    return image;
  // Random reads over some 60 MB: large pages spare most TLB misses. Only a
  // wish, so the answer does not matter.
  ::madvise(memory, size, MADV_HUGEPAGE);
  if (auto filled = fill(file.get(), static_cast<char*>(memory), size); !filled)
    return filled.error();
  ::mprotect(memory, size, PROT_READ);
  if (::fstat(file.get(), &status) != 0 || signature_of(status) != signature)
    return Error{ErrorCode::io_failed,
                 "changed while it was read; write a new file beside it and "
                 "rename that over it"};
  return image;
}

FileImage::FileImage(FileImage&& other) noexcept
  : data_(std::exchange(other.data_, nullptr)),
    size_(std::exchange(other.size_, 0)), signature_(other.signature_) {}

FileImage::~FileImage() {
  if (data_ != nullptr)
    ::munmap(const_cast<char*>(data_), size_);
}

} // namespace millrace::adapters::geoip
