#include "logic/detection/quiet_networks.hpp"

#include "logic/core/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace millrace::logic::detection {

namespace {

constexpr std::string_view file_prefix = "file:";
constexpr std::string_view blanks = " \t\r,";

bool is_digit(char letter) noexcept {
  return letter >= '0' && letter <= '9';
}

template <class Number>
bool parse_number(std::string_view text, Number& number) noexcept {
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end;
}

/// The digits of `AS64512`; empty where it is none.
std::string_view system_digits(std::string_view entry) noexcept {
  if (entry.size() < 3 || (entry[0] | 0x20) != 'a' || (entry[1] | 0x20) != 's'
      || !std::all_of(entry.begin() + 2, entry.end(), is_digit))
    return {};
  return entry.substr(2);
}

Error refuse(std::string_view entry) {
  return {ErrorCode::invalid_argument,
          quoted(entry)
            + " is no network such as 192.0.2.0/24 or 2001:db8::/32, and no "
              "autonomous system such as AS64512"};
}

std::uint64_t word_of(const geo::IpAddress& address,
                      std::size_t begin) noexcept {
  std::uint64_t word = 0;
  for (std::size_t index = 0; index != 8; ++index)
    word = word << 8 | address.bytes[begin + index];
  return word;
}

/// The bits of a number of 64 that lie behind the prefix.
std::uint64_t host_bits(int prefix) noexcept {
  if (prefix <= 0)
    return std::numeric_limits<std::uint64_t>::max();
  return prefix >= 64 ? 0 : std::numeric_limits<std::uint64_t>::max() >> prefix;
}

/// Sorts, and leaves out what lies within what comes before.
template <class Ranges>
void sort_ranges(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  std::size_t kept = 0;
  for (const auto& range : ranges)
    // Networks lie within each other or apart.
    if (kept == 0 || ranges[kept - 1].last < range.first)
      ranges[kept++] = range;
  ranges.resize(kept);
}

template <class Ranges, class Number>
bool holds(const Ranges& ranges, const Number& number) noexcept {
  const auto next = std::upper_bound(
    ranges.begin(), ranges.end(), number,
    [](const Number& value, const auto& range) { return value < range.first; });
  return next != ranges.begin() && !((next - 1)->last < number);
}

} // namespace

bool QuietNetworks::is_file(std::string_view entry) noexcept {
  if (entry.starts_with(file_prefix))
    return true;
  return !entry.empty() && !is_digit(entry.front())
         && entry.find(':') == std::string_view::npos
         && system_digits(entry).empty();
}

std::string_view QuietNetworks::path_of(std::string_view entry) noexcept {
  if (entry.starts_with(file_prefix))
    entry.remove_prefix(file_prefix.size());
  return entry;
}

Result<void> QuietNetworks::add(std::string_view entry) {
  const auto digits = system_digits(entry);
  if (digits.empty())
    return add_network(entry);
  std::uint32_t system = 0;
  if (!parse_number(digits, system) || system == 0)
    return refuse(entry);
  systems_.push_back(system);
  return {};
}

Result<void> QuietNetworks::add_network(std::string_view entry) {
  const auto slash = entry.find('/');
  const auto address = geo::parse_ip(entry.substr(0, slash));
  if (!address)
    return refuse(entry);
  const bool v4 = address->family == geo::AddressFamily::v4;
  const int longest = v4 ? 32 : 128;
  int prefix = longest;
  if (slash != std::string_view::npos
      && (!parse_number(entry.substr(slash + 1), prefix) || prefix < 0))
    return refuse(entry);
  // A mapped address counts its 96 leading bits.
  if (v4 && entry.substr(0, slash).find(':') != std::string_view::npos
      && slash != std::string_view::npos)
    prefix -= 96;
  if (prefix < 0 || prefix > longest)
    return refuse(entry);
  if (v4) {
    const auto host = static_cast<std::uint32_t>(host_bits(prefix + 32));
    v4_.push_back({address->v4() & ~host, address->v4() | host});
    return {};
  }
  const V6 host{host_bits(prefix), host_bits(prefix - 64)};
  const V6 bits{word_of(*address, 0), word_of(*address, 8)};
  v6_.push_back({{bits[0] & ~host[0], bits[1] & ~host[1]},
                 {bits[0] | host[0], bits[1] | host[1]}});
  return {};
}

Result<void> QuietNetworks::add_lines(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = line.substr(0, line.find_first_of("#;"));
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
      continue;
    line.remove_prefix(begin);
    if (auto added = add(line.substr(0, line.find_first_of(blanks))); !added)
      return Error{added.error().code, "line " + std::to_string(number) + ": "
                                         + added.error().text};
  }
  return {};
}

void QuietNetworks::seal() {
  sort_ranges(v4_);
  sort_ranges(v6_);
  std::sort(systems_.begin(), systems_.end());
  systems_.erase(std::unique(systems_.begin(), systems_.end()), systems_.end());
}

bool QuietNetworks::contains(const geo::IpAddress& address,
                             std::uint32_t asn) const noexcept {
  if (asn != 0 && std::binary_search(systems_.begin(), systems_.end(), asn))
    return true;
  switch (address.family) {
    case geo::AddressFamily::v4:
      return holds(v4_, address.v4());
    case geo::AddressFamily::v6:
      return holds(v6_, V6{word_of(address, 0), word_of(address, 8)});
    case geo::AddressFamily::none:
      return false;
  }
  return false;
}

} // namespace millrace::logic::detection
