#include "node/commands/node_request.hpp"

#include "logic/core/json_text.hpp"
#include "node/config/quantity.hpp"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace millrace::node::commands {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;

Error bad_url(std::string_view url, const std::string& what) {
  return {ErrorCode::invalid_argument,
          logic::quoted(url) + ' ' + what
            + "; expected one such as http://127.0.0.1:9108"};
}

using Connection
  = std::unique_ptr<mg_connection, decltype(&mg_close_connection)>;

/// civetweb's "connect(127.0.0.1:9108): error Connection refused".
std::string reason_of(std::string_view text) {
  for (const std::string_view before : {"): error ", "): "})
    if (const auto at = text.find(before); at != text.npos)
      text.remove_prefix(at + before.size());
  return text.empty() ? "no reason given" : std::string{text};
}

Result<NodeAnswer> read_answer(mg_connection& connection, const NodeUrl& url,
                               std::chrono::milliseconds deadline) {
  constexpr std::size_t limit_bytes = 16U << 20U;
  std::array<char, 256> problem{};
  const auto end = std::chrono::steady_clock::now() + deadline;
  if (mg_get_response(&connection, problem.data(), problem.size(),
                      static_cast<int>(deadline.count()))
      < 0) {
    if (std::string_view{problem.data()} == "No data received")
      return nobody_answers(url,
                            "it was reached but says nothing (waited up to "
                              + render_duration(deadline) + ')');
    return Error{ErrorCode::malformed, "the answer is not HTTP"};
  }
  const auto* info = mg_get_response_info(&connection);
  NodeAnswer answer{info->status_code, {}};
  std::array<char, 4096> part{};
  for (;;) {
    const int count = mg_read(&connection, part.data(), part.size());
    if (count <= 0)
      break;
    answer.body.append(part.data(), static_cast<std::size_t>(count));
    if (answer.body.size() > limit_bytes)
      return Error{ErrorCode::malformed, "the answer is longer than 16 MiB"};
    if (std::chrono::steady_clock::now() > end)
      break;
  }
  if (info->content_length > static_cast<long long>(answer.body.size())
      && answer.status == 200)
    return nobody_answers(url, "the answer breaks off");
  return answer;
}

} // namespace

Result<NodeUrl> parse_node_url(std::string_view url, std::string_view page) {
  constexpr std::string_view scheme = "http://";
  if (url.starts_with("https://"))
    return bad_url(url, "asks for TLS, which a node does not serve");
  if (!url.starts_with(scheme))
    return bad_url(url, "is no http:// URL");
  // Blanks and line ends would become part of the request.
  if (std::ranges::any_of(url, [](char c) { return c <= ' ' || c == 0x7f; })
      || url.find_first_of("?#@\\") != url.npos)
    return bad_url(url, "holds what is no part of a node's address");
  const auto rest = url.substr(scheme.size());
  const auto authority = rest.substr(0, rest.find('/'));
  auto path = rest.substr(authority.size());
  if (authority.starts_with('['))
    return bad_url(url, "names an IPv6 address, which a node does not serve");
  const auto colon = authority.find(':');
  NodeUrl result;
  result.host = authority.substr(0, colon);
  result.port = 80;
  if (result.host.empty())
    return bad_url(url, "names no host");
  if (colon != authority.npos) {
    const auto digits = authority.substr(colon + 1);
    const auto [end, fault] = std::from_chars(
      digits.data(), digits.data() + digits.size(), result.port);
    if (fault != std::errc{} || end != digits.data() + digits.size()
        || result.port == 0)
      return bad_url(url, "names no port from 1 to 65535");
  }
  while (path.ends_with('/'))
    path.remove_suffix(1);
  result.path = path;
  if (!path.ends_with(page))
    result.path += page;
  return result;
}

Error nobody_answers(const NodeUrl& url, const std::string& why) {
  return {ErrorCode::unavailable,
          "nobody answers at " + url.text() + ": " + why
            + "; is the node running, with http.enabled, and are its "
              "http.address and http.port those of --url?"};
}

Result<NodeAnswer> ask_node(const NodeUrl& url,
                            std::chrono::milliseconds deadline) {
  static const unsigned library = mg_init_library(0);
  static_cast<void>(library);
  std::array<char, 256> problem{};
  const Connection connection{mg_connect_client(url.host.c_str(), url.port, 0,
                                                problem.data(), problem.size()),
                              mg_close_connection};
  if (!connection)
    return nobody_answers(url, reason_of(problem.data()));
  const auto request = "GET " + url.path + " HTTP/1.1\r\nHost: " + url.host
                       + ':' + std::to_string(url.port)
                       + "\r\nAccept: application/json\r\n"
                         "Connection: close\r\n\r\n";
  mg_write(connection.get(), request.data(), request.size());
  return read_answer(*connection, url, deadline);
}

} // namespace millrace::node::commands
