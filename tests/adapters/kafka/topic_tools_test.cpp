#define CAF_SUITE topic_tools

#include "adapters/kafka/topic_admin.hpp"

#include "logic/records/record_headers.hpp"
#include "tests/adapters/kafka/kafka_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace millrace::adapters::kafka::test;

CAF_TEST(what_the_writer_writes_the_reader_reads) {
  KafkaFixture kafka;
  auto writer = TopicWriter::open(kafka.config, "user-login");
  CAF_REQUIRE(writer);
  std::string headers;
  logic::append_header(headers, "trace", "abc");
  TopicRecord record;
  record.partition = PartitionId{3};
  record.value = "value";
  record.headers = headers;
  record.timestamp_ms = 1'234'567'890'123;
  CAF_CHECK((*writer)->write(record));
  record.key = "key";
  record.value.reset();
  record.headers = {};
  CAF_CHECK((*writer)->write(record));
  CAF_CHECK((*writer)->flush(patience));
  CAF_CHECK_EQUAL((*writer)->counts().delivered, 2u);
  auto reader = TopicReader::open(kafka.config);
  auto extent = (*reader)->extent("user-login", patience);
  CAF_REQUIRE(extent);
  CAF_REQUIRE_EQUAL(extent->size(), 4u);
  CAF_CHECK_EQUAL((*extent)[3].high.value, 2);
  CAF_CHECK_EQUAL((*extent)[0].high.value, 0);
  int seen = 0;
  auto count = (*reader)->read(
    "user-login", *extent,
    [&](PartitionId partition, const logic::RecordView& read) {
      CAF_CHECK_EQUAL(partition.value, 3);
      CAF_CHECK_EQUAL(read.offset.value, seen);
      CAF_CHECK_EQUAL(read.timestamp_ms, 1'234'567'890'123);
      if (seen++ == 0) {
        CAF_CHECK(!read.key);
        CAF_CHECK_EQUAL(*read.value, "value");
        CAF_CHECK_EQUAL(*logic::last_header(read.headers, "trace"), "abc");
      } else {
        CAF_CHECK_EQUAL(*read.key, "key");
        CAF_CHECK(!read.value);
        CAF_CHECK(read.headers.empty());
      }
      return true;
    },
    patience);
  CAF_REQUIRE(count);
  CAF_CHECK_EQUAL(*count, 2u);
}

CAF_TEST(a_part_of_a_topic_is_read_and_reading_can_end_early) {
  KafkaFixture kafka;
  kafka.write(0, 2'000);
  auto reader = TopicReader::open(kafka.config);
  std::vector<std::string> values;
  const auto visit = [&](PartitionId, const logic::RecordView& record) {
    values.emplace_back(*record.value);
    return values.size() != 5;
  };
  const std::vector<PartitionExtent> part{
    {PartitionId{0}, Offset{10}, Offset{13}}};
  auto count = (*reader)->read("user-login", part, visit, patience);
  CAF_REQUIRE(count);
  CAF_CHECK_EQUAL(values, numbers(10, 3));
  values.clear();
  const std::vector<PartitionExtent> all{
    {PartitionId{0}, Offset{0}, Offset{2'000}}};
  CAF_CHECK((*reader)->read("user-login", all, visit, patience));
  CAF_CHECK_EQUAL(values, numbers(0, 5));
}

CAF_TEST(reading_says_what_is_missing) {
  KafkaFixture kafka;
  kafka.write(0, 1);
  auto reader = TopicReader::open(kafka.config);
  const auto extent = (*reader)->extent("no-such-topic", patience);
  CAF_REQUIRE(!extent);
  CAF_CHECK_EQUAL(extent.error().code, logic::ErrorCode::not_found);
  const auto nothing = [](PartitionId, const logic::RecordView&) {
    return true;
  };
  const std::vector<PartitionExtent> gone{
    {PartitionId{0}, Offset{500}, Offset{600}}};
  const auto read = (*reader)->read("user-login", gone, nothing, patience);
  CAF_REQUIRE(!read);
  CAF_CHECK_EQUAL(read.error().code, logic::ErrorCode::not_found);
}

CAF_TEST(an_extent_waits_for_leaders_that_were_just_elected) {
  KafkaFixture kafka;
  kafka.write(0, 10);
  auto reader = TopicReader::open(kafka.config);
  CAF_REQUIRE(
    kafka.broker->fail_requests("ListOffsets", "NOT_LEADER_FOR_PARTITION", 4));
  const auto extent = (*reader)->extent("user-login", patience);
  CAF_REQUIRE(extent);
  CAF_CHECK_EQUAL(extent->size(), 4u);
}

CAF_TEST(an_extent_of_many_partitions_does_not_take_a_round_trip_for_each) {
  KafkaFixture kafka;
  CAF_REQUIRE(kafka.broker->create_topic({"wide", 100}));
  CAF_REQUIRE(kafka.broker->set_round_trip(1, std::chrono::milliseconds{50}));
  auto reader = TopicReader::open(kafka.config);
  const auto extent = (*reader)->extent("wide", std::chrono::seconds{3});
  CAF_REQUIRE(extent);
  CAF_CHECK_EQUAL(extent->size(), 100u);
}

CAF_TEST(a_writer_reports_what_was_not_written) {
  KafkaFixture kafka;
  kafka.config.delivery_timeout = 1s;
  auto writer = TopicWriter::open(kafka.config, "user-login");
  CAF_CHECK(kafka.broker->take_down(1));
  TopicRecord record;
  record.partition = PartitionId{0};
  record.value = "value";
  CAF_CHECK((*writer)->write(record));
  const auto flushed = (*writer)->flush(patience);
  CAF_REQUIRE(!flushed);
  CAF_CHECK_EQUAL((*writer)->counts().failed, 1u);
  CAF_CHECK_EQUAL((*writer)->queued_records(), 0u);
}

CAF_TEST(a_writer_tells_of_each_record_by_its_token) {
  KafkaFixture kafka;
  auto writer = TopicWriter::open(kafka.config, "user-login",
                                  {.reports = true});
  TopicRecord record;
  record.partition = PartitionId{0};
  record.value = "value";
  record.token = 7;
  CAF_CHECK((*writer)->write(record));
  record.partition = PartitionId{99};
  record.token = 8;
  CAF_CHECK((*writer)->write(record));
  static_cast<void>((*writer)->flush(patience));
  auto reports = (*writer)->take_reports();
  std::sort(reports.begin(), reports.end(),
            [](const auto& a, const auto& b) { return a.token < b.token; });
  CAF_REQUIRE_EQUAL(reports.size(), 2u);
  CAF_CHECK(!reports[0].fault);
  CAF_CHECK_EQUAL(reports[1].token, 8u);
  CAF_CHECK(reports[1].fault.has_value());
  CAF_CHECK(reports[1].error.starts_with("writing to topic user-login: "));
  CAF_CHECK((*writer)->take_reports().empty());
}

CAF_TEST(reading_ends_when_it_is_asked_to) {
  KafkaFixture kafka;
  kafka.write(0, 1);
  auto reader = TopicReader::open(kafka.config);
  const std::vector<PartitionExtent> more{
    {PartitionId{0}, Offset{0}, Offset{10}}}; // never comes
  int asked = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto read = (*reader)->read(
    "user-login", more,
    [](PartitionId, const logic::RecordView&) { return true; }, patience,
    [&asked] { return ++asked == 3; });
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(asked, 3);
  CAF_CHECK(std::chrono::steady_clock::now() - start < patience / 2);
}

CAF_TEST(a_full_writer_says_so) {
  KafkaFixture kafka;
  kafka.config.linger = 2s;
  auto writer = TopicWriter::open(kafka.config, "user-login",
                                  {.max_queued_records = 3});
  TopicRecord record;
  record.partition = PartitionId{0};
  record.value = "value";
  for (int number = 0; number != 3; ++number)
    CAF_CHECK((*writer)->write(record));
  CAF_CHECK(!(*writer)->write(record));
  CAF_CHECK((*writer)->flush(patience));
  CAF_CHECK((*writer)->write(record));
}

CAF_TEST(topics_are_listed_and_looked_up) {
  KafkaFixture kafka;
  auto admin = TopicAdmin::open(kafka.config);
  CAF_REQUIRE(admin);
  CAF_CHECK((*admin)->check_reachable(10s));
  const auto topics = (*admin)->topics(10s);
  CAF_REQUIRE(topics);
  CAF_CHECK_EQUAL(topics->size(), 4u);
  const auto topic = (*admin)->topic("user-login", 10s);
  CAF_REQUIRE(topic);
  CAF_CHECK_EQUAL(topic->partitions, 4);
  const auto missing = (*admin)->topic("no-such-topic", 10s);
  CAF_REQUIRE(!missing);
  CAF_CHECK_EQUAL(missing.error().code, logic::ErrorCode::not_found);
  CAF_CHECK_EQUAL((*admin)->topics(10s)->size(), 4u);
}

CAF_TEST(creating_what_exists_is_no_work) {
  KafkaFixture kafka;
  auto admin = TopicAdmin::open(kafka.config);
  const std::vector<TopicSpec> specs{{"user-login", 4, 1}};
  const auto created = (*admin)->create(specs, 10s);
  CAF_REQUIRE(created);
  CAF_CHECK(created->empty());
}

CAF_TEST(creating_on_the_embedded_broker_is_unsupported_and_says_so) {
  KafkaFixture kafka;
  auto admin = TopicAdmin::open(kafka.config);
  const std::vector<TopicSpec> specs{{"another", 4, 1}};
  const auto created = (*admin)->create(specs, 10s);
  CAF_REQUIRE(!created);
  CAF_CHECK_EQUAL(created.error().code, logic::ErrorCode::unsupported);
  CAF_CHECK(!(*admin)->raise_partitions("user-login", 8, 10s));
}

CAF_TEST(an_unreachable_broker_is_said_within_the_deadline) {
  KafkaFixture kafka;
  CAF_CHECK(kafka.broker->take_down(1));
  auto admin = TopicAdmin::open(kafka.config);
  const auto start = std::chrono::steady_clock::now();
  const auto reached = (*admin)->check_reachable(1s);
  CAF_REQUIRE(!reached);
  CAF_CHECK(std::chrono::steady_clock::now() - start < 5s);
  CAF_CHECK_EQUAL(reached.error().code, logic::ErrorCode::unavailable);
  CAF_CHECK(reached.error().text.find(kafka.config.bootstrap_servers)
            != std::string::npos);
}

CAF_TEST(orders_that_make_no_sense_are_refused) {
  KafkaFixture kafka;
  CAF_CHECK(!kafka.broker->take_down(2));
  CAF_CHECK(!kafka.broker->fail_requests("Nonsense", "UNKNOWN", 1));
  CAF_CHECK(!kafka.broker->fail_requests("Produce", "NONSENSE", 1));
  CAF_CHECK(!kafka.broker->fail_requests("Produce", "UNKNOWN", 0));
  CAF_CHECK(!kafka.broker->set_leader("user-login", 99, 1));
  CAF_CHECK(!parse_embedded_topic(":3"));
  CAF_CHECK(!parse_embedded_topic("a:0"));
  CAF_CHECK_EQUAL(parse_embedded_topic("a:3")->partitions, 3);
}
