#include "node/endpoint/http_request_head.hpp"

#include <algorithm>

namespace millrace::node {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view token_name = "x-millrace-token";

bool is_control(char byte) noexcept {
  const auto code = static_cast<unsigned char>(byte);
  return code < 0x20 || code == 0x7f;
}

char lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a')
                                    : byte;
}

bool is_method(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char byte) {
    return byte >= 'A' && byte <= 'Z';
  });
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos
           ? std::string_view{}
           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The part before the mark, which is taken off with it.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const auto end = text.find(mark);
  const auto part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{}
                                       : text.substr(end + mark.size());
  return part;
}

bool read_request_line(std::string_view line, HttpRequestHead& head) {
  head.method = take_until(line, " ");
  auto target = take_until(line, " ");
  if (!is_method(head.method) || target.empty()
      || (line != "HTTP/1.1" && line != "HTTP/1.0"))
    return false;
  head.path = take_until(target, "?");
  head.query = target;
  return true;
}

} // namespace

std::size_t end_of_head(std::string_view bytes) noexcept {
  const auto end = bytes.find(head_end);
  return end == std::string_view::npos ? end : end + head_end.size();
}

std::optional<HttpRequestHead> parse_request_head(std::string_view head) {
  HttpRequestHead result;
  const auto first = take_until(head, line_end);
  if (std::ranges::any_of(first, is_control)
      || !read_request_line(first, result))
    return std::nullopt;
  while (!head.empty()) {
    auto value = take_until(head, line_end);
    if (value.empty())
      break;
    const auto name = take_until(value, ":");
    if (name.empty() || std::ranges::any_of(name, is_control))
      return std::nullopt;
    if (std::ranges::equal(name, token_name, {}, lower))
      result.token = trimmed(value);
  }
  return result;
}

} // namespace millrace::node
