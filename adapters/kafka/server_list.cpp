#include "adapters/kafka/server_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace millrace::adapters::kafka {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string result{text};
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z')
      letter = static_cast<char>(letter + 32);
  return result;
}

/// Text of a foreign source on one line and of bounded length.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string result = "'";
  for (const char letter : text.substr(0, longest))
    result += static_cast<unsigned char>(letter) < 0x20 ? '?' : letter;
  return result + (text.size() > longest ? "...'" : "'");
}

bool is_ip(int family, std::string_view text) {
  std::array<unsigned char, 16> address{};
  return inet_pton(family, std::string{text}.c_str(), address.data()) == 1;
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, port);
  if (fault != std::errc{} || rest != end || port == 0)
    return std::nullopt;
  return port;
}

/// "it holds ';'; ..." for what can stand in no host.
std::string character_fault(std::string_view host) {
  for (std::size_t index = 0; index != host.size(); ++index) {
    const char letter = host[index];
    const bool legal = is_digit(letter) || (letter >= 'a' && letter <= 'z')
                       || (letter >= 'A' && letter <= 'Z') || letter == '-'
                       || letter == '.' || letter == '_';
    if (legal)
      continue;
    if (letter == ';' || letter == '|' || letter == ' ' || letter == '\t'
        || letter == '\n' || letter == '\r')
      return std::string{"holds a "}
             + (letter == ';'   ? "semicolon"
                : letter == '|' ? "bar"
                                : "blank")
             + "; separate servers with commas";
    if (letter == '"' || letter == '\'' || letter == '`')
      return "holds a quote; write it without quotes";
    if (letter == '$' || letter == '{' || letter == '}' || letter == '%')
      return std::string{"holds '"} + letter
             + "': was a variable not put in? Write the host itself";
    if (static_cast<unsigned char>(letter) >= 0x80)
      return "holds a letter beyond ASCII; write an international name in its "
             "xn-- form";
    return std::string{"holds '"} + letter + "'; write host:port and no more";
  }
  return {};
}

class ListReader {
public:
  explicit ListReader(std::string_view security_protocol)
    : protocol_(lower_case(security_protocol)) {}

  ServerList read(std::string_view text) {
    std::string_view rest = trimmed(text);
    if (rest.find_first_not_of(", \t\r\n") == std::string_view::npos)
      return {{}, {"no server is named; write host:port, such as kafka:9092"}};
    // Templates put a comma behind every item, which clients of Kafka let
    // pass.
    if (rest.ends_with(','))
      rest = trimmed(rest.substr(0, rest.size() - 1));
    for (;;) {
      const auto comma = rest.find(',');
      read_entry(trimmed(rest.substr(0, comma)));
      if (comma == std::string_view::npos)
        return std::move(list_);
      rest.remove_prefix(comma + 1);
    }
  }

private:
  void fault(std::string_view entry, const std::string& text) {
    list_.faults.push_back(shown(entry) + " " + text);
  }

  void read_entry(std::string_view entry) {
    if (entry.empty()) {
      list_.faults.emplace_back(
        "an entry is empty: two commas in a row, or one at the beginning; "
        "write host:port between the commas");
      return;
    }
    const auto bare = without_protocol(entry);
    if (!bare)
      return;
    if (bare->starts_with('['))
      return read_ipv6(entry, *bare);
    if (is_ip(AF_INET6, *bare))
      return fault(entry, "is an IPv6 address without brackets; write "
                          "[address]:port, such as [::1]:9092");
    if (std::count(bare->begin(), bare->end(), ':') > 1)
      return fault(entry, "has more than one colon; separate servers with "
                          "commas, and write IPv6 addresses in brackets");
    const auto colon = bare->find(':');
    const auto host = bare->substr(0, colon);
    if (host.empty())
      fault(entry, "names no host; write host:port, such as kafka:9092");
    else if (auto reason = host_fault(host); !reason.empty())
      return fault(entry, reason);
    if (colon == std::string_view::npos)
      return take(entry, host, {}, false);
    take(entry, host, bare->substr(colon + 1), true);
  }

  /// Nothing, and a fault, where another protocol is named than is spoken.
  std::optional<std::string_view> without_protocol(std::string_view entry) {
    const auto end = entry.find("://");
    if (end == std::string_view::npos)
      return entry;
    const auto name = lower_case(entry.substr(0, end));
    const auto rest = entry.substr(end + 3);
    if (name == protocol_)
      return rest;
    const bool is_kafka = name == "plaintext" || name == "ssl"
                          || name == "sasl_plaintext" || name == "sasl_ssl";
    if (is_kafka)
      fault(entry, "names the protocol " + name
                     + ", but kafka.security_protocol is " + protocol_
                     + "; set that to " + name + " and write host:port here");
    else
      fault(entry, "begins with " + name
                     + "://, which is no protocol of Kafka; write host:port "
                       "alone, and set kafka.security_protocol for TLS or "
                       "SASL");
    return std::nullopt;
  }

  void read_ipv6(std::string_view entry, std::string_view bare) {
    const auto end = bare.find(']');
    if (end == std::string_view::npos)
      return fault(entry, "has no closing bracket; write [address]:port, such "
                          "as [::1]:9092");
    const auto address = bare.substr(1, end - 1);
    // A zone tells of two link-local networks of this machine.
    if (!is_ip(AF_INET6, address.substr(0, address.find('%'))))
      return fault(entry, "holds no IPv6 address between its brackets; names "
                          "and IPv4 addresses go without brackets");
    const auto rest = bare.substr(end + 1);
    if (!rest.empty() && rest.front() != ':')
      return fault(entry, "has more behind its bracket than :port");
    take(entry, address, rest.empty() ? rest : rest.substr(1), !rest.empty());
  }

  void take(std::string_view entry, std::string_view host,
            std::string_view port, bool has_port) {
    if (!has_port) {
      list_.servers.push_back({std::string{host}, default_broker_port});
      return;
    }
    if (const auto number = port_of(port)) {
      list_.servers.push_back({std::string{host}, *number});
      return;
    }
    if (port.empty())
      return fault(entry, "has no port behind its colon; write host:port, or "
                          "the host alone for port 9092");
    const bool digits = std::all_of(port.begin(), port.end(), is_digit);
    if (!digits)
      if (auto reason = character_fault(port);
          reason.find("separate") != std::string::npos
          || reason.find("quote") != std::string::npos)
        return fault(entry, reason);
    fault(entry, "has the port " + shown(port)
                   + ", which is no number from 1 to 65535");
  }

  std::string protocol_;
  ServerList list_;
};

} // namespace

std::string to_string(const Server& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + server.host + "]" : server.host) + ":"
         + std::to_string(server.port);
}

ServerList parse_server_list(std::string_view text,
                             std::string_view security_protocol) {
  return ListReader{security_protocol}.read(text);
}

std::string host_fault(std::string_view host) {
  constexpr std::size_t longest_name = 253; // RFC 1035
  constexpr std::size_t longest_label = 63;
  if (host.find(':') != std::string_view::npos)
    return is_ip(AF_INET6, host.substr(0, host.find('%')))
             ? std::string{}
             : "is no host; write the name or the address alone";
  if (auto reason = character_fault(host); !reason.empty())
    return reason;
  const bool is_dotted = host.find_first_not_of("0123456789.")
                           == std::string_view::npos
                         && std::count(host.begin(), host.end(), '.') == 3;
  if (is_dotted && !is_ip(AF_INET, host))
    return "is no IPv4 address: each of its four numbers is 0 to 255";
  const auto name = host.ends_with('.') ? host.substr(0, host.size() - 1)
                                        : host;
  if (name.size() > longest_name)
    return "is longer than the 253 bytes that a host name may have";
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('.', begin), name.size());
    if (end == begin || end - begin > longest_label || name[begin] == '-')
      return "is no host name: a part between its dots is empty, begins with "
             "a hyphen or is longer than 63 bytes";
    begin = end + 1;
  }
  return {};
}

} // namespace millrace::adapters::kafka
