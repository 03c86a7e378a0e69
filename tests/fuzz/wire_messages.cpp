// What an insider may send: a frame that passes the gate is decoded as the
// message that it claims to be. tests/fuzz/run builds and starts it.
#include "logic/links/wire_gate.hpp"
#include "messages/wire/type_ids.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

namespace {

namespace wire = millrace::messages::wire;
using millrace::logic::links::WireGate;

constexpr std::uint64_t door = 7;

/// One for all inputs, as the types are registered once.
caf::actor_system& shared_system() {
  static auto* const system = [] {
    caf::init_global_meta_objects<caf::id_block::millrace_wire>();
    caf::core::init_global_meta_objects();
    static caf::actor_system_config config;
    config.set("caf.scheduler.max-threads", 1);
    return new caf::actor_system{config};
  }();
  return *system;
}

/// A gate behind the handshake, which an input does not have to guess.
WireGate greeted(const WireGate::Rules& rules, const std::string& node) {
  WireGate gate{WireGate::Side::accepted, rules};
  std::string header(WireGate::header_bytes, '\0');
  header[0] = 1;
  header[7] = static_cast<char>(node.size());
  gate.on_header(std::as_bytes(std::span{header}));
  gate.on_payload(std::as_bytes(std::span{node}));
  return gate;
}

template <class Message>
void decode(std::span<const std::byte> bytes) {
  Message message;
  caf::binary_deserializer source{
    shared_system(),
    caf::make_span(reinterpret_cast<const caf::byte*>(bytes.data()),
                   bytes.size())};
  static_cast<void>(source.apply(message));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using Verdict = WireGate::Verdict;
  const WireGate::Rules rules{
    caf::id_block::millrace_wire::begin,
    caf::id_block::millrace_wire::end,
    caf::type_id_v<caf::error>,
    1U << 20U,
    "\1me",
    [](std::uint64_t actor) { return actor == door; }};
  auto gate = greeted(rules, "\1it");
  auto rest = std::as_bytes(std::span{data, size});
  while (rest.size() >= WireGate::header_bytes) {
    const auto verdict = gate.on_header(rest.first(WireGate::header_bytes));
    const bool to_door = std::to_integer<int>(rest[31]) == door;
    const bool is_message = std::to_integer<int>(rest[0]) == 2;
    rest = rest.subspan(WireGate::header_bytes);
    if (verdict == Verdict::refuse || rest.size() < gate.payload_bytes())
      return 0;
    const auto payload = rest.first(gate.payload_bytes());
    rest = rest.subspan(payload.size());
    if (verdict == Verdict::swallow || payload.empty()
        || gate.on_payload(payload) != Verdict::pass || !is_message)
      continue;
    if (!to_door)
      std::abort(); // somebody was reached who must not be
    const auto value = payload.subspan(4);
    decode<wire::Hello>(value);
    decode<wire::Welcome>(value);
    decode<wire::Refused>(value);
    decode<wire::Ping>(value);
    decode<wire::Pong>(value);
    decode<wire::ShardOwners>(value);
    decode<wire::JudgeRequest>(value);
    decode<wire::JudgeAnswer>(value);
    decode<wire::LaneOpen>(value);
    decode<wire::LaneWork>(value);
    decode<wire::LaneAnswer>(value);
    decode<wire::LaneDrop>(value);
    decode<wire::LaneWindow>(value);
    decode<wire::LaneQuestion>(value);
    decode<wire::LaneResult>(value);
    decode<wire::LaneFailed>(value);
    decode<wire::LaneInsight>(value);
  }
  return 0;
}
