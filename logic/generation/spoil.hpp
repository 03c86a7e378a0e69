#pragma once

#include "logic/generation/bad_record.hpp"
#include "logic/generation/event_text.hpp"
#include "logic/generation/random_stream.hpp"

#include <cstddef>
#include <string>

namespace millrace::logic::generation {

/// Appends a value that is bad in the given way, made from an event that
/// would have been good. Nothing is appended for a tombstone; `value_bytes`
/// is the length of a `too_large` one.
void append_bad_value(std::string& bytes, BadKind kind,
                      const EventFields& event, RandomStream& random,
                      std::size_t value_bytes);

} // namespace millrace::logic::generation
