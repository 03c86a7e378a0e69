#pragma once

#include "adapters/links/openssl_handles.hpp"
#include "adapters/links/tls_files.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/memory_log.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace millrace::tests {

/// Somebody with a certificate who knows CAF's protocol and means no good.
class HostileClient {
public:
  HostileClient(std::uint16_t port, const adapters::links::LinkConfig& config)
    : socket_(connect_to(port)) {
    const auto files = adapters::links::TlsFiles::open(
      config, std::make_shared<MemoryLog>());
    if (!files)
      throw std::runtime_error(files.error().text);
    context_ = (*files)->context();
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_);
    welcome_ = SSL_connect(ssl_.get()) == 1;
  }
  HostileClient(const HostileClient&) = delete;
  HostileClient& operator=(const HostileClient&) = delete;
  ~HostileClient() { ::close(socket_); }

  static int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address),
                  sizeof address)
        != 0)
      throw std::runtime_error("nobody listens");
    return socket;
  }

  /// Whether TLS came about, as far as this side knows.
  bool welcome() const noexcept { return welcome_; }

  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
           > 0;
  }

  /// Reads until the other side closes or 10 s have passed; false then.
  bool is_hung_up_on() {
    std::array<char, 4096> part{};
    while (SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size())) > 0)
      continue;
    const auto timed_out = errno == EAGAIN;
    return !timed_out;
  }

  /// Takes the server's handshake, says who it is, and keeps the other's id.
  void greet(const std::string& own_node) {
    const auto header = read(32);
    std::uint32_t size = 0;
    for (int at = 4; at != 8; ++at)
      size = size << 8U | static_cast<unsigned char>(header[at]);
    node_ = read(size).substr(0, own_node.size());
    send(frame(1, own_node));
  }

  const std::string& peer_node() const noexcept { return node_; }

  static void append(std::string& to, std::uint64_t number, int bytes) {
    for (int at = bytes - 1; at >= 0; --at)
      to += static_cast<char>(number >> (8 * at));
  }

  struct Fields {
    std::uint8_t flags = 0;
    std::uint64_t data = 0;
    std::uint64_t source = 0;
    std::uint64_t dest = 0;
    std::int64_t claimed_bytes = -1; ///< of the payload; below 0: as it is
  };

  /// A frame of CAF's protocol.
  static std::string frame(std::uint8_t operation, const std::string& payload) {
    return frame(operation, payload, Fields{});
  }
  static std::string frame(std::uint8_t operation, const std::string& payload,
                           const Fields& fields) {
    std::string bytes;
    append(bytes, operation, 1);
    append(bytes, 0, 2);
    append(bytes, fields.flags, 1);
    append(bytes,
           fields.claimed_bytes < 0
             ? payload.size()
             : static_cast<std::uint64_t>(fields.claimed_bytes),
           4);
    append(bytes, fields.data, 8);
    append(bytes, fields.source, 8);
    append(bytes, fields.dest, 8);
    return bytes + payload;
  }

  /// The payload of a message of one value.
  static std::string message(std::uint16_t type, const std::string& value) {
    std::string payload{'\0', '\1'};
    append(payload, type, 2);
    return payload + value;
  }

private:
  std::string read(std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t got = 0;
    while (got != count) {
      const auto more = SSL_read(ssl_.get(), bytes.data() + got,
                                 static_cast<int>(count - got));
      if (more <= 0)
        throw std::runtime_error("the other side hung up");
      got += static_cast<std::size_t>(more);
    }
    return bytes;
  }

  int socket_;
  adapters::links::TlsFiles::Context context_;
  adapters::links::SslHandle ssl_;
  bool welcome_ = false;
  std::string node_;
};

} // namespace millrace::tests
