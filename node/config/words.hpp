#pragma once

#include <string>
#include <string_view>

namespace millrace::node {

/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

/// Without the blanks and line ends around it.
std::string_view trimmed(std::string_view text);

} // namespace millrace::node
