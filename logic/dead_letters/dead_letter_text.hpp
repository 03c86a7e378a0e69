#pragma once

#include "logic/dead_letters/dead_letter.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Dead letters for people.
namespace millrace::logic {

/// The head of a list, and a dead letter as a line of it; with the line end.
std::string list_head();
std::string list_line(const DeadLetter& letter);

struct ShowOptions {
  bool unmasked = false; ///< personal values as they are
  std::size_t value_bytes = 4'096; ///< of the value, at most; 0: all
};

/// All there is to say of one: why, whence, history, headers, key and value.
std::string describe(const DeadLetter& letter, const ShowOptions& options);

} // namespace millrace::logic
