#include "adapters/files/model_file.hpp"

#include "adapters/files/file_descriptor.hpp"
#include "adapters/files/whole_file.hpp"

#include <cerrno>
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

constexpr std::string_view advice = "; millrace model train writes one";

logic::Error cannot_read(logic::ErrorCode code, const std::string& path,
                         std::string_view why) {
  std::string text = "cannot read the model file " + path + ": ";
  text += why;
  text += advice;
  return {code, std::move(text)};
}

logic::Error cannot_read(const std::string& path, int error_number) {
  return cannot_read(error_number == ENOENT ? logic::ErrorCode::not_found
                                            : logic::ErrorCode::io_failed,
                     path, std::generic_category().message(error_number));
}

logic::Result<std::string> read_bytes(const std::string& path) {
  // Not blocking: a named pipe in this place must not stop the program.
  const FileDescriptor file{
    ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0)
    return cannot_read(path, errno);
  if (!S_ISREG(status.st_mode))
    return cannot_read(logic::ErrorCode::io_failed, path,
                       "it is not a regular file");
  std::string bytes;
  char chunk[16384];
  for (;;) {
    const auto count = ::read(file.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return cannot_read(path, errno);
    if (count == 0)
      return bytes;
    bytes.append(chunk, static_cast<std::size_t>(count));
    if (bytes.size() > max_file_bytes)
      return cannot_read(logic::ErrorCode::malformed, path,
                         "it is larger than any model ("
                           + std::to_string(max_file_bytes) + " bytes)");
  }
}

} // namespace

logic::Result<logic::detection::ModelPtr>
read_model_file(const std::string& path) {
  const auto bytes = read_bytes(path);
  if (!bytes)
    return bytes.error();
  auto model = logic::detection::decode_model(*bytes);
  if (model)
    return model;
  auto text = "model file " + path + ": " + model.error().text;
  // That of another version says itself what to do.
  if (model.error().code != logic::ErrorCode::unsupported)
    text += advice;
  return logic::Error{model.error().code, std::move(text)};
}

logic::Result<void> write_model_file(const std::string& path,
                                     const logic::detection::Model& model) {
  return write_whole_file(path, logic::detection::encode_model(model));
}

} // namespace millrace::adapters
