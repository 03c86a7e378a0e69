#include "logic/intake/position_mark.hpp"

#include <charconv>

namespace millrace::logic {

namespace {

constexpr std::string_view prefix = "millrace/1 ";

} // namespace

std::string to_text(const PositionMark& mark) {
  return std::string{prefix} + mark.topic_id + ' '
         + std::to_string(mark.first_added);
}

std::optional<PositionMark> parse_position_mark(std::string_view text) {
  if (!text.starts_with(prefix))
    return std::nullopt;
  text.remove_prefix(prefix.size());
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos || blank == 0)
    return std::nullopt;
  PositionMark mark{std::string{text.substr(0, blank)}, -1};
  const auto number = text.substr(blank + 1);
  const auto* const end = number.data() + number.size();
  const auto [rest, problem] = std::from_chars(number.data(), end,
                                               mark.first_added);
  if (problem != std::errc{} || rest != end || mark.first_added < 0)
    return std::nullopt;
  return mark;
}

} // namespace millrace::logic
