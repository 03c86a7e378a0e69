#define CAF_SUITE state_topic

#include "adapters/kafka/state_topic.hpp"

#include "adapters/kafka/state_topic_record.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "tests/adapters/kafka/kafka_fixture.hpp"
#include "tests/adapters/kafka/state_owners.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;

namespace {

struct Fixture : KafkaFixture {
  Fixture() {
    parameters = to_state_topic_parameters(config);
    parameters.shards = 4;
    parameters.session_timeout = 6s;
  }

  void create_topic(std::int32_t partitions = 4) {
    CAF_REQUIRE(broker->create_topic({parameters.topic, partitions}));
  }

  StateOwner& open() { return nodes.open(config, parameters); }

  bool is_written(StateOwner& owner, std::uint64_t append) {
    return nodes.wait_until([&] { return owner.is_written(append); });
  }

  /// Every key of every shard, whoever owns it.
  void write_all(const std::string& value) {
    for (auto& owner : nodes.owners)
      for (auto& [shard, it] : owner.shards) {
        if (owner.frozen)
          continue;
        const auto append = owner.append(
          shard, {{"a", value}, {"b", value}, {"c", value}});
        CAF_REQUIRE(is_written(owner, append));
      }
  }

  static std::map<std::string, std::string> all(const std::string& value) {
    std::map<std::string, std::string> result;
    for (int shard = 0; shard != 4; ++shard)
      for (const auto* key : {"a", "b", "c"})
        result[std::to_string(shard) + "/" + key] = value;
    return result;
  }

  void no_faults() {
    for (const auto& owner : nodes.owners)
      CAF_CHECK_EQUAL(owner.faults, std::vector<std::string>{});
  }

  StateTopicParameters parameters;
  StateOwners nodes;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(state_topic_tests, Fixture)

CAF_TEST(one_node_owns_all_shards_and_finds_its_state_again) {
  create_topic();
  auto& first = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK(nodes.state().empty());
  write_all("1");
  write_all("2");
  no_faults();
  const auto generation = first.shards.at(0).generation;
  nodes.close(first);

  auto& second = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
  CAF_CHECK_GREATER(second.shards.at(0).generation, generation);
  no_faults();
}

CAF_TEST(an_empty_value_deletes_its_key) {
  create_topic();
  auto& owner = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_REQUIRE(is_written(owner, owner.append(0, {{"a", "1"}, {"b", "1"}})));
  CAF_REQUIRE(is_written(owner, owner.append(0, {{"a", ""}})));
  auto reader = TopicReader::open(config);
  CAF_REQUIRE(reader);
  const auto extent = (*reader)->extent(parameters.topic, 5s);
  CAF_REQUIRE(extent);
  std::map<std::string, bool> has_value;
  const auto read = (*reader)->read(
    parameters.topic, *extent,
    [&](logic::PartitionId, const logic::RecordView& record) {
      const auto key = parse_state_topic_key(record.key.value_or(""));
      if (key.kind == StateTopicKey::Kind::state)
        has_value[std::string{key.key}] = record.value.has_value();
      return true;
    },
    5s);
  CAF_REQUIRE(read);
  CAF_CHECK(!has_value.at("a"));
  CAF_CHECK(has_value.at("b"));
}

CAF_TEST(shards_are_shared_and_handed_over_with_what_is_appended_last) {
  create_topic();
  auto& first = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  write_all("1");
  first.before_release = [&](std::uint32_t shard) {
    first.append(shard, {{"b", "last"}});
  };
  auto& second = open();
  CAF_REQUIRE(nodes.wait_until(
    [&] { return second.loaded() == 2 && nodes.all_loaded(4); }));
  for (const auto& [shard, it] : second.shards)
    CAF_CHECK_EQUAL(it.state, (std::map<std::string, std::string>{
                                {"a", "1"}, {"b", "last"}, {"c", "1"}}));
  CAF_CHECK_EQUAL(first.loaded(), 2u);
  CAF_CHECK_EQUAL(first.lost, 0);
  no_faults();
}

CAF_TEST(a_group_that_began_anew_goes_on_after_the_owners_of_the_old_one) {
  create_topic();
  // Somebody of a long life of the group.
  auto writer = TopicWriter::open(config, parameters.topic);
  CAF_REQUIRE(writer);
  for (std::int32_t shard = 0; shard != 4; ++shard) {
    TopicRecord record;
    record.partition = PartitionId{shard};
    const auto key = to_claim_key(1);
    const auto value = to_text(StateClaim{57, 0});
    record.key = key;
    record.value = value;
    CAF_REQUIRE((*writer)->write(record));
  }
  CAF_REQUIRE((*writer)->flush(patience));
  auto& first = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  write_all("1");
  CAF_CHECK_EQUAL(first.lost, 4); // told to begin again
  nodes.close(first);
  open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  no_faults();
}

CAF_TEST(a_node_that_became_another_member_takes_its_shards_over_anew) {
  create_topic();
  auto& node = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  write_all("1");
  const auto generation = node.shards.at(0).generation;
  // The client keeps its assignment through this and says nothing.
  CAF_REQUIRE(broker->fail_requests("JoinGroup", "UNKNOWN_MEMBER_ID", 1));
  CAF_REQUIRE(broker->fail_requests("Heartbeat", "REBALANCE_IN_PROGRESS", 1));
  CAF_REQUIRE(nodes.wait_until([&] { return node.lost == 4; }));
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  CAF_CHECK_GREATER(node.shards.at(0).generation, generation);
  write_all("2");
  no_faults();
}

CAF_TEST(a_missing_topic_is_named_and_awaited) {
  parameters.create = false;
  auto& node = open();
  CAF_REQUIRE(nodes.wait_until([&] { return node.troubled; }));
  CAF_CHECK(node.says("topic " + parameters.topic));
  CAF_CHECK(node.says("kafka-topics --create --topic " + parameters.topic
                      + " --partitions 4 --config cleanup.policy=compact"));
  create_topic();
  CAF_CHECK(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK(!node.troubled);
}

CAF_TEST(a_topic_with_other_partitions_than_shards_is_refused) {
  create_topic(3);
  auto& few = open();
  CAF_REQUIRE(nodes.wait_until([&] { return few.troubled; }));
  CAF_CHECK(few.says("has 3 partitions and detection.shards is 4"));
  CAF_CHECK(
    few.says("--alter --topic " + parameters.topic + " --partitions 4"));
  CAF_CHECK(few.shards.empty());
}

CAF_TEST(what_cannot_be_written_is_told_and_can_be_written_later) {
  create_topic();
  parameters.delivery_timeout = 1s;
  auto& node = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_REQUIRE(broker->take_down(1));
  const auto refused = node.append(0, {{"a", "1"}});
  CAF_REQUIRE(
    nodes.wait_until([&] { return node.appended.contains(refused); }));
  CAF_CHECK(!node.appended.at(refused));
  CAF_CHECK(node.troubled);
  CAF_REQUIRE(broker->bring_up(1));
  const auto again = node.append(0, {{"a", "2"}});
  CAF_CHECK(nodes.wait_until([&] { return node.appended.contains(again); }));
  CAF_CHECK(nodes.wait_until([&] {
    if (node.is_written(node.number))
      return true;
    if (node.appended.contains(node.number))
      node.append(0, {{"a", "2"}});
    return false;
  }));
  CAF_CHECK(nodes.wait_until([&] { return !node.troubled; }));
  no_faults();
}

CAF_TEST(a_producer_that_fails_for_good_is_replaced) {
  create_topic();
  auto& node = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  CAF_CHECK(
    broker->fail_requests("Produce", "OUT_OF_ORDER_SEQUENCE_NUMBER", 1));
  const auto refused = node.append(0, {{"a", "1"}});
  CAF_REQUIRE(
    nodes.wait_until([&] { return node.appended.contains(refused); }));
  CAF_CHECK(!node.appended.at(refused));
  CAF_CHECK(nodes.wait_until(
    [&] { return node.says("failed for good and is made anew"); }));
  CAF_CHECK(is_written(node, node.append(0, {{"a", "2"}})));
  CAF_CHECK(nodes.wait_until([&] { return !node.troubled; }));
  CAF_CHECK_EQUAL(node.loaded(), 4u);
  no_faults();
}

CAF_TEST(much_state_comes_in_bounded_pieces) {
  create_topic();
  auto& first = open();
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(4); }));
  std::uint64_t last = 0;
  for (int page = 0; page != 256; ++page)
    last = first.append(
      1, {{"page-" + std::to_string(page), std::string(64'000, 'x')}});
  CAF_REQUIRE(is_written(first, last));
  nodes.close(first);
  auto opened = open_state_topic(config, parameters);
  CAF_REQUIRE(opened);
  Waker waker{**opened};
  std::size_t records = 0;
  std::size_t most = 0;
  bool loaded = false;
  CAF_CHECK(waker.wait_until([&] {
    std::size_t bytes = 0;
    for (const auto& event : (*opened)->take_events()) {
      if (const auto* chunk = std::get_if<detection::ShardRecords>(&event)) {
        records += chunk->records.size();
        for (const auto& record : chunk->records)
          bytes += record.value.size();
      }
      if (const auto* done = std::get_if<detection::ShardLoaded>(&event))
        loaded = loaded || done->shard == 1;
    }
    most = std::max(most, bytes);
    return loaded;
  }));
  CAF_CHECK_EQUAL(records, 256u);
  CAF_CHECK_LESS_OR_EQUAL(most, std::size_t{12U << 20U});
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(
  a_topic_that_cannot_hold_state_is_refused_with_the_command_that_helps) {
  StateTopicParameters parameters;
  parameters.topic = "s";
  TopicLimits limits;
  limits.known = true;
  limits.compacted = true;
  CAF_CHECK(check_state_topic(parameters, 32, limits));
  CAF_CHECK(!check_state_topic(parameters, 31, limits));
  const auto many = check_state_topic(parameters, 48, limits);
  CAF_REQUIRE(!many);
  CAF_CHECK_NOT_EQUAL(many.error().text.find("set detection.shards to 48"),
                      std::string::npos);
  limits.max_message_bytes = 50'000;
  const auto small = check_state_topic(parameters, 32, limits);
  CAF_REQUIRE(!small);
  CAF_CHECK_NOT_EQUAL(
    small.error().text.find("kafka-configs --alter --entity-type topics "
                            "--entity-name s --add-config max.message.bytes="),
    std::string::npos);
  limits.compacted = false;
  const auto kept = check_state_topic(parameters, 32, limits);
  CAF_REQUIRE(!kept);
  CAF_CHECK_NOT_EQUAL(kept.error().text.find("cleanup.policy=compact"),
                      std::string::npos);
  // Where this user may not ask, the best is assumed.
  CAF_CHECK(check_state_topic(parameters, 32, TopicLimits{}));
}
