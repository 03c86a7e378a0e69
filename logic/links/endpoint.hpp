#pragma once

#include "logic/core/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::logic::links {

/// A host, as a name or an address, and a TCP port.
struct Endpoint {
  std::string host; ///< an IPv6 address without brackets
  std::uint16_t port = 0;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// "127.0.0.1:9110", "[::1]:9110".
std::string to_string(const Endpoint& endpoint);

/// Reads "host:port" or "[address]:port". The error names what is wrong with
/// the text and what is expected. `lowest_port` is 0 where any free port may
/// be asked for.
Result<Endpoint> parse_endpoint(std::string_view text,
                                std::uint16_t lowest_port = 1);

/// One entry of `link.peers`.
struct PeerAddress {
  Endpoint endpoint;
  bool all_addresses = false; ///< "dns:": each address of the name is a node

  friend auto operator<=>(const PeerAddress&, const PeerAddress&) = default;
};

/// Reads "host:port" or "dns:NAME:PORT".
Result<PeerAddress> parse_peer_address(std::string_view text);

/// Whether nobody but this machine is reached by that host: an address of
/// 127.0.0.0/8, "::1" or "localhost".
bool is_loopback(std::string_view host) noexcept;

} // namespace millrace::logic::links
