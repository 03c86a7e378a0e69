#include "logic/validation/validator_fault.hpp"

#include "logic/core/json_text.hpp"

#include <utility>

namespace millrace::logic {

namespace {

constexpr std::string_view mask = "***";
constexpr std::size_t min_masked_bytes = 6;
constexpr std::size_t max_two_groups_bytes = 9; // 2001:0db8
/// A number may be as long as a record; headers and logs must not.
constexpr std::size_t max_shown_bytes = 64;

/// The end of the second group of an address in text form, npos for others.
std::size_t end_of_second_group(std::string_view text) {
  const bool looks_like_address = text.find_first_not_of(
                                    "0123456789abcdefABCDEF:.")
                                  == std::string_view::npos;
  if (!looks_like_address)
    return std::string_view::npos;
  const std::size_t first = text.find_first_of(":.");
  return first == std::string_view::npos ? first
                                         : text.find_first_of(":.", first + 1);
}

/// Quoted, with the mask in the closing quote's place.
std::string quoted_prefix(std::string_view prefix) {
  std::string result = quoted(prefix);
  result.pop_back();
  result += mask;
  result += '"';
  return result;
}

} // namespace

std::string masked(std::string_view text) {
  if (text.size() < min_masked_bytes)
    return quoted_prefix({});
  std::size_t length = 2;
  // A character of several bytes is shown whole.
  while (length != text.size()
         && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return quoted_prefix(text.substr(0, length));
}

std::string masked_address(std::string_view text) {
  const std::size_t end = end_of_second_group(text);
  // Groups longer than those of an address are none, and may be anything.
  return end > max_two_groups_bytes ? masked(text)
                                    : quoted_prefix(text.substr(0, end + 1));
}

std::string shown(std::string_view text, Exposure exposure) {
  switch (exposure) {
    case Exposure::personal:
      return masked(text);
    case Exposure::address:
      return masked_address(text);
    case Exposure::open:
      break;
  }
  if (text.size() <= max_shown_bytes)
    return quoted(text);
  std::size_t length = max_shown_bytes;
  // A character of several bytes is left out whole.
  while ((static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;
  return quoted(text.substr(0, length)) + " and "
         + std::to_string(text.size() - length) + " bytes more";
}

Fault wrong_type(const TypeMismatch& mismatch) {
  std::string detail = quoted(mismatch.member);
  detail += " must be ";
  detail += mismatch.expected;
  detail += ", not ";
  detail += mismatch.found;
  if (!mismatch.value.empty()) {
    detail += ' ';
    detail += shown(mismatch.value, mismatch.exposure);
  }
  return {Reason::wrong_type, std::move(detail)};
}

Fault text_too_long(std::string_view member, std::size_t bytes,
                    std::uint64_t max_bytes) {
  return {Reason::field_too_long,
          quoted(member) + " has " + std::to_string(bytes)
            + " bytes, the limit is " + std::to_string(max_bytes)};
}

Fault duplicate_member(std::string_view member) {
  return {Reason::duplicate_member, quoted(member) + " occurs more than once"};
}

} // namespace millrace::logic
