#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace::logic {

/// How many single-character changes (insert, delete, replace, swap of two
/// neighbours) lead from one word to the other: optimal string alignment, the
/// restricted Damerau-Levenshtein distance. Case-sensitive, bytes.
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate nearest to `word`, the first of equals; empty when none is
/// near enough (a third of the word's length, at least 2) to be what was
/// meant. Words longer than 128 bytes have no neighbours.
std::string nearest_word(std::string_view word,
                         std::span<const std::string> candidates);

/// " (did you mean 'kafka'?)", or nothing when no candidate is near.
std::string suggestion(std::string_view word,
                       std::span<const std::string> candidates);

} // namespace millrace::logic
