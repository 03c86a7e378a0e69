#pragma once

#include <optional>
#include <string_view>

namespace millrace::node {

/// What the endpoint needs to know of a request; all parts borrowed from it.
struct HttpRequestHead {
  std::string_view method;
  std::string_view path;
  std::string_view query; ///< undecoded, without the question mark
  std::string_view token; ///< of the header X-Millrace-Token
};

/// Where the head ends in what came so far; `npos` while it is incomplete.
std::size_t end_of_head(std::string_view bytes) noexcept;

/// Reads a complete head of HTTP/1.0 or 1.1; nothing where it is none.
std::optional<HttpRequestHead> parse_request_head(std::string_view head);

} // namespace millrace::node
