#pragma once

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace millrace::tests {

/// A folder of its own for a test, gone with it and all that is inside.
class TemporaryFolder {
public:
  TemporaryFolder() {
    auto pattern = (std::filesystem::temp_directory_path()
                    / "millrace-test-XXXXXX")
                     .string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw std::runtime_error{"no folder for the test: " + pattern};
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }

  /// The path of what is, or will be, in it by that name.
  std::string operator/(std::string_view name) const { return path_ / name; }

  /// Writes a whole file, and gives its path. Replaces by renaming: whoever
  /// reads meanwhile finds the old content or the new.
  std::string write(std::string_view name, std::string_view bytes) const {
    const auto target = *this / name;
    const auto beside = target + ".new";
    std::ofstream file{beside, std::ios::binary};
    file << bytes;
    file.close();
    if (!file)
      throw std::runtime_error{"cannot write " + beside};
    std::filesystem::rename(beside, target);
    return target;
  }

  /// How many files and folders are directly inside.
  std::size_t entries() const {
    return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{path_}, {}));
  }

private:
  std::filesystem::path path_;
};

} // namespace millrace::tests
