#include "logic/generation/event_text.hpp"

#include <charconv>
#include <cstring>

namespace millrace::logic::generation {

namespace {

constexpr auto hex_pairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte != 256; ++byte) {
    pairs[2 * byte] = digits[byte >> 4];
    pairs[2 * byte + 1] = digits[byte & 15];
  }
  return pairs;
}();

char* write_hex(char* to, std::uint64_t bits, unsigned bytes) noexcept {
  for (unsigned index = 0; index != bytes; ++index) {
    std::memcpy(to, hex_pairs.data() + 2 * (bits & 0xFFU), 2);
    to += 2;
    bits >>= 8;
  }
  return to;
}

template <std::size_t size>
char* write_literal(char* to, const char (&text)[size]) noexcept {
  std::memcpy(to, text, size - 1);
  return to + size - 1;
}

char* write_text(char* to, std::string_view text) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* write_number(char* to, std::int64_t number) noexcept {
  return std::to_chars(to, to + 20, number).ptr;
}

char* write_address(char* to, std::uint32_t address) noexcept {
  to = write_number(to, address >> 24);
  *to++ = '.';
  to = write_number(to, (address >> 16) & 0xFFU);
  *to++ = '.';
  to = write_number(to, (address >> 8) & 0xFFU);
  *to++ = '.';
  return write_number(to, address & 0xFFU);
}

} // namespace

char* write_uuid(char* to, RandomStream& random) noexcept {
  // Bytes go out from the low end, so the version nibble is the high half of
  // byte 6 and the variant the two high bits of byte 8.
  const std::uint64_t first = (random.next() & ~(0xF0ULL << 48))
                              | (0x40ULL << 48);
  const std::uint64_t second = (random.next() & ~0xC0ULL) | 0x80ULL;
  to = write_hex(to, first, 4);
  *to++ = '-';
  to = write_hex(to, first >> 32, 2);
  *to++ = '-';
  to = write_hex(to, first >> 48, 2);
  *to++ = '-';
  to = write_hex(to, second, 2);
  *to++ = '-';
  return write_hex(to, second >> 16, 6);
}

Uuid make_uuid(RandomStream& random) noexcept {
  Uuid uuid;
  write_uuid(uuid.data(), random);
  return uuid;
}

char* write_event(char* to, const EventFields& fields) noexcept {
  to = write_literal(to, R"({"user_id": ")");
  to = write_text(to, fields.user_id);
  to = write_literal(to, R"(", "app_version": "2.3.0", "ip": ")");
  to = write_address(to, fields.address_v4);
  to = write_literal(to, R"(", "locale": ")");
  to = write_text(to, fields.locale);
  to = write_literal(to, R"(", "device_id": ")");
  to = write_text(to, fields.device_id);
  to = write_literal(to, R"(", "timestamp": )");
  to = write_number(to, fields.timestamp_s);
  if (!fields.device_type.empty()) {
    to = write_literal(to, R"(, "device_type": ")");
    to = write_text(to, fields.device_type);
    *to++ = '"';
  }
  if (!fields.login_status.empty()) {
    to = write_literal(to, R"(, "login_status": ")");
    to = write_text(to, fields.login_status);
    *to++ = '"';
  }
  *to++ = '}';
  return to;
}

} // namespace millrace::logic::generation
