#include "logic/records/record_headers.hpp"

#include <cstdint>
#include <cstring>

namespace millrace::logic {

namespace {

void append_length(std::string& encoded, std::int32_t length) {
  char bytes[sizeof length];
  std::memcpy(bytes, &length, sizeof length);
  encoded.append(bytes, sizeof bytes);
}

/// Reads a length and as many bytes; false when the run is too short.
bool take_piece(std::string_view& encoded,
                std::optional<std::string_view>& piece) {
  std::int32_t length = 0;
  if (encoded.size() < sizeof length)
    return false;
  std::memcpy(&length, encoded.data(), sizeof length);
  encoded.remove_prefix(sizeof length);
  if (length < 0) {
    piece.reset();
    return true;
  }
  const auto bytes = static_cast<std::size_t>(length);
  if (bytes > encoded.size())
    return false;
  piece = encoded.substr(0, bytes);
  encoded.remove_prefix(bytes);
  return true;
}

} // namespace

void append_header(std::string& encoded, std::string_view name,
                   std::optional<std::string_view> value) {
  append_length(encoded, static_cast<std::int32_t>(name.size()));
  encoded.append(name);
  append_length(encoded, value ? static_cast<std::int32_t>(value->size()) : -1);
  if (value)
    encoded.append(*value);
}

std::optional<HeaderView> take_header(std::string_view& encoded) {
  std::optional<std::string_view> name;
  std::optional<std::string_view> value;
  if (!take_piece(encoded, name) || !name || !take_piece(encoded, value)) {
    encoded = {};
    return std::nullopt;
  }
  return HeaderView{*name, value};
}

std::optional<std::string_view> last_header(std::string_view encoded,
                                            std::string_view name) {
  std::optional<std::string_view> found;
  while (auto header = take_header(encoded))
    if (header->name == name)
      found = header->value;
  return found;
}

} // namespace millrace::logic
