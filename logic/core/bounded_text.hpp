#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Longest text of a fault that goes into a header, a log line or a status.
inline constexpr std::size_t max_fault_bytes = 512;

/// Text from outside (a broker's words, an exception's) as it may be shown: at
/// most `max_bytes`, cut between characters with "..." behind; control
/// characters and bytes that are not UTF-8 become blanks.
std::string bounded_text(std::string_view text,
                         std::size_t max_bytes = max_fault_bytes);

} // namespace millrace::logic
