#include "logic/core/bounded_text.hpp"

#include "logic/core/json_text.hpp"

namespace millrace::logic {

namespace {

constexpr std::string_view ellipsis = "...";

bool continues_character(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// C0 and DEL are one byte; C1 is the two bytes C2 80 to C2 9F.
void blank_controls(std::string& text) {
  for (std::size_t at = 0; at != text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) {
      text[at] = ' ';
    } else if (byte == 0xC2 && at + 1 != text.size()
               && static_cast<unsigned char>(text[at + 1]) < 0xA0) {
      text[at] = ' ';
      text[at + 1] = ' ';
    }
  }
}

} // namespace

std::string bounded_text(std::string_view text, std::size_t max_bytes) {
  std::string shown{text.substr(0, max_bytes)};
  if (text.size() > max_bytes) {
    auto end = max_bytes > ellipsis.size() ? max_bytes - ellipsis.size() : 0;
    while (end != 0 && continues_character(shown[end]))
      --end;
    shown.resize(end);
    shown += ellipsis.substr(0, max_bytes);
  }
  for (auto bad = find_invalid_utf8(shown); bad != std::string::npos;
       bad = find_invalid_utf8(shown))
    shown[bad] = ' ';
  blank_controls(shown);
  return shown;
}

} // namespace millrace::logic
