#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::adapters::kafka {

inline constexpr std::uint16_t default_broker_port = 9092;

struct Server {
  std::string host; ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = default_broker_port;
};

/// "host:port", IPv6 in brackets.
std::string to_string(const Server& server);

/// Why this is no host, as the end of a sentence that begins with it; empty
/// when it is one. `host` is a name, an IPv4 address, or an IPv6 address
/// without brackets.
std::string host_fault(std::string_view host);

struct ServerList {
  std::vector<Server> servers;
  /// One sentence each: the entry, what is wrong with it, what to do.
  std::vector<std::string> faults;
};

/// Reads `host[:port],...` as clients of Kafka do: blanks around an entry and
/// a comma at the end are let pass, a protocol before it is when it is
/// `security_protocol` (`SSL://host:9093`), and IPv6 addresses stand in
/// brackets. Anything else that would be looked up in vain for ever is a
/// fault.
ServerList parse_server_list(std::string_view text,
                             std::string_view security_protocol);

} // namespace millrace::adapters::kafka
