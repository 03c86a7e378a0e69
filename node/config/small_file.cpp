#include "node/config/small_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <sys/stat.h>

namespace millrace::node {

namespace {

logic::Error cannot_read(const std::string& path, const std::string& why) {
  return {logic::ErrorCode::io_failed, "cannot read " + path + ": " + why};
}

logic::Error cannot_read(const std::string& path, int error_number) {
  return cannot_read(path, std::generic_category().message(error_number));
}

} // namespace

logic::Result<std::string> read_small_file(const std::string& path,
                                           std::size_t largest_bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
    std::fopen(path.c_str(), "rbe"), &std::fclose};
  if (file == nullptr)
    return cannot_read(path, errno);
  struct stat status {};
  if (fstat(fileno(file.get()), &status) == 0 && S_ISDIR(status.st_mode))
    return cannot_read(path, "it is a directory");
  std::string text;
  std::array<char, 4096> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(),
                                              file.get())) {
    text.append(chunk.data(), count);
    if (text.size() > largest_bytes)
      return cannot_read(path, "it is longer than "
                                 + std::to_string(largest_bytes) + " bytes");
  }
  if (std::ferror(file.get()) != 0)
    return cannot_read(path, errno);
  return text;
}

} // namespace millrace::node
