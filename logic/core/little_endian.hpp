#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

/// Numbers as bytes, the lowest first, whatever the machine: for what is kept
/// in files and topics.
namespace millrace::logic {

template <class T>
concept FixedWidth = (std::integral<T> && !std::same_as<T, bool>)
                     || std::same_as<T, float> || std::same_as<T, double>;

/// The unsigned integer with the bits of a number.
template <FixedWidth T>
constexpr auto bits_of(T value) noexcept {
  if constexpr (std::same_as<T, float>)
    return std::bit_cast<std::uint32_t>(value);
  else if constexpr (std::same_as<T, double>)
    return std::bit_cast<std::uint64_t>(value);
  else
    return static_cast<std::make_unsigned_t<T>>(value);
}

/// Writes the bytes of the number; returns where the next goes.
template <FixedWidth T>
constexpr char* store_little_endian(char* to, T value) noexcept {
  const auto bits = bits_of(value);
  for (std::size_t byte = 0; byte != sizeof bits; ++byte)
    *to++ = static_cast<char>((bits >> (8 * byte)) & 0xFF);
  return to;
}

/// Reads what `store_little_endian` wrote at that place.
template <FixedWidth T>
constexpr T load_little_endian(const char* from) noexcept {
  using Bits = decltype(bits_of(T{}));
  Bits bits = 0;
  for (std::size_t byte = 0; byte != sizeof bits; ++byte)
    bits = static_cast<Bits>(
      bits
      | static_cast<Bits>(Bits{static_cast<std::uint8_t>(from[byte])}
                          << (8 * byte)));
  return std::bit_cast<T>(bits);
}

template <FixedWidth T>
void append_little_endian(std::string& out, T value) {
  char bytes[sizeof value];
  store_little_endian(bytes, value);
  out.append(bytes, sizeof value);
}

/// A count or length, mostly small: seven bits to a byte, the lowest first
/// (LEB128).
inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U)
    out.push_back(static_cast<char>(value | 0x80U));
  out.push_back(static_cast<char>(value));
}

/// A difference, mostly small in either direction.
inline void append_signed_varint(std::string& out, std::int64_t value) {
  append_varint(out, static_cast<std::uint64_t>(value) << 1U
                       ^ static_cast<std::uint64_t>(value >> 63U));
}

/// A text behind its length.
inline void append_text(std::string& out, std::string_view text) {
  append_little_endian(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

/// Takes numbers off the front; remembers when it ran out of bytes.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  /// 0 where the bytes ran out.
  template <FixedWidth T>
  T take() {
    const auto piece = take_bytes(sizeof(T));
    return piece.size() == sizeof(T) ? load_little_endian<T>(piece.data())
                                     : T{};
  }

  /// What `append_varint` wrote; 0 where the bytes ran out or go on for too
  /// long.
  std::uint64_t take_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty())
        break;
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80)
        return value;
    }
    short_ = true;
    rest_ = {};
    return 0;
  }

  std::int64_t take_signed_varint() {
    const auto bits = take_varint();
    return static_cast<std::int64_t>(bits >> 1U ^ (0 - (bits & 1U)));
  }

  std::string_view take_bytes(std::size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const auto piece = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return piece;
  }

  /// What `append_text` wrote; a text of more than `most` bytes is none.
  std::string_view take_text(std::size_t most) {
    const auto bytes = take<std::uint32_t>();
    if (bytes <= most)
      return take_bytes(bytes);
    fail();
    return {};
  }

  bool ran_short() const noexcept { return short_; }
  std::size_t left() const noexcept { return rest_.size(); }

private:
  void fail() {
    short_ = true;
    rest_ = {};
  }

  std::string_view rest_;
  bool short_ = false;
};

} // namespace millrace::logic
