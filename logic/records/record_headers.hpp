#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::logic {

/// Kafka record headers in one run of bytes, in order, repeats allowed:
/// per header a 32-bit length and the name, then a 32-bit length (-1 for a
/// null value) and the value, both in host byte order.
struct HeaderView {
  std::string_view name;
  std::optional<std::string_view> value;
};

/// Appends one header to an encoded run.
void append_header(std::string& encoded, std::string_view name,
                   std::optional<std::string_view> value);

/// Takes the first header off the run; nothing when the run is empty. A run
/// that was not written by `append_header` is cut short, never overrun.
std::optional<HeaderView> take_header(std::string_view& encoded);

/// The last value under that name, as Kafka's `Headers.lastHeader` has it;
/// nothing where the name is missing or its value is null.
std::optional<std::string_view> last_header(std::string_view encoded,
                                            std::string_view name);

} // namespace millrace::logic
