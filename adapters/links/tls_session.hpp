#pragma once

#include "adapters/links/tls_files.hpp"
#include "logic/links/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct ssl_st;

namespace millrace::adapters::links {

/// One connection under TLS on a socket that does not block. The handshake is
/// part of the first reads and writes. Not thread-safe.
class TlsSession {
public:
  enum class Side : std::uint8_t { accepting, connecting };

  enum class Progress : std::uint8_t {
    moved, ///< bytes were read or written, maybe none: ask again
    wants_read, ///< the handshake goes on when something arrives
    idle, ///< nothing was asked for
    failed, ///< over; `refusal` says why
  };

  /// `socket` stays the caller's.
  TlsSession(TlsFiles::Context context, int socket, Side side);

  Progress read(std::span<std::byte> into, std::size_t& count);
  Progress write(std::span<const std::byte> from, std::size_t& count);

  /// Bytes that were received and not read yet.
  std::size_t pending() const;

  bool established() const noexcept { return established_; }

  /// Why there is no session, once one has failed before it was established;
  /// of an established one that the peer gave up, `refused_by_peer` where it
  /// said why.
  const logic::links::Refusal& refusal() const noexcept { return refusal_; }

private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  Progress shake_hands();
  Progress judge(int result);
  void note_failure(int error);

  TlsFiles::Context context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bool established_ = false;
  bool failed_ = false;
  logic::links::Refusal refusal_;
};

} // namespace millrace::adapters::links
