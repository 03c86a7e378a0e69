#pragma once

#include <string>
#include <string_view>

namespace millrace::logic {

/// Appends the bytes as base64 with padding (RFC 4648, section 4).
void append_base64(std::string& text, std::string_view bytes);

} // namespace millrace::logic
