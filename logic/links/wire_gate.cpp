#include "logic/links/wire_gate.hpp"

#include <algorithm>
#include <string_view>

namespace millrace::logic::links {

namespace {

// libcaf_io, basp/message_type.hpp.
constexpr std::uint8_t server_handshake = 0;
constexpr std::uint8_t client_handshake = 1;
constexpr std::uint8_t direct_message = 2;
constexpr std::uint8_t monitor_message = 4;
constexpr std::uint8_t down_message = 5;
constexpr std::uint8_t heartbeat = 6;

/// The receiver is meant by one of CAF's fixed names, not by its id.
constexpr std::uint8_t named_receiver = 1;

/// Of a message's number: it answers a request (caf/message_id.hpp).
constexpr std::uint64_t response_bit = std::uint64_t{1} << 63U;

template <class Number>
Number big_endian(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (std::size_t index = 0; index != sizeof(Number); ++index)
    number = number << 8U | std::to_integer<std::uint64_t>(bytes[index]);
  return static_cast<Number>(number);
}

bool begins_with(std::span<const std::byte> bytes, std::string_view prefix) {
  return bytes.size() >= prefix.size()
         && std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                       [](char left, std::byte right) {
                         return static_cast<std::byte>(left) == right;
                       });
}

std::string to_text(std::span<const std::byte> bytes) {
  std::string text(bytes.size(), '\0');
  std::ranges::transform(bytes, text.begin(), [](std::byte byte) {
    return static_cast<char>(byte);
  });
  return text;
}

} // namespace

WireGate::Verdict WireGate::refuse(RefusalReason reason, std::string text) {
  refusal_ = {reason, std::move(text)};
  return Verdict::refuse;
}

WireGate::Verdict WireGate::on_header(std::span<const std::byte> header) {
  if (header.size() != header_bytes)
    return refuse(RefusalReason::malformed, "a header of a wrong size");
  frame_.operation = std::to_integer<std::uint8_t>(header[0]);
  frame_.flags = std::to_integer<std::uint8_t>(header[3]);
  frame_.payload_bytes = big_endian<std::uint32_t>(header.subspan(4));
  frame_.operation_data = big_endian<std::uint64_t>(header.subspan(8));
  frame_.source_actor = big_endian<std::uint64_t>(header.subspan(16));
  frame_.dest_actor = big_endian<std::uint64_t>(header.subspan(24));
  switch (frame_.operation) {
    case server_handshake:
    case client_handshake:
      return judge_handshake();
    case direct_message:
      return judge_message();
    case monitor_message:
    case down_message:
      return judge_control(true);
    case heartbeat:
      return judge_control(false);
    default:
      return refuse(RefusalReason::forbidden,
                    "a frame of kind " + std::to_string(frame_.operation)
                      + ", which no node sends");
  }
}

WireGate::Verdict WireGate::on_payload(std::span<const std::byte> payload) {
  switch (frame_.operation) {
    case server_handshake:
    case client_handshake:
      return read_handshake(payload);
    case direct_message:
      return read_message(payload);
    default:
      return read_notice(payload);
  }
}

WireGate::Verdict WireGate::judge_handshake() {
  const auto expected = side_ == Side::accepted ? client_handshake
                                                : server_handshake;
  if (greeted() || frame_.operation != expected)
    return refuse(RefusalReason::malformed, "a handshake out of turn");
  if (frame_.payload_bytes < rules_.own_node.size()
      || frame_.payload_bytes > max_control_bytes)
    return refuse(RefusalReason::malformed,
                  "a handshake of " + std::to_string(frame_.payload_bytes)
                    + " bytes");
  return Verdict::pass;
}

WireGate::Verdict WireGate::judge_message() {
  if (!greeted())
    return refuse(RefusalReason::malformed, "a message before the handshake");
  if (frame_.payload_bytes == 0
      || frame_.payload_bytes > rules_.max_message_bytes)
    return refuse(RefusalReason::malformed,
                  "a message of " + std::to_string(frame_.payload_bytes)
                    + " bytes");
  // CAF asks every new neighbour for its spawn server. Here nobody has one.
  if ((frame_.flags & named_receiver) != 0
      || !rules_.reachable(frame_.dest_actor)) {
    ++swallowed_;
    return Verdict::swallow;
  }
  return Verdict::pass;
}

WireGate::Verdict WireGate::judge_control(bool with_payload) {
  if (!greeted())
    return refuse(RefusalReason::malformed, "a frame before the handshake");
  if (with_payload ? frame_.payload_bytes < 2 * rules_.own_node.size()
                       || frame_.payload_bytes > max_control_bytes
                   : frame_.payload_bytes != 0)
    return refuse(RefusalReason::malformed,
                  "a notice of " + std::to_string(frame_.payload_bytes)
                    + " bytes");
  return Verdict::pass;
}

/// A handshake begins with the peer's node id. There are two kinds of ids, and
/// all of ours are of one size.
WireGate::Verdict WireGate::read_handshake(std::span<const std::byte> payload) {
  const auto& own = rules_.own_node;
  if (payload.size() < own.size()
      || payload[0] != static_cast<std::byte>(own[0]))
    return refuse(RefusalReason::malformed, "a handshake without a node id");
  if (frame_.operation == client_handshake && payload.size() != own.size())
    return refuse(RefusalReason::malformed, "a handshake with a tail");
  auto node = to_text(payload.first(own.size()));
  if (frame_.operation == client_handshake && node == own)
    return refuse(RefusalReason::duplicate, "this node itself");
  peer_node_ = std::move(node);
  return Verdict::pass;
}

/// A message: the actors that an answer returns by, then how many values it
/// has, their types, the values.
WireGate::Verdict WireGate::read_message(std::span<const std::byte> payload) {
  constexpr std::size_t least = 4;
  if (payload.size() < least || payload[0] != std::byte{0}
      || payload[1] != std::byte{1})
    return refuse(RefusalReason::forbidden,
                  "a message that is not of one value and straight to its "
                  "receiver");
  const auto type = big_endian<std::uint16_t>(payload.subspan(2));
  if (type >= rules_.first_type && type < rules_.end_type
      && (!rules_.takes || rules_.takes(type)))
    return Verdict::pass;
  const bool is_answer = (frame_.operation_data & response_bit) != 0;
  if (is_answer && type == rules_.error_type
      && payload.size() <= max_control_bytes)
    return Verdict::pass;
  return refuse(RefusalReason::forbidden, "a message of type "
                                            + std::to_string(type)
                                            + ", which nobody sends here");
}

/// That one of our actors is watched, or one of the peer's ended: names the
/// peer, then us.
WireGate::Verdict WireGate::read_notice(std::span<const std::byte> payload) {
  if (!begins_with(payload, peer_node_)
      || !begins_with(payload.subspan(peer_node_.size()), rules_.own_node))
    return refuse(RefusalReason::forbidden, "a notice for or of another node");
  return Verdict::pass;
}

} // namespace millrace::logic::links
