#pragma once

#include "logic/records/reason.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The words that a rejected record is explained with. Personal values (user
/// id, address, device id) are masked here and nowhere else.
namespace millrace::logic {

/// Why a record fails, with the detail for people.
struct Fault {
  Reason reason = Reason::not_json;
  std::string detail;
};

/// A personal text, quoted: its first two characters and "***"; texts of
/// fewer than six bytes are hidden as a whole.
std::string masked(std::string_view text);

/// An address, quoted: the first two groups, the rest as "***". What does not
/// look like an address is masked like any personal text.
std::string masked_address(std::string_view text);

/// How a member's value may be shown.
enum class Exposure : std::uint8_t { open, personal, address };

/// The value as that exposure allows it, of a long one the beginning.
std::string shown(std::string_view text, Exposure exposure);

/// A value of another JSON type than the member must have. `found` names the
/// type ("a number"); `value` is its text, empty for objects and arrays.
struct TypeMismatch {
  std::string_view member;
  std::string_view expected;
  std::string_view found;
  std::string_view value;
  Exposure exposure = Exposure::open;
};
Fault wrong_type(const TypeMismatch& mismatch);

Fault text_too_long(std::string_view member, std::size_t bytes,
                    std::uint64_t max_bytes);

Fault duplicate_member(std::string_view member);

} // namespace millrace::logic
