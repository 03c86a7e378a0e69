#pragma once

#include "logic/core/settings.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Durations and sizes as people write them.
namespace millrace::node {

/// `500ms`, `5s`, `2m` or `2min`, `1.5h`, `1d`; a bare number means
/// milliseconds. Nothing when it is not a duration of whole milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `65536`, `64KiB`, `256MiB`, `1GB`, `1.5GiB`: k, M, G, T with B count in
/// thousands; with iB (or only i) in 1024s; letter case does not matter.
/// Nothing when it is not a size of whole bytes up to 2^53.
std::optional<logic::ByteSize> parse_byte_size(std::string_view text);

/// With the largest unit that divides it, as `parse_duration` takes it.
std::string render_duration(std::chrono::milliseconds duration);

/// With the largest unit that divides it, as `parse_byte_size` takes it.
std::string render_byte_size(logic::ByteSize size);

} // namespace millrace::node
