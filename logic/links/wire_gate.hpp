#pragma once

#include "logic/links/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace millrace::logic::links {

/// Stands between a connection and CAF's network layer (BASP, its Binary Actor
/// System Protocol) and looks at every frame before CAF does. CAF takes
/// whoever is connected for a trusted part of one program: it delivers any
/// message to any actor that was ever named, orders to end among them, passes
/// frames on to third nodes, starts actors by name, and decodes to any depth.
/// What a millrace node sends to another is much less; only that passes:
///
/// - one handshake each way, first of all;
/// - messages of one value of a type of our own that this node's role takes,
///   without a return path, to actors that are reachable; answers may also be
///   an error;
/// - heartbeats, and notices that an actor of the peer is watched or ended.
///
/// The layout of frames is that of CAF 0.18 (libcaf_io, basp/header.hpp), its
/// binary format big-endian. Decides only, keeps no bytes; not thread-safe.
class WireGate {
public:
  static constexpr std::size_t header_bytes = 32;
  /// Of frames that are no messages, and of errors. Also bounds how deep an
  /// error can be nested in itself, which CAF decodes by recursion.
  static constexpr std::uint32_t max_control_bytes = 4'096;

  enum class Side : std::uint8_t { accepted, dialled };

  struct Rules {
    std::uint16_t first_type = 0; ///< ids of the types that travel
    std::uint16_t end_type = 0; ///< one past the last of them
    std::uint16_t error_type = 0; ///< CAF's own, allowed as an answer
    std::uint32_t max_message_bytes = 4U << 20U;
    std::string own_node; ///< this node's id as CAF writes it
    /// Whether a peer may speak to the actor of that id; any thread.
    std::function<bool(std::uint64_t)> reachable;
    /// Whether this node takes a type of ours; empty: all of them.
    std::function<bool(std::uint16_t)> takes{};
  };

  enum class Verdict : std::uint8_t {
    pass, ///< hand it to CAF
    swallow, ///< drop the whole frame and go on
    refuse, ///< no node of ours sends that: end the connection
  };

  WireGate(Side side, const Rules& rules) : side_(side), rules_(rules) {}

  /// Judges a frame by its header. Where `payload_bytes` is not 0 afterwards
  /// and the verdict is not to refuse, that many bytes follow; of a frame that
  /// passes they are judged, too.
  Verdict on_header(std::span<const std::byte> header);
  Verdict on_payload(std::span<const std::byte> payload);

  std::uint32_t payload_bytes() const noexcept { return frame_.payload_bytes; }

  /// Whether the peer has said who it is.
  bool greeted() const noexcept { return !peer_node_.empty(); }
  /// The peer's node id as CAF writes it; empty before the handshake.
  const std::string& peer_node() const noexcept { return peer_node_; }
  /// Why a frame was refused.
  const Refusal& refusal() const noexcept { return refusal_; }
  /// Messages dropped as they were not for a reachable actor.
  std::uint64_t swallowed() const noexcept { return swallowed_; }

private:
  struct Frame {
    std::uint8_t operation = 0;
    std::uint8_t flags = 0;
    std::uint32_t payload_bytes = 0;
    std::uint64_t operation_data = 0;
    std::uint64_t source_actor = 0;
    std::uint64_t dest_actor = 0;
  };

  Verdict refuse(RefusalReason reason, std::string text);
  Verdict judge_message();
  Verdict judge_handshake();
  Verdict judge_control(bool with_payload);
  Verdict read_handshake(std::span<const std::byte> payload);
  Verdict read_message(std::span<const std::byte> payload);
  Verdict read_notice(std::span<const std::byte> payload);

  Side side_;
  const Rules& rules_;
  Frame frame_;
  std::string peer_node_;
  Refusal refusal_;
  std::uint64_t swallowed_ = 0;
};

} // namespace millrace::logic::links
