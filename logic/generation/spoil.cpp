#include "logic/generation/spoil.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>

namespace millrace::logic::generation {

namespace {

/// 2100-01-01, ahead of any clock that this will meet.
constexpr std::int64_t far_future_s = 4'102'444'800;

std::string event_text(const EventFields& event) {
  std::string text(max_event_bytes, '\0');
  const char* end = write_event(text.data(), event);
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

template <std::size_t size>
std::string_view choose(const std::array<std::string_view, size>& choices,
                        RandomStream& random) {
  return choices[random.below(static_cast<std::uint32_t>(size))];
}

/// The event with one member's value, quotes included, replaced.
std::string with_value(const EventFields& event, std::string_view member,
                       std::string_view value) {
  std::string text = event_text(event);
  std::string name{'"'};
  name.append(member).append("\": ");
  const auto begin = text.find(name) + name.size();
  const auto end = text.find_first_of(",}", begin);
  assert(end != std::string::npos);
  return text.replace(begin, end - begin, value);
}

/// The event with further text in front of its closing brace.
std::string with_tail(const EventFields& event, std::string_view tail) {
  std::string text = event_text(event);
  return text.insert(text.size() - 1, tail);
}

std::string garbage_bytes(RandomStream& random) {
  // No UTF-8 text holds the byte 0xFF.
  std::string bytes(1, '\xFF');
  for (auto left = 16 + random.below(200); left != 0; --left)
    bytes += static_cast<char>(random.next() & 0xFFU);
  return bytes;
}

std::string wrong_type(const EventFields& event, RandomStream& random) {
  struct Replacement {
    std::string_view member;
    std::string_view value;
  };
  static constexpr std::array<Replacement, 6> replacements{{
    {"user_id", "4711"},
    {"user_id", "{}"},
    {"app_version", "2.3"},
    {"ip", "[10]"},
    {"device_id", "false"},
    {"timestamp", "true"},
  }};
  const auto& chosen = replacements[random.below(replacements.size())];
  return with_value(event, chosen.member, chosen.value);
}

std::string too_deep(const EventFields& event) {
  constexpr std::size_t depth = 200;
  std::string tail{", \"extra\": "};
  tail.append(depth, '[').append(depth, ']');
  return with_tail(event, tail);
}

std::string missing_field(const EventFields& event, RandomStream& random) {
  if (random.below(2) == 0)
    return with_value(event, "user_id", "null");
  std::string text = event_text(event);
  // From the quote that opens `user_id` to the one that opens what follows.
  return text.erase(1, text.find("\"app_version\"") - 1);
}

std::string too_large(const EventFields& event, std::size_t value_bytes) {
  std::string text = with_tail(event, R"(, "padding": "")");
  if (text.size() < value_bytes)
    text.insert(text.size() - 2, value_bytes - text.size(), 'x');
  return text;
}

std::string bad_text(BadKind kind, RandomStream& random) {
  static constexpr std::array<std::string_view, 5> garbage{
    "login ok", "<login user='a'/>", "{user_id: 'a'}", "{\"user_id\" \"a\"}",
    "user_id=a;ip=10.0.0.1"};
  static constexpr std::array<std::string_view, 5> not_objects{
    "[]", "[{\"user_id\": \"a\"}]", "\"user_id\"", "42", "true"};
  static constexpr std::array<std::string_view, 4> empties{"", " ", "\n",
                                                           " \t\r\n "};
  switch (kind) {
    case BadKind::garbage_bytes:
      return garbage_bytes(random);
    case BadKind::garbage_text:
      return std::string{choose(garbage, random)};
    case BadKind::not_an_object:
      return std::string{choose(not_objects, random)};
    default:
      return std::string{choose(empties, random)};
  }
}

} // namespace

void append_bad_value(std::string& bytes, BadKind kind,
                      const EventFields& event, RandomStream& random,
                      std::size_t value_bytes) {
  static constexpr std::array<std::string_view, 6> addresses{
    R"("256.1.2.3")",      R"("1.2.3")",     R"("1.2.3.4.5")",
    R"("not an address")", R"("10.0.0.01")", R"("1.2.3.4:80")"};
  switch (kind) {
    case BadKind::tombstone:
      return;
    case BadKind::empty_value:
    case BadKind::garbage_bytes:
    case BadKind::garbage_text:
    case BadKind::not_an_object:
      bytes += bad_text(kind, random);
      return;
    case BadKind::invalid_utf8:
      bytes += with_value(event, "device_id", "\"broken \xC3\x28\"");
      return;
    case BadKind::truncated: {
      std::string text = event_text(event);
      text.resize(1
                  + random.below(static_cast<std::uint32_t>(text.size() - 1)));
      bytes += text;
      return;
    }
    case BadKind::too_deep:
      bytes += too_deep(event);
      return;
    case BadKind::duplicate_member:
      bytes += with_tail(event, R"(, "user_id": "another")");
      return;
    case BadKind::missing_field:
      bytes += missing_field(event, random);
      return;
    case BadKind::wrong_type:
      bytes += wrong_type(event, random);
      return;
    case BadKind::invalid_user_id:
      bytes += with_value(event, "user_id", '"' + std::string(300, 'a') + '"');
      return;
    case BadKind::future_timestamp:
      bytes += with_value(event, "timestamp",
                          std::to_string(far_future_s + random.below(1 << 20)));
      return;
    case BadKind::invalid_address:
      bytes += with_value(event, "ip", choose(addresses, random));
      return;
    case BadKind::invalid_text:
      bytes += with_value(event, "app_version", R"("2.3\u0000.0")");
      return;
    case BadKind::too_large:
      bytes += too_large(event, value_bytes);
      return;
  }
}

} // namespace millrace::logic::generation
