#include "adapters/links/link_sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace millrace::adapters::links {

namespace {

using logic::links::Endpoint;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList look_up(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto port = std::to_string(endpoint.port);
  if (::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0)
    found = nullptr;
  return {found, &::freeaddrinfo};
}

std::optional<Endpoint> to_endpoint(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return Endpoint{text.data(), ntohs(v4.sin_port)};
  }
  if (address.ss_family != AF_INET6)
    return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  std::string host = text.data();
  // A v4 peer on a socket of both families.
  if (constexpr std::string_view mapped = "::ffff:";
      host.starts_with(mapped) && host.find('.') != std::string::npos)
    host.erase(0, mapped.size());
  return Endpoint{std::move(host), ntohs(v6.sin6_port)};
}

std::optional<Endpoint> to_endpoint(const addrinfo& info) {
  sockaddr_storage address{};
  std::memcpy(&address, info.ai_addr,
              std::min<std::size_t>(info.ai_addrlen, sizeof address));
  return to_endpoint(address);
}

logic::Error failed(const char* what, const Endpoint& endpoint) {
  const auto reason = std::generic_category().message(errno);
  return {logic::ErrorCode::io_failed, std::string{"cannot "} + what + " "
                                         + to_string(endpoint) + ": " + reason};
}

} // namespace

std::vector<Endpoint> addresses_of(const Endpoint& host) {
  std::vector<Endpoint> result;
  const auto list = look_up(host, AI_ADDRCONFIG);
  for (const auto* each = list.get(); each != nullptr; each = each->ai_next)
    if (auto endpoint = to_endpoint(*each);
        endpoint && std::ranges::find(result, *endpoint) == result.end())
      result.push_back(std::move(*endpoint));
  return result;
}

logic::Result<FileDescriptor> listen_on(const Endpoint& endpoint) {
  constexpr int longest_queue = 128;
  const auto list = look_up(endpoint, AI_PASSIVE);
  if (!list)
    return logic::Error{logic::ErrorCode::invalid_config,
                        "cannot listen on " + to_string(endpoint)
                          + ": no such address on this machine"};
  errno = EADDRNOTAVAIL;
  for (const auto* each = list.get(); each != nullptr; each = each->ai_next) {
    FileDescriptor socket{
      ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    // A node that is started again must not wait for its predecessor's
    // connections to be forgotten.
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (each->ai_family == AF_INET6) {
      const int off = 0;
      ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (socket.is_open()
        && ::bind(socket.get(), each->ai_addr, each->ai_addrlen) == 0
        && ::listen(socket.get(), longest_queue) == 0)
      return socket;
  }
  return failed("listen on", endpoint);
}

logic::Result<FileDescriptor> begin_to_connect(const Endpoint& endpoint) {
  const auto list = look_up(endpoint, AI_NUMERICHOST);
  if (!list)
    return logic::Error{logic::ErrorCode::invalid_argument,
                        to_string(endpoint) + " is no numeric address"};
  FileDescriptor socket{
    ::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.is_open())
    return failed("open a socket to", endpoint);
  // Small requests wait for an answer: they must not wait for company.
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), list->ai_addr, list->ai_addrlen) != 0
      && errno != EINPROGRESS)
    return failed("connect to", endpoint);
  return socket;
}

std::string source_address(const Endpoint& peer) {
  const auto list = look_up(peer, AI_NUMERICHOST);
  if (!list)
    return {};
  const FileDescriptor socket{
    ::socket(list->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket.is_open()
      || ::connect(socket.get(), list->ai_addr, list->ai_addrlen) != 0)
    return {};
  const auto local = local_endpoint(socket.get());
  return local ? local->host : std::string{};
}

std::optional<Endpoint> local_endpoint(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return std::nullopt;
  return to_endpoint(address);
}

std::optional<Endpoint> remote_endpoint(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return std::nullopt;
  return to_endpoint(address);
}

} // namespace millrace::adapters::links
