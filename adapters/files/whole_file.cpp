#include "adapters/files/whole_file.hpp"

#include "adapters/files/file_descriptor.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace millrace::adapters {

namespace {

logic::Error failed(const std::string& path, int error_number) {
  return {logic::ErrorCode::io_failed,
          "cannot write " + path + ": "
            + std::generic_category().message(error_number)};
}

bool write_all(const FileDescriptor& file, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Renaming would put a file in the place of the device.
bool is_special(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

logic::Result<void> write_special(const std::string& path,
                                  std::string_view bytes) {
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file.is_open() || !write_all(file, bytes) || !file.close())
    return failed(path, errno);
  return {};
}

} // namespace

logic::Result<void> write_whole_file(const std::string& path,
                                     std::string_view bytes) {
  if (is_special(path))
    return write_special(path, bytes);
  auto beside = path + ".XXXXXX";
  FileDescriptor file{::mkostemp(beside.data(), O_CLOEXEC)};
  if (!file.is_open())
    return failed(path, errno);
  // The name is drawn for its owner alone; what we write is no secret.
  constexpr ::mode_t readable_by_all = 0644;
  if (!write_all(file, bytes) || ::fchmod(file.get(), readable_by_all) != 0
      || ::fsync(file.get()) != 0 || !file.close()
      || ::rename(beside.c_str(), path.c_str()) != 0) {
    const auto error_number = errno;
    ::unlink(beside.c_str());
    return failed(path, error_number);
  }
  return {};
}

} // namespace millrace::adapters
