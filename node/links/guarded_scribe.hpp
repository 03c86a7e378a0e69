#pragma once

#include "adapters/links/tls_session.hpp"
#include "logic/links/wire_gate.hpp"
#include "node/links/connections.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/rw_state.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/io/scribe.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

/// Internal to the network of links.
namespace millrace::node {

/// Moves bytes between a socket and CAF's stream, under TLS or plainly.
class LinkStreamPolicy {
public:
  using Socket = caf::io::network::native_socket;
  using State = caf::io::network::rw_state;

  LinkStreamPolicy(std::shared_ptr<adapters::links::TlsSession> tls,
                   std::shared_ptr<CallOutcome> call)
    : tls_(std::move(tls)), call_(std::move(call)) {}

  State read_some(std::size_t& count, Socket socket, void* into,
                  std::size_t size);
  State write_some(std::size_t& count, Socket socket, const void* from,
                   std::size_t size);
  bool must_read_more(Socket, std::size_t threshold) const {
    return tls_ && tls_->pending() >= threshold;
  }

private:
  bool has_connected(Socket socket);
  State to_state(adapters::links::TlsSession::Progress progress);

  std::shared_ptr<adapters::links::TlsSession> tls_; ///< null: plain
  std::shared_ptr<CallOutcome> call_; ///< null: the peer called
  std::optional<bool> connected_;
};

/// A connection to a node, or to whoever has connected: CAF gets to see what
/// the gate lets through.
class GuardedScribe final : public caf::io::scribe {
public:
  using Multiplexer = caf::io::network::default_multiplexer;
  using Side = logic::links::WireGate::Side;

  /// Owns the socket. `call` is null where the peer called.
  GuardedScribe(Multiplexer& multiplexer, int socket,
                std::shared_ptr<Connections> connections,
                std::shared_ptr<CallOutcome> call);
  ~GuardedScribe() override;

  void configure_read(caf::io::receive_policy::config config) override;
  bool consume(caf::execution_unit* context, const void* data,
               std::size_t size) override;
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  caf::byte_buffer& wr_buf() override { return stream_.wr_buf(); }
  caf::byte_buffer& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override;
  void flush() override { stream_.flush(this); }
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

private:
  enum class Expected : std::uint8_t { header, payload, unwanted };

  bool refuse(caf::execution_unit* context);
  logic::links::Refusal refusal() const;

  std::shared_ptr<Connections> connections_;
  std::shared_ptr<CallOutcome> call_;
  std::shared_ptr<adapters::links::TlsSession> tls_;
  caf::io::network::stream_impl<LinkStreamPolicy> stream_;
  logic::links::WireGate gate_;
  Expected expected_ = Expected::header;
  bool launched_ = false;
  bool known_ = false;
  std::string address_;
  std::chrono::steady_clock::time_point begun_
    = std::chrono::steady_clock::now();
};

} // namespace millrace::node
