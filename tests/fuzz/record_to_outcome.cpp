// The target for clang's libFuzzer; tests/fuzz/run builds and starts it.
#include "tests/support/record_to_outcome.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string bytes{data, data + size};
  const auto violated = millrace::tests::violated_property(bytes);
  if (!violated.empty()) {
    std::fprintf(stderr, "violated: %s\n", violated.c_str());
    std::abort();
  }
  return 0;
}
