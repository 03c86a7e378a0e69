#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::logic {

/// The members that the node adds to an event, in the order in which they are
/// written. An input's own members of these names are cut out.
enum class OutputMember : std::uint8_t {
  processed_at,
  event_time,
  ip_class,
  geo,
  anomaly,
  source,
};

/// By `OutputMember`; part of the public interface.
inline constexpr std::array<std::string_view, 6> output_member_names{
  "processed_at", "event_time", "ip_class", "geo", "anomaly", "source"};

constexpr std::string_view name_of(OutputMember member) noexcept {
  return output_member_names[static_cast<std::size_t>(member)];
}

constexpr bool is_output_member(std::string_view name) noexcept {
  return std::find(output_member_names.begin(), output_member_names.end(), name)
         != output_member_names.end();
}

namespace detail {

template <OutputMember member>
inline constexpr auto member_prefix = [] {
  constexpr auto name = name_of(member);
  std::array<char, name.size() + 4> text{};
  auto* end = text.data();
  *end++ = ',';
  *end++ = '"';
  end = std::copy(name.begin(), name.end(), end);
  *end++ = '"';
  *end = ':';
  return text;
}();

} // namespace detail

/// `,"geo":`, what stands in front of the member's value behind another.
template <OutputMember member>
constexpr std::string_view member_prefix() noexcept {
  const auto& text = detail::member_prefix<member>;
  return {text.data(), text.size()};
}

} // namespace millrace::logic
