#pragma once

#include "logic/dead_letters/dead_letter.hpp"

#include <string>

namespace millrace::logic {

/// Appends a dead letter as one JSON object and a line end. Nothing is lost:
/// key, value and headers are texts, or base64 in a member of that name with
/// `_base64` behind where they are not UTF-8, or null; headers keep their order
/// and repeats. What the headers say is there in members of its own as well.
void append_json_line(std::string& text, const DeadLetter& letter);

} // namespace millrace::logic
