#include "node/demo/temporary_folder.hpp"

#include <cstdlib>
#include <system_error>

namespace millrace::node::demo {

TemporaryFolder::TemporaryFolder(const std::string& purpose) {
  auto pattern = (std::filesystem::temp_directory_path()
                  / ("millrace-" + purpose + "-XXXXXX"))
                   .string();
  if (mkdtemp(pattern.data()) != nullptr)
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
}

} // namespace millrace::node::demo
