#define CAF_SUITE kafka_source

#include "adapters/kafka/kafka_source.hpp"
#include "logic/records/client_event.hpp"

#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;
using Kind = logic::ClientEvent::Kind;

CAF_TEST(every_record_is_read_once_and_in_order) {
  KafkaFixture kafka;
  for (int partition = 0; partition != 4; ++partition)
    kafka.write(partition, 500, partition * 1'000);
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.take_records(2'000));
  for (int partition = 0; partition != 4; ++partition)
    CAF_CHECK_EQUAL(consumer.values[partition],
                    numbers(partition * 1'000, 500));
  CAF_CHECK_EQUAL(consumer.held.size(), 4u);
  const auto first = (*consumer.batches.front())[0];
  CAF_CHECK_EQUAL(*first.key, "key");
  CAF_CHECK_EQUAL(first.headers.size(), 0u);
  CAF_CHECK_EQUAL(first.timestamp_ms,
                  1'700'000'000'000 + std::stoll(std::string{*first.value}));
  CAF_CHECK_EQUAL(consumer.source->high_watermarks().size(), 4u);
  for (const auto& lag : consumer.source->high_watermarks())
    CAF_CHECK_EQUAL(lag.high_watermark.value, 500);
}

CAF_TEST(batches_hold_one_partition_and_keep_to_their_limits) {
  KafkaFixture kafka;
  kafka.write(0, 300);
  kafka.write(1, 300, 1'000);
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take({.max_records = 7, .max_bytes = 20});
    return consumer.taken() == 600;
  }));
  for (const auto& batch : consumer.batches) {
    CAF_CHECK(batch->size() <= 7);
    CAF_CHECK(batch->payload_bytes() <= 20 || batch->size() == 1);
  }
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 300));
  CAF_CHECK_EQUAL(consumer.values[1], numbers(1'000, 300));
}

CAF_TEST(a_refused_partition_does_not_hold_up_the_others) {
  KafkaFixture kafka;
  kafka.write(0, 3'000);
  kafka.write(1, 300, 10'000);
  Consumer consumer{kafka.config};
  const auto refuse_0 = [](PartitionId partition) {
    return partition.value != 0;
  };
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    while (auto batch = consumer.source->take_batch({}, refuse_0)) {
      CAF_CHECK_EQUAL(batch->partition().value, 1);
      for (std::size_t index = 0; index != batch->size(); ++index)
        consumer.values[1].emplace_back(*(*batch)[index].value);
    }
    return consumer.values[1].size() == 300;
  }));
  CAF_REQUIRE(consumer.take_records(3'300));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 3'000));
}

CAF_TEST(records_above_what_one_fetch_may_bring_come_all_the_same) {
  KafkaFixture kafka;
  // For the producers; it must not keep a consumer from starting.
  kafka.config.properties = {"message.max.bytes=20000000"};
  const std::string large(700'000, 'x');
  auto writer = TopicWriter::open(kafka.config, kafka.config.input_topic);
  CAF_REQUIRE(writer.has_value());
  for (std::int32_t number = 0; number != 8; ++number) {
    TopicRecord record;
    record.partition = PartitionId{number % 2};
    record.value = large;
    CAF_REQUIRE((*writer)->write(record));
  }
  CAF_REQUIRE((*writer)->flush(patience).has_value());
  Consumer consumer{kafka.config, logic::MemoryPlan{4U << 20U}};
  CAF_REQUIRE(consumer.take_records(8));
  for (const auto partition : {0, 1})
    CAF_CHECK(consumer.values[partition] == std::vector(4, large));
}

CAF_TEST(a_successor_resumes_behind_the_commit) {
  KafkaFixture kafka;
  kafka.write(2, 100);
  {
    Consumer consumer{kafka.config};
    CAF_REQUIRE(consumer.take_records(100));
    const auto& batch = *consumer.batches.front();
    const std::vector<logic::PartitionOffset> done{
      {batch.partition(), batch.epoch(), Offset{40}}};
    CAF_CHECK(consumer.source->commit(done, 10s));
    consumer.source->close(10s);
  }
  Consumer successor{kafka.config};
  CAF_REQUIRE(successor.take_records(60));
  CAF_CHECK_EQUAL(successor.values[2], numbers(40, 60));
}

CAF_TEST(a_commit_under_an_old_epoch_is_dropped) {
  KafkaFixture kafka;
  kafka.write(0, 10);
  {
    Consumer consumer{kafka.config};
    CAF_REQUIRE(consumer.take_records(10));
    const auto epoch = consumer.batches.front()->epoch();
    const std::vector<logic::PartitionOffset> stale{
      {PartitionId{0}, logic::AssignmentEpoch{epoch.value - 1}, Offset{10}},
      {PartitionId{9}, epoch, Offset{10}}};
    CAF_CHECK(consumer.source->commit(stale, 10s));
    consumer.source->close(10s);
  }
  Consumer successor{kafka.config};
  CAF_REQUIRE(successor.take_records(10));
  CAF_CHECK_EQUAL(successor.values[0], numbers(0, 10));
  CAF_CHECK(successor.batches.front()->epoch().value > 0);
}

namespace {

void give_partitions_back_only_after_release(const std::string& assignor) {
  KafkaFixture kafka;
  kafka.config.assignor = assignor;
  for (int partition = 0; partition != 4; ++partition)
    kafka.write(partition, 10);
  Consumer first{kafka.config};
  CAF_REQUIRE(first.take_records(40));
  Consumer second{kafka.config};
  CAF_REQUIRE(first.waker.wait_until([&] {
    first.look();
    second.look();
    return !first.asked_back.empty();
  }));
  CAF_CHECK(first.saw(Kind::revoked));
  CAF_CHECK(second.held.empty());
  // Still ours until released: what was finished can be committed.
  std::vector<logic::PartitionOffset> done;
  for (const auto& partition : first.asked_back)
    done.push_back({partition.partition, partition.epoch, Offset{10}});
  CAF_CHECK(first.source->commit(done, 10s));
  first.give_back();
  CAF_REQUIRE(second.waker.wait_until([&] {
    first.look();
    second.look();
    return !second.held.empty() && first.held.size() + second.held.size() == 4;
  }));
  // The newcomer starts behind that commit, and a late one is dropped.
  for (auto& each : done)
    each.next = Offset{3};
  CAF_CHECK(first.source->commit(done, 10s));
  const auto moved = second.held.begin()->partition.value;
  kafka.write(moved, 1, 77);
  CAF_REQUIRE(second.take_records(1));
  CAF_CHECK_EQUAL(second.values[moved], numbers(77, 1));
}

} // namespace

CAF_TEST(a_partition_is_given_back_only_after_release) {
  give_partitions_back_only_after_release("cooperative-sticky");
}

CAF_TEST(an_eager_group_gives_partitions_back_only_after_release) {
  give_partitions_back_only_after_release("range");
}

CAF_TEST(a_commit_that_a_rebalance_overtakes_works_when_tried_again) {
  KafkaFixture kafka;
  kafka.config.session_timeout = 3s;
  kafka.write(0, 10);
  Consumer first{kafka.config};
  CAF_REQUIRE(first.take_records(10));
  std::vector<logic::PartitionOffset> done{
    {PartitionId{0}, first.batches.front()->epoch(), Offset{10}}};
  Consumer second{kafka.config};
  logic::Result<void> outcome;
  const auto try_to_commit = [&] {
    second.look();
    // What is confirmed would not be sent again.
    if (outcome)
      done[0].next = Offset{19 - done[0].next.value};
    outcome = first.source->commit(done, 10s);
  };
  // It waits behind the request to join again, and then comes too late.
  CAF_REQUIRE(second.waker.wait_until([&] {
    try_to_commit();
    return !outcome;
  }));
  CAF_CHECK_EQUAL(outcome.error().code, logic::ErrorCode::unavailable);
  CAF_CHECK(second.waker.wait_until([&] {
    try_to_commit();
    return outcome.has_value();
  }));
  first.look();
  CAF_CHECK(!first.saw(Kind::lost));
}

CAF_TEST(rebalances_are_seen_while_nobody_takes_records) {
  KafkaFixture kafka;
  for (int partition = 0; partition != 4; ++partition)
    kafka.write(partition, 1'000);
  Consumer stalled{kafka.config};
  CAF_REQUIRE(stalled.hold_partitions(4));
  Consumer second{kafka.config};
  CAF_CHECK(stalled.waker.wait_until([&] {
    stalled.look();
    second.look();
    stalled.give_back();
    return second.held.size() == 2;
  }));
  CAF_CHECK_EQUAL(stalled.taken(), 0u);
}

CAF_TEST(a_lost_broker_is_a_fault_and_nothing_is_lost_when_it_is_back) {
  KafkaFixture kafka;
  // The group must not put it out, however long the broker takes here: what
  // was not committed would be read twice then.
  kafka.config.session_timeout = 60s;
  kafka.write(0, 100);
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.take_records(100));
  CAF_CHECK(kafka.broker->take_down(1));
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    return consumer.saw(Kind::fault);
  }));
  CAF_CHECK_EQUAL(consumer.events.back().error.code,
                  logic::ErrorCode::unavailable);
  CAF_CHECK(!consumer.saw(Kind::recovered));
  CAF_CHECK(kafka.broker->bring_up(1));
  // Without any record: an idle topic recovers as well.
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    return consumer.saw(Kind::recovered);
  }));
  kafka.write(0, 100, 100);
  CAF_REQUIRE(consumer.take_records(200));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 200));
}

CAF_TEST(an_unknown_topic_is_a_fault_that_says_how_to_create_it) {
  KafkaFixture kafka;
  kafka.config.input_topic = "no-such-topic";
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    return consumer.saw(Kind::fault);
  }));
  const auto& error = consumer.events.back().error;
  CAF_CHECK_EQUAL(error.code, logic::ErrorCode::not_found);
  CAF_CHECK(error.text.find("KAFKA_CREATE_TOPICS=no-such-topic")
            != std::string::npos);
}

CAF_TEST(without_an_offset_and_without_a_reset_somebody_must_decide) {
  KafkaFixture kafka;
  kafka.write(0, 5);
  kafka.config.auto_offset_reset = "none";
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    return consumer.saw(Kind::unplaced);
  }));
  CAF_CHECK_EQUAL(consumer.taken(), 0u);
  CAF_CHECK(consumer.events.back().error.text.find("auto_offset_reset")
            != std::string::npos);
}

CAF_TEST(a_refused_commit_comes_back_as_a_fault_or_an_error) {
  KafkaFixture kafka;
  kafka.write(0, 5);
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.take_records(5));
  const std::vector<logic::PartitionOffset> done{
    {PartitionId{0}, consumer.batches.front()->epoch(), Offset{5}}};
  CAF_CHECK(kafka.broker->fail_requests("OffsetCommit",
                                        "GROUP_AUTHORIZATION_FAILED", 2));
  const auto waited = consumer.source->commit(done, 10s);
  CAF_REQUIRE(!waited);
  CAF_CHECK_EQUAL(waited.error().code, logic::ErrorCode::unauthorized);
  CAF_CHECK(consumer.source->commit(done, 0ms));
  CAF_CHECK(consumer.waker.wait_until([&] {
    consumer.look();
    return consumer.saw(Kind::fault);
  }));
  CAF_CHECK(consumer.source->commit(done, 10s));
}

CAF_TEST(close_keeps_to_its_deadline_with_the_broker_gone) {
  KafkaFixture kafka;
  kafka.write(0, 5'000);
  Consumer consumer{kafka.config};
  CAF_REQUIRE(consumer.hold_partitions(4));
  CAF_REQUIRE(consumer.take_records(1));
  CAF_CHECK(kafka.broker->take_down(1));
  const auto start = std::chrono::steady_clock::now();
  consumer.source->close(2s);
  CAF_CHECK(std::chrono::steady_clock::now() - start < 5s);
  CAF_CHECK(consumer.source->take_batch({}, nullptr) == nullptr);
  CAF_CHECK(consumer.source->take_events().empty());
}
