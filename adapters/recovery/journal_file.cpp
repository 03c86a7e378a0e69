#include "adapters/recovery/journal_file.hpp"

#include <cerrno>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace millrace::adapters {

namespace {

logic::Error failed(logic::ErrorCode code, const std::string& path,
                    std::string_view why) {
  return {code,
          "cannot open the crash journal " + path + ": " + std::string{why}};
}

logic::ErrorCode code_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
      return logic::ErrorCode::not_found;
    case ENOSPC:
    case EDQUOT:
      return logic::ErrorCode::no_space;
    default:
      return logic::ErrorCode::io_failed;
  }
}

logic::Error failed(const std::string& path, int error_number,
                    std::string_view advice = {}) {
  return failed(code_of(error_number), path,
                std::generic_category().message(error_number)
                  + std::string{advice});
}

/// Keeps the space or says (errno) why not. What is there stays.
int reserve(int descriptor, ::off_t bytes) noexcept {
  int error_number = 0;
  do
    error_number = ::posix_fallocate(descriptor, 0, bytes);
  while (error_number == EINTR);
  return error_number;
}

std::string_view open_advice(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
      return "; the folder must exist";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; this user must be able to write there";
    default:
      return {};
  }
}

} // namespace

logic::Result<JournalFile> JournalFile::open(const std::string& path,
                                             std::size_t bytes) {
  if (bytes == 0 || bytes > std::size_t{std::numeric_limits<::off_t>::max()})
    return failed(logic::ErrorCode::invalid_argument, path,
                  "a size of " + std::to_string(bytes)
                    + " bytes makes no sense");
  const auto size = static_cast<::off_t>(bytes);
  JournalFile file;
  // Not blocking: whatever is in this place must not stop the program.
  file.descriptor_ = ::open(path.c_str(),
                            O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  struct stat status {};
  if (file.descriptor_ < 0 || ::fstat(file.descriptor_, &status) != 0)
    return failed(path, errno, open_advice(errno));
  if (!S_ISREG(status.st_mode))
    return failed(logic::ErrorCode::io_failed, path,
                  "it is not a regular file");
  if (::flock(file.descriptor_, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
             ? failed(logic::ErrorCode::unavailable, path,
                      "another process has it open; two nodes on one machine "
                      "need a journal each")
             : failed(path, errno);
  // Only now is the size settled.
  if (::fstat(file.descriptor_, &status) != 0)
    return failed(path, errno);
  if (status.st_size != size && status.st_size != 0) {
    file.note_ = "the crash journal " + path + " had "
                 + std::to_string(status.st_size) + " bytes instead of "
                 + std::to_string(bytes) + " and was emptied";
    if (::ftruncate(file.descriptor_, 0) != 0)
      return failed(path, errno);
  }
  if (const auto error_number = reserve(file.descriptor_, size)) {
    // What was reserved before it failed would be missing elsewhere. What
    // had the right size keeps its content for a better day.
    if (status.st_size != size && ::ftruncate(file.descriptor_, 0) != 0)
      return failed(path, errno);
    return failed(path, error_number,
                  "; it needs " + std::to_string(bytes) + " bytes");
  }
  auto* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                        file.descriptor_, 0);
  if (memory == MAP_FAILED)
    return failed(path, errno);
  file.memory_ = {static_cast<std::byte*>(memory), bytes};
  return file;
}

JournalFile::JournalFile(JournalFile&& other) noexcept
  : descriptor_(std::exchange(other.descriptor_, -1)),
    memory_(std::exchange(other.memory_, {})),
    note_(std::exchange(other.note_, std::nullopt)) {}

JournalFile& JournalFile::operator=(JournalFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(memory_, other.memory_);
  std::swap(note_, other.note_);
  return *this;
}

JournalFile::~JournalFile() {
  if (!memory_.empty())
    ::munmap(memory_.data(), memory_.size());
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

} // namespace millrace::adapters
