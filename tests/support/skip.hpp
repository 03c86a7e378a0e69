#pragma once

#include <iostream>
#include <string_view>

namespace millrace::tests {

/// CTest lists a test program that ends with this code as skipped.
inline constexpr int skip_code = 77;

inline bool skipped = false;

/// Says what this machine lacks for the rest of a test: its suite counts as
/// skipped, unless something else in it fails.
inline void skip(std::string_view reason) {
  skipped = true;
  std::cout << "SKIPPED: " << reason << std::endl;
}

/// What the main returns, from what the framework returned.
inline int exit_code(int code) {
  return code == 0 && skipped ? skip_code : code;
}

} // namespace millrace::tests
