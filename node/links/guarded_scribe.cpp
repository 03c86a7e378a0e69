#include "node/links/guarded_scribe.hpp"

#include "adapters/links/link_sockets.hpp"

#include <caf/io/receive_policy.hpp>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include <sys/socket.h>

namespace millrace::node {

using adapters::links::TlsSession;
using logic::links::Refusal;
using logic::links::RefusalReason;
using logic::links::WireGate;

// -- LinkStreamPolicy ---------------------------------------------------------

/// Of a call the first event tells whether anybody took it; the socket tells
/// only once.
bool LinkStreamPolicy::has_connected(Socket socket) {
  if (!call_)
    return true;
  if (connected_)
    return *connected_;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  connected_ = error == 0;
  if (error != 0) {
    const std::lock_guard lock{call_->mutex};
    call_->error = std::generic_category().message(error);
  }
  return *connected_;
}

LinkStreamPolicy::State
LinkStreamPolicy::to_state(TlsSession::Progress progress) {
  switch (progress) {
    case TlsSession::Progress::moved:
      return State::success;
    case TlsSession::Progress::wants_read:
      return State::want_read;
    case TlsSession::Progress::idle:
      return State::indeterminate;
    case TlsSession::Progress::failed:
      break;
  }
  if (call_) {
    const std::lock_guard lock{call_->mutex};
    call_->refusal = tls_->refusal();
  }
  return State::failure;
}

LinkStreamPolicy::State LinkStreamPolicy::read_some(std::size_t& count,
                                                    Socket socket, void* into,
                                                    std::size_t size) {
  count = 0;
  if (!has_connected(socket))
    return State::failure;
  if (tls_)
    return to_state(tls_->read({static_cast<std::byte*>(into), size}, count));
  const auto got = ::recv(socket, into, size, MSG_NOSIGNAL);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
    return State::failure;
  count = got > 0 ? static_cast<std::size_t>(got) : 0;
  return State::success;
}

LinkStreamPolicy::State
LinkStreamPolicy::write_some(std::size_t& count, Socket socket,
                             const void* from, std::size_t size) {
  count = 0;
  if (!has_connected(socket))
    return State::failure;
  if (tls_)
    return to_state(
      tls_->write({static_cast<const std::byte*>(from), size}, count));
  if (size == 0)
    return State::indeterminate;
  const auto put = ::send(socket, from, size, MSG_NOSIGNAL);
  if (put < 0 && errno != EAGAIN && errno != EINTR)
    return State::failure;
  count = put > 0 ? static_cast<std::size_t>(put) : 0;
  return State::success;
}

// -- GuardedScribe ------------------------------------------------------------

namespace {

std::shared_ptr<TlsSession> begin_session(const Connections& connections,
                                          int socket, bool calling) {
  auto context = connections.tls();
  if (!context)
    return nullptr;
  return std::make_shared<TlsSession>(std::move(context), socket,
                                      calling ? TlsSession::Side::connecting
                                              : TlsSession::Side::accepting);
}

/// CAF's broker gives up who says nothing for 1.7 s (SystemConfig); less here,
/// as clocks are looked at one after the other.
constexpr std::chrono::milliseconds silence{1'500};

} // namespace

GuardedScribe::GuardedScribe(Multiplexer& multiplexer, int socket,
                             std::shared_ptr<Connections> connections,
                             std::shared_ptr<CallOutcome> call)
  : scribe(caf::io::network::conn_hdl_from_socket(socket)),
    connections_(std::move(connections)), call_(std::move(call)),
    tls_(begin_session(*connections_, socket, call_ != nullptr)),
    stream_(multiplexer, socket, tls_, call_),
    gate_(call_ ? Side::dialled : Side::accepted, connections_->rules()) {
  if (const auto remote = adapters::links::remote_endpoint(socket))
    address_ = to_string(*remote);
}

GuardedScribe::~GuardedScribe() {
  if (known_)
    connections_->forget(gate_.peer_node(), stream_.fd());
  if (call_)
    return;
  if (const auto why = refusal(); why.reason != RefusalReason::none)
    connections_->refused(address_, why);
  connections_->leave();
}

/// Why a connection that the peer began came to nothing; none of one that was
/// a node's.
Refusal GuardedScribe::refusal() const {
  if (gate_.refusal().reason != RefusalReason::none)
    return gate_.refusal();
  if (tls_ && tls_->refusal().reason != RefusalReason::none)
    return tls_->refusal();
  if (gate_.greeted())
    return {};
  if (std::chrono::steady_clock::now() - begun_ > silence)
    return {RefusalReason::silence, "connected and said nothing that counts"};
  return {RefusalReason::hung_up, "connected and hung up"};
}

void GuardedScribe::configure_read(caf::io::receive_policy::config config) {
  stream_.configure_read(config);
  if (std::exchange(launched_, true))
    return;
  stream_.start(this);
  // The handshake begins with whoever called.
  if (tls_)
    stream_.force_empty_write(this);
}

bool GuardedScribe::consume(caf::execution_unit* context, const void* data,
                            std::size_t size) {
  using Verdict = WireGate::Verdict;
  if (detached())
    return false;
  const std::span bytes{static_cast<const std::byte*>(data), size};
  if (expected_ == Expected::unwanted) {
    expected_ = Expected::header;
    stream_.configure_read(
      caf::io::receive_policy::exactly(WireGate::header_bytes));
    return true;
  }
  if (expected_ == Expected::payload) {
    expected_ = Expected::header;
    if (gate_.on_payload(bytes) != Verdict::pass)
      return refuse(context);
    if (gate_.greeted() && !std::exchange(known_, true))
      connections_->know(gate_.peer_node(), stream_.fd(), address_);
    return scribe::consume(context, data, size);
  }
  const auto verdict = gate_.on_header(bytes);
  if (verdict == Verdict::refuse)
    return refuse(context);
  const bool more = gate_.payload_bytes() != 0;
  if (verdict == Verdict::swallow) {
    if (more) {
      expected_ = Expected::unwanted;
      stream_.configure_read(
        caf::io::receive_policy::exactly(gate_.payload_bytes()));
    }
    return true;
  }
  if (more)
    expected_ = Expected::payload;
  return scribe::consume(context, data, size);
}

bool GuardedScribe::refuse(caf::execution_unit* context) {
  if (call_) {
    const std::lock_guard lock{call_->mutex};
    call_->refusal = gate_.refusal();
  }
  io_failure(context, caf::io::network::operation::read);
  return false;
}

void GuardedScribe::graceful_shutdown() {
  stream_.graceful_shutdown();
  // CAF waits until all is written and the other end has hung up. Who never was
  // a node here may do neither, as an address that nobody answers at; the end
  // of the process would wait for it.
  if (!gate_.greeted())
    ::shutdown(stream_.fd(), SHUT_RDWR);
  detach(&stream_.backend(), false);
}

std::string GuardedScribe::addr() const {
  const auto remote = adapters::links::remote_endpoint(stream_.fd());
  return remote ? remote->host : std::string{};
}

std::uint16_t GuardedScribe::port() const {
  const auto remote = adapters::links::remote_endpoint(stream_.fd());
  return remote ? remote->port : 0;
}

} // namespace millrace::node
