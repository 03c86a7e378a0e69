#include "logic/links/endpoint.hpp"

#include "logic/geo/ip_address.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace millrace::logic::links {

namespace {

constexpr std::string_view dns_prefix = "dns:";
constexpr std::size_t longest_host = 253; ///< of a DNS name, RFC 1035

Error bad(std::string_view text, std::string_view why) {
  return {ErrorCode::invalid_config,
          "'" + std::string{text.substr(0, longest_host)} + "' "
            + std::string{why}
            + "; expected for example 10.0.0.7:9110 or node-2:9110"};
}

std::optional<std::uint16_t> parse_port(std::string_view text,
                                        std::uint16_t lowest) {
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(),
                                            text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size()
      || number < lowest || number > std::numeric_limits<std::uint16_t>::max())
    return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

constexpr bool fits_name(char letter) noexcept {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
         || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.'
         || letter == '_';
}

} // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":"
         + std::to_string(endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text,
                                std::uint16_t lowest_port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return bad(text, "has no port");
  const auto port = parse_port(text.substr(colon + 1), lowest_port);
  if (!port)
    return bad(text, "has no port from " + std::to_string(lowest_port)
                       + " to 65535 behind its last colon");
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!geo::parse_ip(host) || host.find(':') == std::string_view::npos)
      return bad(text, "has no IPv6 address between its brackets");
  } else if (host.empty()) {
    return bad(text, "has no host before its port");
  } else if (host.size() > longest_host
             || !std::ranges::all_of(host, fits_name)) {
    return bad(text, "has a host that is neither a name nor an address (an "
                     "IPv6 address goes into brackets)");
  }
  return Endpoint{std::string{host}, *port};
}

Result<PeerAddress> parse_peer_address(std::string_view text) {
  const bool all = text.starts_with(dns_prefix);
  auto endpoint = parse_endpoint(all ? text.substr(dns_prefix.size()) : text);
  if (!endpoint)
    return endpoint.error();
  return PeerAddress{std::move(*endpoint), all};
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host == "::1")
    return true;
  // A name may begin with 127 as well: only an address is known to stay here.
  return host.starts_with("127.")
         && std::ranges::all_of(host,
                                [](char letter) {
                                  return letter == '.'
                                         || (letter >= '0' && letter <= '9');
                                })
         && std::ranges::count(host, '.') == 3;
}

} // namespace millrace::logic::links
