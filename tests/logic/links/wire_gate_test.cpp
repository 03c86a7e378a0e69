#define CAF_SUITE wire_gate

#include "logic/links/wire_gate.hpp"

#include "caf/test/dsl.hpp"

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

using namespace millrace::logic::links;

namespace {

using Verdict = WireGate::Verdict;
using Bytes = std::vector<std::byte>;

enum Operation : std::uint8_t {
  server_handshake = 0,
  client_handshake = 1,
  direct_message = 2,
  routed_message = 3,
  monitor_message = 4,
  down_message = 5,
  heartbeat = 6,
};

constexpr std::uint64_t door = 17;
constexpr std::uint64_t answer_bit = std::uint64_t{1} << 63U;

struct Header {
  std::uint8_t operation = heartbeat;
  std::uint8_t flags = 0;
  std::uint32_t payload_bytes = 0;
  std::uint64_t operation_data = 0;
  std::uint64_t source = 0;
  std::uint64_t dest = 0;

  Bytes bytes() const {
    Bytes result{std::byte{operation}, std::byte{0}, std::byte{0},
                 std::byte{flags}};
    const auto append = [&result](std::uint64_t number, int size) {
      for (int at = size - 1; at >= 0; --at)
        result.push_back(static_cast<std::byte>(number >> (8 * at)));
    };
    append(payload_bytes, 4);
    append(operation_data, 8);
    append(source, 8);
    append(dest, 8);
    return result;
  }
};

Bytes bytes_of(const std::string& text) {
  Bytes result;
  for (const char letter : text)
    result.push_back(static_cast<std::byte>(letter));
  return result;
}

struct Fixture {
  std::string mine = std::string(1, '\1') + "me..................me..";
  std::string theirs = std::string(1, '\1') + "you................you..";
  std::string others = std::string(1, '\1') + "third.............third..";
  WireGate::Rules rules{
    1000,      1010, 30,
    1U << 20U, mine, [](std::uint64_t actor) { return actor == door; }};

  WireGate greeted() const {
    WireGate gate{WireGate::Side::accepted, rules};
    CAF_REQUIRE(
      gate.on_header(
        Header{.operation = client_handshake, .payload_bytes = 25}.bytes())
      == Verdict::pass);
    CAF_REQUIRE(gate.on_payload(bytes_of(theirs)) == Verdict::pass);
    return gate;
  }

  static Verdict send(WireGate& gate, Header header, const Bytes& payload) {
    header.payload_bytes = static_cast<std::uint32_t>(payload.size());
    const auto verdict = gate.on_header(header.bytes());
    return verdict == Verdict::pass && !payload.empty()
             ? gate.on_payload(payload)
             : verdict;
  }

  /// A message of one value of a type.
  static Bytes message(std::uint16_t type, std::size_t value_bytes = 8) {
    Bytes payload{std::byte{0}, std::byte{1},
                  static_cast<std::byte>(type >> 8U),
                  static_cast<std::byte>(type & 0xFFU)};
    payload.resize(4 + value_bytes);
    return payload;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(wire_gate_tests, Fixture)

CAF_TEST(what_a_node_sends_passes) {
  auto gate = greeted();
  CAF_CHECK(gate.greeted());
  CAF_CHECK_EQUAL(gate.peer_node(), theirs);
  const Header to_door{.operation = direct_message, .source = 5, .dest = door};
  CAF_CHECK(send(gate, to_door, message(1000)) == Verdict::pass);
  CAF_CHECK(send(gate, to_door, message(1009)) == Verdict::pass);
  CAF_CHECK(send(gate, {}, {}) == Verdict::pass);
  CAF_CHECK(send(gate, {.operation = monitor_message, .dest = door},
                 bytes_of(theirs + mine))
            == Verdict::pass);
  CAF_CHECK(send(gate, {.operation = down_message, .source = 5},
                 bytes_of(theirs + mine + "12345"))
            == Verdict::pass);
}

CAF_TEST(what_is_not_for_this_role_is_refused) {
  rules.takes = [](std::uint16_t type) { return type != 1001; };
  auto gate = greeted();
  const Header to_door{.operation = direct_message, .source = 5, .dest = door};
  CAF_CHECK(send(gate, to_door, message(1000)) == Verdict::pass);
  CAF_CHECK(send(gate, to_door, message(1001)) == Verdict::refuse);
  CAF_CHECK(gate.refusal().reason == RefusalReason::forbidden);
}

CAF_TEST(an_error_passes_as_an_answer_and_not_else) {
  auto gate = greeted();
  Header header{.operation = direct_message, .source = 5, .dest = door};
  header.operation_data = answer_bit | 7U;
  CAF_CHECK(send(gate, header, message(30)) == Verdict::pass);
  CAF_CHECK(send(gate, header, message(30, 5'000)) == Verdict::refuse);
  header.operation_data = 7;
  CAF_CHECK(send(gate, header, message(30)) == Verdict::refuse);
}

CAF_TEST(who_is_not_reachable_or_meant_by_name_gets_nothing) {
  auto gate = greeted();
  CAF_CHECK(send(gate, {.operation = direct_message, .dest = 99}, message(1000))
            == Verdict::swallow);
  CAF_CHECK(send(gate, {.operation = direct_message, .flags = 1, .dest = door},
                 message(1000))
            == Verdict::swallow);
  CAF_CHECK_EQUAL(gate.swallowed(), 2u);
}

CAF_TEST(orders_to_end_and_other_types_of_cafs_are_refused) {
  // exit_msg and down_msg have ids below our own.
  for (std::uint16_t type = 0; type != 1000; ++type) {
    auto gate = greeted();
    CAF_REQUIRE(
      send(gate, {.operation = direct_message, .dest = door}, message(type))
      == Verdict::refuse);
    CAF_REQUIRE(gate.refusal().reason == RefusalReason::forbidden);
  }
}

CAF_TEST(return_paths_and_several_values_are_refused) {
  auto with_stages = message(1000);
  with_stages[0] = std::byte{1};
  auto two_values = message(1000);
  two_values[1] = std::byte{2};
  for (const auto& payload :
       {with_stages, two_values, Bytes{}, Bytes{std::byte{0}}}) {
    auto gate = greeted();
    CAF_CHECK(send(gate, {.operation = direct_message, .dest = door}, payload)
              == Verdict::refuse);
  }
}

CAF_TEST(frames_for_third_nodes_are_refused) {
  auto gate = greeted();
  CAF_CHECK(send(gate, {.operation = routed_message, .dest = door},
                 bytes_of(theirs + mine + "xx"))
            == Verdict::refuse);
  CAF_CHECK(send(gate, {.operation = monitor_message, .dest = door},
                 bytes_of(theirs + others))
            == Verdict::refuse);
  CAF_CHECK(send(gate, {.operation = down_message, .source = 5},
                 bytes_of(others + mine + "12345"))
            == Verdict::refuse);
}

CAF_TEST(nothing_comes_before_the_handshake_and_it_comes_once) {
  for (const auto operation : {direct_message, monitor_message, down_message,
                               heartbeat, server_handshake}) {
    WireGate gate{WireGate::Side::accepted, rules};
    CAF_CHECK(send(gate, {.operation = operation, .dest = door},
                   operation == heartbeat ? Bytes{} : bytes_of(theirs + mine))
              == Verdict::refuse);
  }
  auto gate = greeted();
  CAF_CHECK(send(gate, {.operation = client_handshake}, bytes_of(theirs))
            == Verdict::refuse);
  WireGate dialled{WireGate::Side::dialled, rules};
  CAF_CHECK(send(dialled, {.operation = client_handshake}, bytes_of(theirs))
            == Verdict::refuse);
}

CAF_TEST(lengths_are_bounded_before_anything_is_read) {
  for (const std::uint32_t bytes : {0U, 1U, 24U, 4'097U, 0xFFFFFFFFU}) {
    WireGate gate{WireGate::Side::accepted, rules};
    CAF_CHECK(
      gate.on_header(
        Header{.operation = client_handshake, .payload_bytes = bytes}.bytes())
      == Verdict::refuse);
  }
  for (const std::uint32_t bytes : {0U, (1U << 20U) + 1, 0xFFFFFFFFU}) {
    auto gate = greeted();
    CAF_CHECK(gate.on_header(Header{.operation = direct_message,
                                    .payload_bytes = bytes,
                                    .dest = door}
                               .bytes())
              == Verdict::refuse);
  }
  auto gate = greeted();
  CAF_CHECK(gate.on_header(Header{.payload_bytes = 1}.bytes())
            == Verdict::refuse);
}

CAF_TEST(a_node_does_not_link_to_itself) {
  WireGate gate{WireGate::Side::accepted, rules};
  CAF_CHECK(send(gate, {.operation = client_handshake}, bytes_of(mine))
            == Verdict::refuse);
  CAF_CHECK(gate.refusal().reason == RefusalReason::duplicate);
}

CAF_TEST(random_frames_never_pass_to_an_actor_that_is_not_reachable) {
  std::mt19937_64 random{7};
  for (int round = 0; round != 20'000; ++round) {
    auto gate = greeted();
    Header header;
    header.operation = static_cast<std::uint8_t>(random() % 9);
    header.flags = static_cast<std::uint8_t>(random() % 3);
    header.payload_bytes = static_cast<std::uint32_t>(random() % 64);
    header.operation_data = random();
    header.dest = random() % 20;
    Bytes payload(header.payload_bytes);
    for (auto& byte : payload)
      byte = static_cast<std::byte>(random() % 4);
    const auto verdict = send(gate, header, payload);
    if (verdict == Verdict::pass && header.operation == direct_message)
      CAF_REQUIRE(header.dest == door && header.flags != 1);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
