#define CAF_SUITE wire_messages

#include "messages/wire/directions.hpp"
#include "messages/wire/type_ids.hpp"

#include "caf/test/dsl.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>

#include <random>
#include <string>

using namespace millrace;
using namespace millrace::messages;

namespace {

struct Fixture : test_coordinator_fixture<> {
  template <class Message>
  caf::byte_buffer encode(const Message& message) {
    caf::byte_buffer bytes;
    caf::binary_serializer sink{sys, bytes};
    CAF_REQUIRE(sink.apply(message));
    return bytes;
  }

  template <class Message>
  bool decode(const caf::byte_buffer& bytes, Message& message) {
    caf::binary_deserializer source{sys, bytes};
    return source.apply(message);
  }

  static logic::links::NodeIdentity identity() {
    logic::links::NodeIdentity node;
    node.cluster = "logins";
    node.topics = 1;
    node.name = "node-1";
    node.incarnation = 2;
    node.role = logic::links::NodeRole::worker;
    node.version = "0.4.1";
    node.settings = {{"detection.trees", 3}, {"geoip.files", 4}};
    node.capacity = 8;
    node.advertised = "10.0.0.1:9110";
    return node;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(wire_messages_tests, Fixture)

CAF_TEST(numbers_are_fixed) {
  CAF_CHECK_EQUAL(caf::type_id_v<wire::Hello>, 1'000);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::Welcome>, 1'001);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::Refused>, 1'002);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::Ping>, 1'003);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::Pong>, 1'004);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::ShardOwners>, 1'005);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::JudgeRequest>, 1'006);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::JudgeAnswer>, 1'007);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneOpen>, 1'008);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneWork>, 1'009);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneAnswer>, 1'010);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneDrop>, 1'011);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneWindow>, 1'012);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneQuestion>, 1'013);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneResult>, 1'014);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneFailed>, 1'015);
  CAF_CHECK_EQUAL(caf::type_id_v<wire::LaneInsight>, 1'016);
}

CAF_TEST(what_a_node_says_of_itself_comes_back_whole) {
  wire::Hello hello;
  CAF_REQUIRE(decode(encode(wire::Hello{identity()}), hello));
  const auto expected = identity();
  CAF_CHECK_EQUAL(hello.node.cluster, expected.cluster);
  CAF_CHECK_EQUAL(hello.node.topics, expected.topics);
  CAF_CHECK_EQUAL(hello.node.name, expected.name);
  CAF_CHECK_EQUAL(hello.node.incarnation, expected.incarnation);
  CAF_CHECK(hello.node.role == expected.role);
  CAF_CHECK_EQUAL(hello.node.version, expected.version);
  CAF_CHECK(hello.node.settings == expected.settings);
  CAF_CHECK_EQUAL(hello.node.capacity, expected.capacity);
  CAF_CHECK_EQUAL(hello.node.advertised, expected.advertised);
}

CAF_TEST(claims_and_refusals_come_back_whole) {
  wire::ShardOwners owners;
  CAF_REQUIRE(decode(encode(wire::ShardOwners{{{1, 2}, {3, 4}}}), owners));
  CAF_CHECK(owners == (wire::ShardOwners{{{1, 2}, {3, 4}}}));
  wire::Refused refused;
  CAF_REQUIRE(decode(encode(wire::Refused{5, "other", 6}), refused));
  CAF_CHECK_EQUAL(refused.reason, 5);
  CAF_CHECK_EQUAL(refused.text, "other");
  CAF_CHECK_EQUAL(refused.incarnation, 6u);
}

CAF_TEST(lane_work_comes_back_whole) {
  wire::LaneWork work;
  CAF_REQUIRE(decode(encode(wire::LaneWork{7, false, "batch"}), work));
  CAF_CHECK_EQUAL(work.number, 7u);
  CAF_CHECK(!work.first_try);
  CAF_CHECK_EQUAL(work.batch, "batch");
  wire::LaneResult result;
  CAF_REQUIRE(decode(encode(wire::LaneResult{8, "added"}), result));
  CAF_CHECK_EQUAL(result.number, 8u);
  CAF_CHECK_EQUAL(result.additions, "added");
  wire::LaneFailed failed;
  CAF_REQUIRE(
    decode(encode(wire::LaneFailed{9, true, "encoder", "why"}), failed));
  CAF_CHECK_EQUAL(failed.number, 9u);
  CAF_CHECK(failed.guilty);
  CAF_CHECK_EQUAL(failed.stage, "encoder");
  CAF_CHECK_EQUAL(failed.text, "why");
  wire::LaneWindow window;
  CAF_REQUIRE(decode(encode(wire::LaneWindow{10, 11}), window));
  CAF_CHECK_EQUAL(window.life, 10u);
  CAF_CHECK_EQUAL(window.bytes, 11u);
}

CAF_TEST(work_goes_to_workers_and_results_come_from_them) {
  using logic::links::NodeRole;
  const auto takes = [](NodeRole role, caf::type_id_t type) {
    return wire::is_taken_by(role, type);
  };
  for (const auto role : {NodeRole::all, NodeRole::ingest}) {
    CAF_CHECK(!takes(role, caf::type_id_v<wire::LaneOpen>));
    CAF_CHECK(!takes(role, caf::type_id_v<wire::LaneWork>));
    CAF_CHECK(!takes(role, caf::type_id_v<wire::LaneAnswer>));
    CAF_CHECK(!takes(role, caf::type_id_v<wire::LaneDrop>));
    CAF_CHECK(takes(role, caf::type_id_v<wire::LaneWindow>));
    CAF_CHECK(takes(role, caf::type_id_v<wire::LaneResult>));
    CAF_CHECK(takes(role, caf::type_id_v<wire::LaneInsight>));
    CAF_CHECK(takes(role, caf::type_id_v<wire::JudgeRequest>));
    CAF_CHECK(takes(role, caf::type_id_v<wire::Hello>));
  }
  CAF_CHECK(takes(NodeRole::worker, caf::type_id_v<wire::LaneWork>));
  CAF_CHECK(takes(NodeRole::worker, caf::type_id_v<wire::ShardOwners>));
  CAF_CHECK(takes(NodeRole::worker, caf::type_id_v<wire::Pong>));
  CAF_CHECK(!takes(NodeRole::worker, caf::type_id_v<wire::LaneWindow>));
  CAF_CHECK(!takes(NodeRole::worker, caf::type_id_v<wire::LaneInsight>));
  CAF_CHECK(!takes(NodeRole::worker, caf::type_id_v<wire::JudgeRequest>));
}

CAF_TEST(more_than_may_be_is_an_error) {
  wire::Hello hello{identity()};
  hello.node.name = std::string(logic::links::max_identity_text + 1, 'x');
  CAF_CHECK(!decode(encode(hello), hello));
  hello = {identity()};
  hello.node.settings.resize(logic::links::max_identity_settings + 1);
  CAF_CHECK(!decode(encode(hello), hello));
  wire::ShardOwners owners;
  owners.shards.resize(wire::max_shards + 1);
  CAF_CHECK(!decode(encode(owners), owners));
  wire::LaneWork work;
  work.batch.resize(wire::max_lane_bytes + 1);
  CAF_CHECK(!decode(encode(work), work));
  wire::LaneFailed failed;
  failed.stage.resize(wire::max_stage_bytes + 1);
  CAF_CHECK(!decode(encode(failed), failed));
  wire::LaneInsight insight;
  insight.json.resize(wire::max_insight_bytes + 1);
  CAF_CHECK(!decode(encode(insight), insight));
}

CAF_TEST(a_count_larger_than_the_frame_is_an_error_at_once) {
  // 2^28 claims, and nothing behind the count.
  caf::byte_buffer bytes;
  for (const int each : {0x80, 0x80, 0x80, 0x80, 0x01})
    bytes.push_back(static_cast<caf::byte>(each));
  wire::ShardOwners owners;
  CAF_CHECK(!decode(bytes, owners));
}

CAF_TEST(random_bytes_are_decoded_or_refused_and_never_more) {
  std::mt19937_64 random{11};
  const auto good = encode(wire::Hello{identity()});
  for (int round = 0; round != 5'000; ++round) {
    auto bytes = good;
    for (int change = 0; change != 3; ++change)
      bytes[random() % bytes.size()] = static_cast<caf::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    wire::Hello hello;
    wire::ShardOwners owners;
    wire::Refused refused;
    decode(bytes, hello);
    decode(bytes, owners);
    decode(bytes, refused);
    CAF_REQUIRE(hello.node.name.size() <= logic::links::max_identity_text);
    CAF_REQUIRE(owners.shards.size() <= wire::max_shards);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
