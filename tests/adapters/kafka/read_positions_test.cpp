#define CAF_SUITE read_positions

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/committed_query.hpp"
#include "adapters/kafka/kafka_source.hpp"
#include "logic/records/client_event.hpp"

#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;
using Kind = logic::ClientEvent::Kind;
using logic::PositionFault;

namespace {

/// A partition of which the embedded broker keeps the last few records alone.
struct Fixture : KafkaFixture {
  Fixture() : KafkaFixture{1, 2'000} {}

  /// As the group would have it after so many records of partition 0.
  void commit(std::int64_t next) {
    write(0, 1);
    commit(next, {});
  }

  /// With this beside the offset.
  void commit(std::int64_t next, const std::string& metadata) {
    auto client = ClientSettings{config}
                    .set("group.id", config.consumer_group)
                    .create(ClientRole::consumer);
    CAF_REQUIRE(client);
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
    auto* entry = rd_kafka_topic_partition_list_add(
      list.get(), config.input_topic.c_str(), 0);
    entry->offset = next;
    if (!metadata.empty()) {
      entry->metadata = ::strdup(metadata.c_str());
      entry->metadata_size = metadata.size();
    }
    CAF_REQUIRE_EQUAL(rd_kafka_commit(client->get(), list.get(), 0),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  /// What the group has committed of partition 0, by this node's own eyes.
  CommittedPlace committed() {
    auto client = ClientSettings{config}
                    .set("group.id", config.consumer_group)
                    .create(ClientRole::consumer);
    CAF_REQUIRE(client);
    const QueuePtr queue{rd_kafka_queue_new(client->get())};
    CommittedQuery query{client->get(), queue.get(), config.consumer_group,
                         config.input_topic};
    query.ask(4);
    const EventPtr event{rd_kafka_queue_poll(queue.get(), 30'000)};
    CAF_REQUIRE(event && query.on_event(event.get()));
    const auto places = query.take_answer();
    CAF_REQUIRE(places && places->contains(PartitionId{0}));
    return places->at(PartitionId{0});
  }

  /// After one record of partition 0 was read and committed.
  logic::PositionMark mark_of_this_topic() {
    write(0, 1);
    Consumer consumer{config};
    CAF_REQUIRE(consumer.take_records(1));
    const auto& batch = *consumer.batches.back();
    const std::vector<logic::PartitionOffset> done{
      {batch.partition(), batch.epoch(), Offset{1}}};
    CAF_REQUIRE(consumer.source->commit(done, 10s).has_value());
    consumer.source->close(10s);
    const auto place = committed();
    CAF_CHECK_EQUAL(place.offset.value, 1);
    CAF_REQUIRE(place.mark);
    return *place.mark;
  }

  /// Where reading of each partition began that had to be decided upon.
  static std::map<std::int32_t, logic::ClientEvent> placed(Consumer& consumer,
                                                           std::size_t count) {
    std::map<std::int32_t, logic::ClientEvent> found;
    CAF_CHECK(consumer.waker.wait_until([&] {
      consumer.look();
      consumer.take();
      for (const auto& event : consumer.events)
        if (event.kind == Kind::placed)
          found[event.partitions.front().partition.value] = event;
      return found.size() == count;
    }));
    return found;
  }

  /// Each in a batch of its own, so that retention can drop them.
  void write_singly(int count) {
    auto writer = TopicWriter::open(config, config.input_topic);
    CAF_REQUIRE(writer);
    for (int number = 0; number != count; ++number) {
      TopicRecord record;
      record.partition = PartitionId{0};
      record.value = "one of many";
      CAF_REQUIRE((*writer)->write(record));
      CAF_REQUIRE((*writer)->flush(patience).has_value());
    }
  }

  static std::optional<logic::PositionJump> jump_of(const Consumer& consumer) {
    for (const auto& event : consumer.events)
      if (event.kind == Kind::placed && event.jump)
        return event.jump;
    return std::nullopt;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(read_positions_tests, Fixture)

CAF_TEST(a_first_start_is_no_fault_and_says_where_it_begins) {
  write(0, 10);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.take_records(10));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 10));
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    std::size_t placed = 0;
    for (const auto& event : consumer.events)
      placed += event.kind == Kind::placed ? 1 : 0;
    return placed == 4;
  }));
  CAF_CHECK(!jump_of(consumer));
  CAF_CHECK(!consumer.saw(Kind::fault));
}

CAF_TEST(latest_begins_at_the_end_and_reads_what_comes) {
  config.auto_offset_reset = "latest";
  write(0, 10);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    for (const auto& event : consumer.events)
      if (event.kind == Kind::placed
          && event.partitions.front().partition.value == 0)
        return event.position == Offset{10};
    return false;
  }));
  write(0, 5, 10);
  CAF_REQUIRE(consumer.take_records(5));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(10, 5));
}

CAF_TEST(what_retention_took_is_told_with_its_count) {
  commit(1);
  write_singly(60);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.take_records(1));
  const auto jump = jump_of(consumer);
  CAF_REQUIRE(jump);
  CAF_CHECK(jump->why == PositionFault::retention);
  CAF_CHECK_EQUAL(jump->from.value, 1);
  CAF_CHECK(jump->to.value > 1);
  CAF_CHECK_EQUAL(jump->skipped(),
                  static_cast<std::uint64_t>(jump->to.value - 1));
  CAF_CHECK_EQUAL(consumer.batches.front()->first_offset().value,
                  jump->to.value);
  const auto left = 61 - static_cast<std::size_t>(jump->to.value);
  CAF_CHECK(consumer.take_records(left));
}

CAF_TEST(with_latest_all_up_to_the_end_is_told) {
  commit(1);
  write_singly(60);
  config.auto_offset_reset = "latest";
  Consumer consumer{config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    return jump_of(consumer).has_value();
  }));
  CAF_CHECK(jump_of(consumer)->why == PositionFault::retention);
  CAF_CHECK_EQUAL(jump_of(consumer)->skipped(), 60u);
}

CAF_TEST(a_log_that_ends_before_the_committed_offset_is_read_anew) {
  commit(1'000);
  write(0, 9, 1);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    consumer.give_back();
    return consumer.taken() == 10;
  }));
  CAF_CHECK(consumer.saw(Kind::restarted));
  CAF_REQUIRE(jump_of(consumer));
  CAF_CHECK(jump_of(consumer)->why == PositionFault::truncation);
  CAF_CHECK_EQUAL(jump_of(consumer)->from.value, 1'000);
  CAF_CHECK_EQUAL(jump_of(consumer)->skipped(), 0u);
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 10));
  // Under the new epoch it is committed, under the old one it is not.
  const auto& batch = *consumer.batches.back();
  const std::vector<logic::PartitionOffset> stale{
    {batch.partition(), logic::AssignmentEpoch{batch.epoch().value - 1},
     Offset{777}}};
  CAF_CHECK(consumer.source->commit(stale, 10s));
  const std::vector<logic::PartitionOffset> done{
    {batch.partition(), batch.epoch(), Offset{4}}};
  CAF_CHECK(consumer.source->commit(done, 10s));
  consumer.source->close(10s);
  Consumer successor{config};
  CAF_REQUIRE(successor.take_records(6));
  CAF_CHECK_EQUAL(successor.values[0], numbers(4, 6));
}

CAF_TEST(stop_ends_instead_of_going_on_elsewhere) {
  commit(1);
  write_singly(60);
  config.on_missing_offsets = "stop";
  Consumer consumer{config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    return consumer.saw(Kind::unplaced);
  }));
  CAF_CHECK_EQUAL(consumer.taken(), 0u);
  const auto& text = consumer.events.back().error.text;
  CAF_CHECK(text.find("user-login[0]") != std::string::npos);
  CAF_CHECK(text.find("from 1 (retention)") != std::string::npos);
}

CAF_TEST(stop_takes_a_first_start_for_no_fault) {
  config.on_missing_offsets = "stop";
  write(0, 10);
  Consumer consumer{config};
  CAF_CHECK(consumer.take_records(10));
  CAF_CHECK(!consumer.saw(Kind::unplaced));
}

CAF_TEST(a_commit_says_of_which_topic_it_is) {
  const auto mark = mark_of_this_topic();
  CAF_CHECK(!mark.topic_id.empty());
  CAF_CHECK_EQUAL(mark.first_added, 4);
}

CAF_TEST(a_place_in_a_topic_that_is_gone_is_not_taken_for_one_in_this) {
  commit(5, "millrace/1 lFRxyFaZQdO0dBnT4Rt9Nw 4");
  write(0, 10);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.take_records(10));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(0, 10));
  CAF_CHECK(consumer.saw(Kind::recreated));
  CAF_REQUIRE(jump_of(consumer));
  CAF_CHECK(
    (*jump_of(consumer)
     == logic::PositionJump{PositionFault::recreation, Offset{5}, Offset{0}}));
}

CAF_TEST(with_stop_nothing_is_read_or_committed_of_a_topic_made_anew) {
  config.on_missing_offsets = "stop";
  commit(5, "millrace/1 lFRxyFaZQdO0dBnT4Rt9Nw 4");
  write(0, 10);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    consumer.take();
    return consumer.saw(Kind::unplaced);
  }));
  CAF_CHECK_EQUAL(consumer.taken(), 0u);
  for (const auto& lag : consumer.source->high_watermarks())
    CAF_CHECK(lag.partition.value != 0 || !lag.end);
  consumer.source->close(10s);
  CAF_CHECK_EQUAL(committed().offset.value, 5);
  CAF_CHECK_EQUAL(committed().mark->topic_id, "lFRxyFaZQdO0dBnT4Rt9Nw");
}

CAF_TEST(what_somebody_else_committed_is_read_on_from) {
  commit(5, "chosen by an operator");
  write(0, 10);
  Consumer consumer{config};
  CAF_REQUIRE(consumer.take_records(5));
  CAF_CHECK_EQUAL(consumer.values[0], numbers(5, 5));
  CAF_CHECK(!jump_of(consumer));
}

CAF_TEST(a_partition_that_was_added_is_read_from_its_begin_with_latest) {
  config.consumer_group = "of-another-time";
  auto mark = mark_of_this_topic();
  config.consumer_group = "user-group";
  config.auto_offset_reset = "latest";
  // As if there had been two when the group began.
  mark.first_added = 2;
  commit(1, to_text(mark));
  for (const auto partition : {1, 2, 3})
    write(partition, 3);
  Consumer consumer{config};
  const auto begun = placed(consumer, 3);
  CAF_CHECK(!begun.at(1).added);
  CAF_CHECK(begun.at(1).position == Offset{3});
  for (const auto partition : {2, 3}) {
    CAF_CHECK(begun.at(partition).added);
    CAF_CHECK(begun.at(partition).position == Offset{0});
    CAF_CHECK(!begun.at(partition).jump);
  }
  CAF_CHECK(consumer.take_records(6));
  CAF_CHECK(!consumer.values.contains(1));
}

CAF_TEST(places_are_known_when_each_partition_has_one) {
  config.auto_offset_reset = "latest";
  // The brokers do not say where the partitions end.
  CAF_REQUIRE(broker->fail_requests("ListOffsets", "LEADER_NOT_AVAILABLE", 6));
  Consumer consumer{config};
  CAF_REQUIRE(consumer.hold_partitions(4));
  CAF_CHECK(!consumer.source->places_known());
  placed(consumer, 4);
  CAF_CHECK(consumer.source->places_known());
}

CAF_TEST(the_end_of_a_partition_is_told_before_its_first_record) {
  commit(1);
  Consumer consumer{config};
  const auto end = [&]() -> std::optional<logic::PartitionOffset> {
    consumer.look();
    consumer.take();
    for (const auto& each : consumer.source->high_watermarks())
      if (each.partition.value == 0)
        return each.end;
    return std::nullopt;
  };
  CAF_REQUIRE(consumer.waker.wait_until([&] { return end().has_value(); }));
  CAF_CHECK_EQUAL(end()->next.value, 1);
  // While something waits, the reader does not stand there.
  write(0, 3, 1);
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    consumer.look();
    auto batch = consumer.source->take_batch({.max_records = 1}, nullptr);
    return batch != nullptr;
  }));
  for (const auto& each : consumer.source->high_watermarks())
    if (each.partition.value == 0)
      CAF_CHECK(!each.end);
  CAF_REQUIRE(consumer.waker.wait_until([&] {
    const auto now = end();
    return now && now->next.value == 4;
  }));
}

CAF_TEST_FIXTURE_SCOPE_END()
