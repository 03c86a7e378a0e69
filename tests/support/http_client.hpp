#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace millrace::tests {

/// A connection to a local port that sends and reads raw bytes.
class LocalConnection {
public:
  explicit LocalConnection(std::uint16_t port)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                           sizeof address)
                 == 0;
  }
  LocalConnection(const LocalConnection&) = delete;
  LocalConnection& operator=(const LocalConnection&) = delete;
  ~LocalConnection() { ::close(socket_); }

  bool connected() const noexcept { return connected_; }

  /// Sends as much as the other side takes.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(),
                               MSG_NOSIGNAL);
      if (sent <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Says that nothing more will be sent.
  void finish() { ::shutdown(socket_, SHUT_WR); }

  /// Everything until the other side closes.
  std::string read_all() {
    std::string all;
    char part[4096];
    for (;;) {
      const auto got = ::recv(socket_, part, sizeof part, 0);
      if (got <= 0) {
        return all;
      }
      all.append(part, static_cast<std::size_t>(got));
    }
  }

private:
  int socket_;
  bool connected_ = false;
};

struct HttpReply {
  int status = 0; ///< 0 without an answer
  std::string head;
  std::string body;
};

/// Sends bytes as they are and takes the answer apart.
inline HttpReply http_exchange(std::uint16_t port, std::string_view bytes) {
  LocalConnection connection{port};
  connection.send(bytes);
  const auto all = connection.read_all();
  HttpReply reply;
  const auto end = all.find("\r\n\r\n");
  if (all.size() > 12 && end != all.npos && all.starts_with("HTTP/1.1 ")) {
    reply.status = std::stoi(all.substr(9, 3));
    reply.head = all.substr(0, end);
    reply.body = all.substr(end + 4);
  }
  return reply;
}

inline HttpReply http_request(std::uint16_t port, const std::string& method,
                              const std::string& target) {
  return http_exchange(port, method + ' ' + target
                               + " HTTP/1.1\r\nHost: localhost\r\n"
                                 "Connection: close\r\n\r\n");
}

} // namespace millrace::tests
