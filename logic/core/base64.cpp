#include "logic/core/base64.hpp"

#include <cstdint>

namespace millrace::logic {

void append_base64(std::string& text, std::string_view bytes) {
  constexpr std::string_view digits
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t group = 3;
  while (!bytes.empty()) {
    const auto some = bytes.substr(0, group);
    bytes.remove_prefix(some.size());
    std::uint32_t bits = 0;
    for (std::size_t index = 0; index != group; ++index)
      bits = (bits << 8U)
             | (index < some.size() ? static_cast<unsigned char>(some[index])
                                    : 0U);
    for (std::size_t index = 0; index != group + 1; ++index) {
      const auto shift = static_cast<unsigned>(6 * (group - index));
      text += index <= some.size() ? digits[(bits >> shift) & 0x3FU] : '=';
    }
  }
}

} // namespace millrace::logic
