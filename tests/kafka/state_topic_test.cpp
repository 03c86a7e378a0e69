#define CAF_SUITE state_topic

#include "adapters/kafka/state_topic.hpp"

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/message_fields.hpp"
#include "tests/adapters/kafka/state_owners.hpp"
#include "tests/kafka/state_topic_fixture.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using adapters::kafka::test::StateOwner;
using tests::StateTopicFixture;

namespace {

/// A stranger who writes a record of theirs in a transaction.
class OpenTransaction {
public:
  OpenTransaction(const adapters::kafka::KafkaConfig& config,
                  const std::string& topic, std::int32_t partition) {
    auto client = adapters::kafka::ClientSettings{config}
                    .set("transactional.id", topic + std::to_string(partition))
                    .create(adapters::kafka::ClientRole::producer);
    CAF_REQUIRE(client);
    client_ = *std::move(client);
    done(rd_kafka_init_transactions(client_.get(), 30'000));
    done(rd_kafka_begin_transaction(client_.get()));
    const adapters::kafka::TopicPtr handle{
      rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr)};
    CAF_REQUIRE_EQUAL(
      adapters::kafka::produce(client_.get(), {.topic = handle.get(),
                                               .partition = partition,
                                               .flags = RD_KAFKA_MSG_F_COPY,
                                               .key = "theirs",
                                               .value = "something",
                                               .headers = {}}),
      RD_KAFKA_RESP_ERR_NO_ERROR);
    CAF_REQUIRE_EQUAL(rd_kafka_flush(client_.get(), 30'000),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  void abort() { done(rd_kafka_abort_transaction(client_.get(), 30'000)); }

private:
  static void done(rd_kafka_error_t* raw) {
    const adapters::kafka::ErrorPtr error{raw};
    CAF_REQUIRE(!error);
  }

  adapters::kafka::ClientPtr client_;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(state_topic_tests, StateTopicFixture)

CAF_TEST(the_topic_is_created_and_shards_are_shared_evenly) {
  auto& first = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  auto& second = open();
  auto& third = open();
  CAF_REQUIRE(nodes.wait_until([&] {
    return first.loaded() >= 10 && second.loaded() >= 10 && third.loaded() >= 10
           && nodes.all_loaded(parameters.shards);
  }));
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  CAF_CHECK_EQUAL(first.lost, 0);

  auto admin = adapters::kafka::TopicAdmin::open(kafka);
  CAF_REQUIRE(admin);
  const auto topic = (*admin)->topic(parameters.topic, 10s);
  CAF_REQUIRE(topic);
  CAF_CHECK_EQUAL(topic->partitions, 32);
  const std::vector<std::string> names{parameters.topic};
  const auto limits = (*admin)->limits(names, 10s);
  CAF_REQUIRE(limits);
  CAF_CHECK(limits->at(parameters.topic).compacted);
  no_faults();
}

CAF_TEST(an_orderly_close_hands_everything_over_at_once) {
  auto& first = open();
  auto& second = open();
  CAF_REQUIRE(nodes.wait_until(
    [&] { return second.loaded() == 16 && nodes.all_loaded(32); }));
  write_all("1");
  for (const auto& [shard, it] : first.shards)
    first.append(shard, {{"last", "words"}});
  std::vector<std::uint32_t> moved;
  for (const auto& [shard, it] : first.shards)
    moved.push_back(shard);
  const auto began = std::chrono::steady_clock::now();
  nodes.close(first);
  CAF_REQUIRE(all_loaded());
  const auto took = std::chrono::steady_clock::now() - began;
  tell("from the close of one of two to all shards loaded", took);
  for (const auto shard : moved)
    CAF_CHECK_EQUAL(second.shards.at(shard).state.at("last"), "words");
  CAF_CHECK_LESS(took, 5s);
  no_faults();
}

CAF_TEST(shards_of_a_dead_node_are_at_work_elsewhere_within_eight_seconds) {
  auto& first = open();
  auto& second = open();
  CAF_REQUIRE(nodes.wait_until(
    [&] { return second.loaded() == 16 && nodes.all_loaded(32); }));
  write_all("1");
  const auto began = std::chrono::steady_clock::now();
  nodes.kill(first);
  CAF_REQUIRE(all_loaded());
  const auto took = std::chrono::steady_clock::now() - began;
  tell("from the death of one of two to all shards loaded", took);
  CAF_CHECK_LESS(took, 8s);
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  // In keys of its own by now, and so it is found by the next.
  write_all("2");
  nodes.close(second);
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
  no_faults();
}

CAF_TEST(a_node_that_slept_has_lost_its_shards_and_its_writing_is_fenced) {
  auto& sleeper = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  sleeper.frozen = true;
  auto& next = open();
  const auto began = std::chrono::steady_clock::now();
  CAF_REQUIRE(all_loaded());
  const auto took = std::chrono::steady_clock::now() - began;
  tell("from the sleep of the only one to all shards loaded elsewhere", took);
  CAF_CHECK_LESS(took, 8s);
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  write_all("2");
  // It wakes up, and writes before it looks.
  for (std::uint32_t shard = 0; shard != 32; ++shard)
    sleeper.append(shard, {{"a", "stale"}, {"d", "stale"}});
  sleeper.frozen = false;
  CAF_REQUIRE(nodes.wait_until([&] { return sleeper.lost == 32; }));
  CAF_REQUIRE(nodes.wait_until(
    [&] { return sleeper.loaded() == 16 && nodes.all_loaded(32); }));
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
  nodes.close(sleeper);
  nodes.close(next);
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
  no_faults();
}

CAF_TEST(an_owner_that_does_not_release_is_waited_for_a_while_only) {
  auto& first = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  first.releases = false;
  auto& second = open();
  const auto began = std::chrono::steady_clock::now();
  CAF_REQUIRE(nodes.wait_until([&] { return second.loaded() == 16; }));
  const auto took = std::chrono::steady_clock::now() - began;
  tell("from a start to half of the shards, not released", took);
  CAF_CHECK_GREATER(took, 2s);
  CAF_CHECK_LESS(took, 8s);
  for (const auto& [shard, it] : second.shards)
    CAF_CHECK_EQUAL(it.state.at("a"), "1");
}

CAF_TEST(a_shard_of_eight_megabytes_is_taken_over_soon) {
  parameters.shards = 2;
  auto& first = open();
  CAF_REQUIRE(all_loaded());
  std::uint64_t last = 0;
  for (int page = 0; page != 128; ++page)
    last = first.append(
      0, {{"page-" + std::to_string(page), std::string(65'000, 'x')}});
  CAF_REQUIRE(is_written(first, last));
  for (const auto orderly : {true, false}) {
    auto& owner = nodes.owners.front();
    if (orderly)
      nodes.close(owner);
    else
      nodes.kill(owner);
    auto& next = open();
    CAF_REQUIRE(nodes.wait_until([&] { return next.shards.contains(0); }));
    const auto began = std::chrono::steady_clock::now();
    CAF_REQUIRE(all_loaded());
    tell("from the assignment of a shard of 8 MB to its end",
         next.shards.at(0).loaded_at - began);
    CAF_CHECK_EQUAL(next.shards.at(0).state.size(), 128u);
  }
  no_faults();
}

CAF_TEST(transactions_of_others_neither_hide_nor_hold_up_the_state) {
  parameters.shards = 2;
  auto& first = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  nodes.close(first);
  // One was aborted and leaves its mark at the end, one is never ended.
  OpenTransaction aborted{kafka, parameters.topic, 0};
  aborted.abort();
  const OpenTransaction left{kafka, parameters.topic, 1};
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), all("1"));
  no_faults();
}

CAF_TEST(an_outage_of_the_broker_is_told_and_outlived) {
  parameters.delivery_timeout = 2s;
  auto& node = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  broker().end(SIGKILL);
  const auto refused = node.append(0, {{"a", "lost"}});
  CAF_CHECK(nodes.wait_until([&] { return node.troubled; }));
  CAF_CHECK(nodes.wait_until(
    [&] { return node.appended.contains(refused) || node.lost != 0; }));
  broker().start();
  // As its session has ended it is given the shards anew.
  CAF_REQUIRE(nodes.wait_until(
    [&] { return !node.troubled && nodes.all_loaded(32); }, 60s));
  write_all("2");
  nodes.close(node);
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
}

CAF_TEST_FIXTURE_SCOPE_END()
