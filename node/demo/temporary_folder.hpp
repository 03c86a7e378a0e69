#pragma once

#include <filesystem>
#include <string>

namespace millrace::node::demo {

/// A folder that goes away with this object.
class TemporaryFolder {
public:
  /// `purpose` becomes part of its name. Where no folder can be made `path`
  /// stays empty.
  explicit TemporaryFolder(const std::string& purpose);

  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace millrace::node::demo
