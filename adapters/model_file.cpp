#include "adapters/model_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace millrace::adapters {

namespace {

/// Twice what the largest possible forest takes.
constexpr std::size_t max_file_bytes = std::size_t{32} * 1024 * 1024;

/// Closes when left.
class OpenFile {
public:
  explicit OpenFile(int descriptor) noexcept : descriptor_(descriptor) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }

  int get() const noexcept { return descriptor_; }
  /// False where the last bytes could not be handed over.
  bool close() noexcept { return ::close(std::exchange(descriptor_, -1)) == 0; }

private:
  int descriptor_;
};

logic::Error failed(std::string_view what, const std::string& path,
                    int error_number) {
  const auto code = error_number == ENOENT ? logic::ErrorCode::not_found
                                           : logic::ErrorCode::io_failed;
  return {code, std::string{what} + ' ' + path + ": "
                  + std::generic_category().message(error_number)};
}

logic::Result<std::string> read_bytes(const std::string& path) {
  constexpr std::string_view what = "cannot read the model file";
  // Not blocking: a named pipe in this place must not stop the program.
  const OpenFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
    return failed(what, path, errno);
  if (!S_ISREG(status.st_mode))
    return logic::Error{logic::ErrorCode::io_failed,
                        std::string{what} + ' ' + path
                          + ": it is not a regular file"};
  std::string bytes;
  char chunk[16384];
  for (;;) {
    const auto count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failed(what, path, errno);
    if (count == 0)
      return bytes;
    bytes.append(chunk, static_cast<std::size_t>(count));
    if (bytes.size() > max_file_bytes)
      return logic::Error{logic::ErrorCode::malformed,
                          std::string{what} + ' ' + path
                            + ": it is larger than any model ("
                            + std::to_string(max_file_bytes) + " bytes)"};
  }
}

bool write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0)
      bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

} // namespace

logic::Result<logic::detection::ModelPtr>
read_model_file(const std::string& path) {
  const auto bytes = read_bytes(path);
  if (!bytes)
    return bytes.error();
  auto model = logic::detection::decode_model(*bytes);
  if (!model)
    return logic::Error{model.error().code,
                        "model file " + path + ": " + model.error().text};
  return model;
}

logic::Result<void> write_model_file(const std::string& path,
                                     const logic::detection::Model& model) {
  constexpr std::string_view what = "cannot write the model file";
  auto beside = path + ".XXXXXX";
  OpenFile file{::mkostemp(beside.data(), O_CLOEXEC)};
  if (file.get() < 0)
    return failed(what, path, errno);
  // The name is drawn for its owner alone; a model is no secret.
  constexpr ::mode_t readable_by_all = 0644;
  if (!write_all(file.get(), logic::detection::encode_model(model))
      || ::fchmod(file.get(), readable_by_all) != 0 || ::fsync(file.get()) != 0
      || !file.close() || ::rename(beside.c_str(), path.c_str()) != 0) {
    const auto error_number = errno;
    ::unlink(beside.c_str());
    return failed(what, path, error_number);
  }
  return {};
}

} // namespace millrace::adapters
