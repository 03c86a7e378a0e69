#include "node/config/quantity.hpp"

#include "node/config/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::node {

namespace {

/// Beyond it a double no longer holds every whole number.
constexpr double largest_exact = 9007199254740992.0;

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 7> duration_units{{
  {"ms", 1.0},
  {"s", 1000.0},
  {"min", 60'000.0},
  {"m", 60'000.0},
  {"h", 3'600'000.0},
  {"d", 86'400'000.0},
  {"", 1.0},
}};

constexpr std::array<Unit, 14> size_units{{
  {"b", 1.0},
  {"kb", 1e3},
  {"mb", 1e6},
  {"gb", 1e9},
  {"tb", 1e12},
  {"kib", 1024.0},
  {"mib", 1048576.0},
  {"gib", 1073741824.0},
  {"tib", 1099511627776.0},
  {"ki", 1024.0},
  {"mi", 1048576.0},
  {"gi", 1073741824.0},
  {"ti", 1099511627776.0},
  {"", 1.0},
}};

std::optional<double> parse_decimal(std::string_view text) {
  double number = 0.0;
  const auto* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || rest != end)
    return std::nullopt;
  return number;
}

/// A number that is not negative with one of the units, as a whole count of
/// the smallest unit.
template <std::size_t Count>
std::optional<std::uint64_t>
parse_quantity(std::string_view text, const std::array<Unit, Count>& units) {
  text = trimmed(text);
  const auto end_of_number = std::min(text.find_first_not_of("0123456789."),
                                      text.size());
  const auto number = parse_decimal(text.substr(0, end_of_number));
  if (!number)
    return std::nullopt;
  const std::string name = lower_case(trimmed(text.substr(end_of_number)));
  const auto* unit = std::find_if(
    units.begin(), units.end(),
    [&](const Unit& it) { return it.name == name; });
  if (unit == units.end())
    return std::nullopt;
  const double amount = *number * unit->factor;
  // 0.1 s has no exact double; what is a whole number but for that passes.
  const double whole = std::round(amount);
  if (amount > largest_exact || std::abs(amount - whole) > 1e-9 * whole)
    return std::nullopt;
  return static_cast<std::uint64_t>(whole);
}

/// The number with the largest unit that divides it.
std::string render_quantity(std::uint64_t amount, std::span<const Unit> units) {
  const auto unit = std::find_if(
    units.begin(), units.end(), [&](const Unit& it) {
      return amount % static_cast<std::uint64_t>(it.factor) == 0;
    });
  return std::to_string(amount / static_cast<std::uint64_t>(unit->factor))
         + std::string{unit->name};
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (const auto amount = parse_quantity(text, duration_units))
    return std::chrono::milliseconds{*amount};
  return std::nullopt;
}

std::optional<logic::ByteSize> parse_byte_size(std::string_view text) {
  if (const auto amount = parse_quantity(text, size_units))
    return logic::ByteSize{*amount};
  return std::nullopt;
}

std::string render_duration(std::chrono::milliseconds duration) {
  constexpr std::array<Unit, 4> units{
    {{"h", 3'600'000.0}, {"min", 60'000.0}, {"s", 1000.0}, {"ms", 1.0}}};
  if (duration.count() <= 0)
    return std::to_string(duration.count()) + "ms";
  return render_quantity(static_cast<std::uint64_t>(duration.count()), units);
}

std::string render_byte_size(logic::ByteSize size) {
  constexpr std::array<Unit, 9> units{{{"TiB", 1099511627776.0},
                                       {"TB", 1e12},
                                       {"GiB", 1073741824.0},
                                       {"GB", 1e9},
                                       {"MiB", 1048576.0},
                                       {"MB", 1e6},
                                       {"KiB", 1024.0},
                                       {"kB", 1e3},
                                       {"B", 1.0}}};
  return size.bytes == 0 ? "0B" : render_quantity(size.bytes, units);
}

} // namespace millrace::node
