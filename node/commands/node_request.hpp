#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::node::commands {

/// Where a page of a running node is to be had.
struct NodeUrl {
  std::string host = "127.0.0.1"; ///< a name or an IPv4 address
  std::uint16_t port = 9108;
  std::string path; ///< with the slash in front

  std::string text() const {
    return "http://" + host + ':' + std::to_string(port) + path;
  }
};

/// Reads http://HOST[:PORT][/PATH] (RFC 3986) and puts `page` (as `/status`)
/// behind it where it is not there.
logic::Result<NodeUrl> parse_node_url(std::string_view url,
                                      std::string_view page);

struct NodeAnswer {
  int status = 0; ///< of HTTP
  std::string body;
};

logic::Error nobody_answers(const NodeUrl& url, const std::string& why);

/// Asks with GET; connecting takes 10 s at most, civetweb's own limit, and the
/// answer `deadline`. Errors: `unavailable` where nobody answers, `malformed`
/// where the answer is not HTTP, is longer than 16 MiB or breaks off.
logic::Result<NodeAnswer> ask_node(const NodeUrl& url,
                                   std::chrono::milliseconds deadline);

} // namespace millrace::node::commands
