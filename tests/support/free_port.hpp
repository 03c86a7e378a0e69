#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace millrace::tests {

/// A port of the loopback interface that is free just now.
inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, name, size) == 0
                     && ::getsockname(socket, name, &size) == 0;
  const auto error = errno;
  ::close(socket);
  if (!bound)
    throw std::system_error{error, std::generic_category(),
                            "looking for a free port"};
  return ntohs(address.sin_port);
}

} // namespace millrace::tests
