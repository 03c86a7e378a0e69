#define CAF_SUITE kafka_sink

#include "adapters/kafka/kafka_sink.hpp"
#include "logic/delivery/record_sink.hpp"

#include "logic/records/record_headers.hpp"
#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <deque>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;
using Kind = logic::ClientEvent::Kind;
using logic::DeliveryFault;
using logic::Destination;
using logic::OutgoingRecord;

namespace {

/// A sink, and what its owner remembers.
struct Producer {
  explicit Producer(const KafkaConfig& config, KafkaSinkLimits limits = {})
    : sink(open(config, limits)), waker(*sink) {}

  static std::unique_ptr<logic::RecordSink> open(const KafkaConfig& config,
                                                 KafkaSinkLimits limits) {
    auto opened = open_kafka_sink(config, limits);
    if (!opened)
      throw std::runtime_error{opened.error().text};
    return *std::move(opened);
  }

  OutgoingRecord record(std::string value, std::int32_t partition = 0) {
    texts.push_back(std::move(value));
    OutgoingRecord result;
    result.token = {7, next_index++};
    result.source_partition = PartitionId{partition};
    result.key = "key";
    result.value = texts.back();
    result.timestamp_ms = 1'600'000'000'000;
    return result;
  }

  void look() {
    sink->take_reports(reports);
    for (const auto& each : reports.delivered) {
      delivered += each.count;
      slots.insert(each.slot);
    }
    for (auto& each : reports.failed)
      failed.push_back(std::move(each));
    for (auto& each : reports.events)
      events.push_back(std::move(each));
  }

  /// Sends all of it, as the queue allows.
  bool send(std::vector<OutgoingRecord> records) {
    std::size_t sent = 0;
    return waker.wait_until([&] {
      look();
      sent += sink->send(std::span{records}.subspan(sent));
      return sent == records.size();
    });
  }

  bool reported(std::size_t count) {
    return waker.wait_until([&] {
      look();
      return delivered + failed.size() == count;
    });
  }

  bool saw(Kind kind) const {
    for (const auto& event : events)
      if (event.kind == kind)
        return true;
    return false;
  }

  std::unique_ptr<logic::RecordSink> sink;
  Waker waker;
  std::deque<std::string> texts;
  std::uint32_t next_index = 0;
  logic::DeliveryReports reports;
  std::size_t delivered = 0;
  std::set<std::uint32_t> slots;
  std::vector<logic::DeliveryFailure> failed;
  std::vector<logic::ClientEvent> events;
};

} // namespace

CAF_TEST(records_keep_partition_and_order_and_are_reported_by_slot) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  std::vector<OutgoingRecord> records;
  for (int number = 0; number != 2'500; ++number)
    records.push_back(
      producer.record(std::to_string(number), number / 500)); // 4 is 0 again
  CAF_REQUIRE(producer.send(records));
  producer.sink->hurry();
  CAF_REQUIRE(producer.reported(2'500));
  CAF_CHECK(producer.failed.empty());
  CAF_CHECK_EQUAL(producer.slots, std::set<std::uint32_t>{7});
  CAF_CHECK_EQUAL(producer.sink->queued_records(), 0u);
  auto values = kafka.values("processed-user-login");
  auto zero = numbers(0, 500);
  for (auto& each : numbers(2'000, 500))
    zero.push_back(each);
  CAF_CHECK_EQUAL(values[0], zero);
  for (int partition = 1; partition != 4; ++partition)
    CAF_CHECK_EQUAL(values[partition], numbers(partition * 500, 500));
}

CAF_TEST(key_value_headers_and_timestamp_are_carried_over) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  std::string headers;
  logic::append_header(headers, "reason", "not_json");
  logic::append_header(headers, "empty", "");
  logic::append_header(headers, "reason", std::nullopt);
  auto plain = producer.record("plain", 1);
  auto tombstone = producer.record("", 1);
  tombstone.value.reset();
  tombstone.key.reset();
  auto with_headers = producer.record("with headers", 1);
  with_headers.headers = headers;
  auto empty = producer.record("", 1);
  empty.key = "";
  std::vector<OutgoingRecord> records{plain, tombstone, with_headers, empty};
  for (auto& each : records)
    each.destination = Destination::dead_letters;
  CAF_REQUIRE(producer.send(records));
  CAF_REQUIRE(producer.reported(4));
  auto reader = TopicReader::open(kafka.config);
  auto extent = (*reader)->extent("user-login-dlq", patience);
  CAF_REQUIRE(extent);
  int seen = 0;
  const auto count = (*reader)->read(
    "user-login-dlq", *extent,
    [&](PartitionId partition, const logic::RecordView& record) {
      CAF_CHECK_EQUAL(partition.value, 1);
      CAF_CHECK_EQUAL(record.timestamp_ms, 1'600'000'000'000);
      const auto& sent = records[static_cast<std::size_t>(seen++)];
      CAF_CHECK(record.key == sent.key);
      CAF_CHECK(record.value == sent.value);
      CAF_CHECK(record.headers == sent.headers);
      return true;
    },
    patience);
  CAF_REQUIRE(count);
  CAF_CHECK_EQUAL(*count, 4u);
  CAF_CHECK_EQUAL(seen, 4);
}

CAF_TEST(partitioning_by_key_puts_one_key_in_one_partition) {
  KafkaFixture kafka;
  kafka.config.partitioning = "key";
  Producer producer{kafka.config};
  std::vector<OutgoingRecord> records;
  for (int number = 0; number != 40; ++number)
    records.push_back(producer.record(std::to_string(number), number % 4));
  CAF_REQUIRE(producer.send(records));
  CAF_REQUIRE(producer.reported(40));
  const auto values = kafka.values("processed-user-login");
  CAF_REQUIRE_EQUAL(values.size(), 1u);
  CAF_CHECK_EQUAL(values.begin()->second, numbers(0, 40));
}

CAF_TEST(a_record_too_large_fails_alone) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  std::vector<OutgoingRecord> records{
    producer.record("0"), producer.record(std::string(2U << 20U, 'x')),
    producer.record("1")};
  CAF_REQUIRE(producer.send(records));
  CAF_REQUIRE(producer.reported(3));
  CAF_REQUIRE_EQUAL(producer.failed.size(), 1u);
  CAF_CHECK(producer.failed[0].fault == DeliveryFault::too_large);
  CAF_CHECK(producer.failed[0].text.starts_with("this client sends"));
  CAF_CHECK_EQUAL(producer.failed[0].token.slot, 7u);
  CAF_CHECK_EQUAL(producer.failed[0].token.index, 1u);
  CAF_CHECK_EQUAL(kafka.values("processed-user-login")[0], numbers(0, 2));
}

CAF_TEST(a_full_queue_takes_fewer_records) {
  KafkaFixture kafka;
  kafka.config.linger = 2s; // nothing leaves meanwhile
  Producer producer{kafka.config, {.max_queued_records = 10}};
  std::vector<OutgoingRecord> records;
  for (int number = 0; number != 30; ++number)
    records.push_back(producer.record(std::to_string(number)));
  std::size_t taken = 0;
  CAF_REQUIRE(producer.waker.wait_until([&] {
    producer.look();
    taken = producer.sink->send(records);
    return taken != 0; // it does not until the topics are known
  }));
  CAF_CHECK_EQUAL(taken, 10u);
  CAF_CHECK_EQUAL(producer.sink->queued_records(), 10u);
  CAF_REQUIRE(producer.send({records.begin() + 10, records.end()}));
  CAF_REQUIRE(producer.reported(30));
  CAF_CHECK_EQUAL(kafka.values("processed-user-login")[0], numbers(0, 30));
}

CAF_TEST(a_lost_broker_is_a_fault_and_the_records_arrive_when_it_is_back) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  CAF_REQUIRE(producer.send({producer.record("0")}));
  CAF_REQUIRE(producer.reported(1));
  CAF_CHECK(kafka.broker->take_down(1));
  CAF_REQUIRE(producer.send({producer.record("1"), producer.record("2")}));
  CAF_REQUIRE(producer.waker.wait_until([&] {
    producer.look();
    return producer.saw(Kind::fault);
  }));
  CAF_CHECK(!producer.saw(Kind::recovered));
  CAF_CHECK(kafka.broker->bring_up(1));
  CAF_REQUIRE(producer.reported(3));
  CAF_CHECK(producer.saw(Kind::recovered));
  CAF_CHECK(producer.failed.empty());
  CAF_CHECK_EQUAL(kafka.values("processed-user-login")[0], numbers(0, 3));
}

CAF_TEST(a_record_that_no_broker_takes_in_time_is_an_outage) {
  KafkaFixture kafka;
  kafka.config.delivery_timeout = 1s;
  Producer producer{kafka.config};
  CAF_REQUIRE(producer.send({producer.record("0")}));
  CAF_REQUIRE(producer.reported(1));
  CAF_CHECK(kafka.broker->take_down(1));
  CAF_REQUIRE(producer.send({producer.record("1")}));
  CAF_REQUIRE(producer.reported(2));
  CAF_REQUIRE_EQUAL(producer.failed.size(), 1u);
  CAF_CHECK(producer.failed[0].fault == DeliveryFault::outage);
}

CAF_TEST(a_refused_record_carries_the_clients_words) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  CAF_CHECK(kafka.broker->fail_requests("Produce", "INVALID_RECORD", 1));
  CAF_REQUIRE(producer.send({producer.record("0")}));
  CAF_REQUIRE(producer.reported(1));
  CAF_REQUIRE_EQUAL(producer.failed.size(), 1u);
  CAF_CHECK(producer.failed[0].fault == DeliveryFault::record);
  CAF_CHECK(!producer.failed[0].text.empty());
}

CAF_TEST(no_byte_of_a_record_is_among_the_words_for_its_failure) {
  for (const auto destination : {Destination::output, Destination::dead_letters,
                                 Destination::insights}) {
    KafkaFixture kafka;
    kafka.config.linger = 200ms; // all in one request
    Producer producer{kafka.config};
    CAF_CHECK(kafka.broker->fail_requests("Produce", "MSG_SIZE_TOO_LARGE", 1));
    std::vector<OutgoingRecord> records;
    for (int number = 0; number != 3; ++number) {
      records.push_back(producer.record("of-the-record"));
      records.back().destination = destination;
    }
    CAF_REQUIRE(producer.send(records));
    CAF_REQUIRE(producer.reported(3));
    CAF_REQUIRE_EQUAL(producer.failed.size(), 3u);
    for (const auto& failure : producer.failed) {
      CAF_CHECK(failure.fault == DeliveryFault::too_large);
      CAF_CHECK(failure.blame == logic::Blame::request);
      CAF_CHECK_EQUAL(failure.error, "MSG_SIZE_TOO_LARGE");
      CAF_CHECK(failure.text.starts_with(
        "Broker: Message size too large (MSG_SIZE_TOO_LARGE); topic "));
      CAF_CHECK(failure.text.find(" has max.message.bytes 1048588")
                != std::string::npos);
      CAF_CHECK_EQUAL(failure.text.find("of-the-record"), std::string::npos);
    }
  }
}

CAF_TEST(a_record_that_was_refused_without_others_is_meant_itself) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  CAF_CHECK(kafka.broker->fail_requests("Produce", "INVALID_TIMESTAMP", 1));
  auto dead = producer.record("0");
  dead.destination = Destination::dead_letters;
  CAF_REQUIRE(producer.send({dead}));
  CAF_REQUIRE(producer.reported(1));
  CAF_REQUIRE_EQUAL(producer.failed.size(), 1u);
  CAF_CHECK(producer.failed[0].fault == DeliveryFault::timestamp);
  CAF_CHECK(producer.failed[0].blame == logic::Blame::record);
  CAF_CHECK(producer.failed[0].destination == Destination::dead_letters);
}

CAF_TEST(a_missing_topic_is_an_outage_of_its_records_only) {
  KafkaFixture kafka;
  kafka.config.dlq_topic = "missing-dlq";
  Producer producer{kafka.config};
  auto dead = producer.record("dead");
  dead.destination = Destination::dead_letters;
  CAF_REQUIRE(producer.send({dead, producer.record("0")}));
  CAF_REQUIRE(producer.reported(2));
  CAF_CHECK_EQUAL(producer.delivered, 1u);
  CAF_REQUIRE_EQUAL(producer.failed.size(), 1u);
  CAF_CHECK(producer.failed[0].fault == DeliveryFault::outage);
  CAF_CHECK(producer.failed[0].text.find("KAFKA_CREATE_TOPICS=missing-dlq")
            != std::string::npos);
  CAF_CHECK(producer.saw(Kind::fault));
  CAF_CHECK(!producer.saw(Kind::recovered)); // though another is written to
  // Created meanwhile, it is found.
  CAF_CHECK(kafka.broker->create_topic({"missing-dlq", 1}));
  CAF_CHECK(producer.waker.wait_until([&] {
    producer.look();
    producer.sink->send(std::span{&dead, 1});
    producer.look();
    return producer.delivered >= 2;
  }));
  CAF_CHECK(producer.saw(Kind::recovered));
}

CAF_TEST(close_gives_up_what_is_queued_within_its_deadline) {
  KafkaFixture kafka;
  Producer producer{kafka.config};
  CAF_REQUIRE(producer.send({producer.record("0")}));
  CAF_REQUIRE(producer.reported(1));
  CAF_CHECK(kafka.broker->take_down(1));
  CAF_REQUIRE(producer.send({producer.record("1")}));
  const auto start = std::chrono::steady_clock::now();
  producer.sink->close(2s);
  CAF_CHECK(std::chrono::steady_clock::now() - start < 5s);
  CAF_CHECK_EQUAL(producer.sink->send(std::vector{producer.record("2")}), 0u);
}
