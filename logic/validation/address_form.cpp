#include "logic/validation/address_form.hpp"

#include "logic/validation/validator_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace millrace::logic {

namespace {

struct FormTraits {
  std::string_view name;
  std::string_view why; ///< follows `"ip"`
};

/// By `AddressForm`.
constexpr std::array<FormTraits, address_form_count> form_table{{
  {"port", "is an address with a port"},
  {"list", "is a list of addresses"},
  {"zone", "is an address with a zone"},
  {"blanks", "is an address with blanks around it"},
  {"empty", "is empty"},
  {"dash", "is a dash"},
  {"unknown", "is a word for an unknown address"},
}};

constexpr std::array<std::string_view, 6> unknown_words{
  "unknown", "null", "none", "n/a", "undefined", "(null)"};

constexpr std::string_view blanks = " \t\r\n";

const FormTraits& traits_of(AddressForm form) noexcept {
  return form_table[static_cast<std::size_t>(form)];
}

bool is_port(std::string_view text) noexcept {
  constexpr std::size_t max_digits = 5;
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, port);
  return !text.empty() && text.size() <= max_digits && code == std::errc{}
         && stop == end;
}

/// The address in front of a port, or in brackets; nothing for other texts.
std::optional<std::string_view> before_port(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos)
      return std::nullopt;
    const auto rest = text.substr(end + 1);
    if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1))))
      return std::nullopt;
    return text.substr(1, end - 1);
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1)))
    return std::nullopt;
  // Another colon would have been no port: this is IPv4, or a name.
  return text.substr(0, colon);
}

/// The address in front of a zone (RFC 4007); nothing for other texts.
std::optional<std::string_view> before_zone(std::string_view text) noexcept {
  const auto percent = text.find('%');
  if (percent == std::string_view::npos || percent + 1 == text.size()
      || text.substr(0, percent).find(':') == std::string_view::npos)
    return std::nullopt;
  return text.substr(0, percent);
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// A host name: with a letter that no address has.
bool looks_like_a_name(std::string_view text) noexcept {
  constexpr std::string_view letters = "ghijklmnopqrstuvwxyz";
  constexpr std::string_view others = "abcdef0123456789.-_";
  const auto is_in = [](std::string_view set) {
    return [set](char letter) {
      return set.find(lower_case(letter)) != std::string_view::npos;
    };
  };
  return std::ranges::any_of(text, is_in(letters))
         && std::ranges::all_of(text, [&](char letter) {
              return is_in(letters)(letter) || is_in(others)(letter);
            });
}

} // namespace

std::string_view to_string(AddressForm form) noexcept {
  return traits_of(form).name;
}

AddressForms::AddressForms(const std::vector<std::string>& accepted) {
  for (std::size_t index = 0; index != address_form_count; ++index)
    if (std::ranges::find(accepted, form_table[index].name) != accepted.end())
      accepted_ |= 1U << index;
}

AddressReading AddressForms::as_absent(AddressForm form) const noexcept {
  AddressReading reading;
  reading.absent = accepts(form);
  if (!reading.absent)
    reading.why = traits_of(form).why;
  return reading;
}

AddressReading AddressForms::read(std::string_view text) const noexcept {
  // Forms around forms, from the outside in; each at most once, so that this
  // ends. The outermost one that is not accepted is named.
  std::optional<AddressForm> refused;
  const auto peel = [&](AddressForm form, std::string_view inside) {
    if (!accepts(form) && !refused)
      refused = form;
    text = inside;
  };
  if (const auto comma = text.find(','); comma != std::string_view::npos)
    peel(AddressForm::list, trimmed(text.substr(0, comma)));
  const auto inside = trimmed(text);
  if (inside.empty())
    return refused ? as_absent(*refused) : as_absent(AddressForm::empty);
  if (inside.size() != text.size())
    peel(AddressForm::blanks, inside);
  const bool is_word = std::ranges::any_of(
    unknown_words, [&](auto word) { return equals_ignoring_case(text, word); });
  if (text == "-" || is_word) {
    const auto form = is_word ? AddressForm::unknown : AddressForm::dash;
    return as_absent(refused.value_or(form));
  }
  if (const auto address = before_port(text))
    peel(AddressForm::port, *address);
  if (const auto address = before_zone(text))
    peel(AddressForm::zone, *address);
  AddressReading reading;
  if (const auto address = geo::parse_ip(text); address && !refused)
    reading.address = address;
  else if (address || refused == AddressForm::list)
    reading.why = traits_of(*refused).why;
  else if (looks_like_a_name(text))
    reading.why = "is a name";
  return reading;
}

} // namespace millrace::logic
