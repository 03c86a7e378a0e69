#pragma once

#include <string>

#include <unistd.h>

namespace millrace::node {

/// The name of this machine, or "unknown".
inline std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size()) != 0)
    return "unknown";
  name.resize(name.find('\0'));
  return name;
}

} // namespace millrace::node
