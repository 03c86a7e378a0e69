#define CAF_SUITE positions

#include "adapters/kafka/client.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "adapters/kafka/topic_writer.hpp"
#include "tests/kafka/real_kafka_fixture.hpp"
#include "tests/support/eventually.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

namespace {

constexpr int patience_ms = 30'000;

std::string event(int number) {
  return R"({"user_id":"u-)" + std::to_string(number)
         + R"(","app_version":"2.3.0","ip":"8.8.8.8","locale":"WA",)"
           R"("device_id":"d-1","timestamp":1720589697,"device_type":"iOS"})";
}

/// Topics of one partition, and what only an administrator does to them.
struct Fixture : tests::RealKafkaFixture {
  void create_input() {
    auto admin = TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const std::vector<TopicSpec> topics{{kafka.input_topic, 1},
                                        {kafka.output_topic, 1},
                                        {kafka.dlq_topic, 1},
                                        {kafka.insights_topic, 1}};
    const auto created = (*admin)->create(topics, 30s);
    CAF_REQUIRE(created.has_value());
  }

  ClientPtr client(ClientRole role) {
    auto made = ClientSettings{kafka}.create(role);
    CAF_REQUIRE(made);
    return *std::move(made);
  }

  EventPtr answer_to(rd_kafka_queue_t* queue) {
    EventPtr answer{rd_kafka_queue_poll(queue, patience_ms)};
    CAF_REQUIRE(answer != nullptr);
    CAF_REQUIRE_EQUAL(rd_kafka_event_error(answer.get()),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
    return answer;
  }

  /// As retention does.
  void drop_records_before(std::int64_t offset) {
    const auto admin = client(ClientRole::producer);
    const QueuePtr queue{rd_kafka_queue_new(admin.get())};
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), kafka.input_topic.c_str(), 0)
      ->offset
      = offset;
    Owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy> order{
      rd_kafka_DeleteRecords_new(list.get())};
    auto* raw = order.get();
    rd_kafka_DeleteRecords(admin.get(), &raw, 1, nullptr, queue.get());
    answer_to(queue.get());
  }

  /// Whether so many events, from that number on, are in the output.
  bool all_came(int first, int count) {
    auto reader = TopicReader::open(kafka);
    auto extent = (*reader)->extent(kafka.output_topic, 10s);
    if (!extent)
      return false;
    std::string outputs;
    auto read = (*reader)->read(
      kafka.output_topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        outputs += record.value.value_or("");
        return true;
      },
      10s);
    for (int number = first; number != first + count; ++number)
      if (outputs.find("\"u-" + std::to_string(number) + "\"")
          == std::string::npos)
        return false;
    return read.has_value();
  }

  void write_events(int count, int first = 0) {
    auto writer = TopicWriter::open(kafka, kafka.input_topic);
    CAF_REQUIRE(writer);
    for (int number = first; number != first + count; ++number) {
      const auto value = event(number);
      TopicRecord record;
      record.partition = logic::PartitionId{0};
      record.value = value;
      while (!(*writer)->write(record))
        (*writer)->poll(100ms);
    }
    const auto flushed = (*writer)->flush(30s);
    CAF_REQUIRE(flushed.has_value());
  }

  /// A transaction for each of these, as a producer with exactly once does.
  void write_in_transactions(int count, bool commit = true) {
    auto settings = kafka;
    ClientSettings made{settings};
    made.set("transactional.id", settings.input_topic + "-writer");
    auto producer = made.create(ClientRole::producer);
    CAF_REQUIRE(producer);
    auto* handle = producer->get();
    CAF_REQUIRE(!ErrorPtr{rd_kafka_init_transactions(handle, patience_ms)});
    const TopicPtr topic{
      rd_kafka_topic_new(handle, kafka.input_topic.c_str(), nullptr)};
    CAF_REQUIRE(topic != nullptr);
    for (int number = 0; number != count; ++number) {
      auto value = event(number);
      CAF_REQUIRE(!ErrorPtr{rd_kafka_begin_transaction(handle)});
      CAF_REQUIRE_EQUAL(rd_kafka_produce(topic.get(), 0, RD_KAFKA_MSG_F_COPY,
                                         value.data(), value.size(), nullptr, 0,
                                         nullptr),
                        0);
      // An abort drops what was not sent yet.
      CAF_REQUIRE_EQUAL(rd_kafka_flush(handle, patience_ms),
                        RD_KAFKA_RESP_ERR_NO_ERROR);
      CAF_REQUIRE(
        !ErrorPtr{commit ? rd_kafka_commit_transaction(handle, patience_ms)
                         : rd_kafka_abort_transaction(handle, patience_ms)});
    }
  }

  NodeProcess start_node(std::vector<std::string> more = {}) {
    auto settings = names();
    settings.insert(settings.end(), more.begin(), more.end());
    return NodeProcess{kafka.bootstrap_servers, settings};
  }

  /// Processes what is there and ends; the group stands at its end then.
  void process_all(std::uint64_t count) {
    auto node = start_node();
    CAF_REQUIRE(eventually(60s, [&] { return node.finished() >= count; }));
    CAF_REQUIRE_EQUAL(node.stop(), 0);
  }

  static bool says(const NodeProcess& node, const std::string& text) {
    return node.log().find(text) != std::string::npos;
  }

  /// A line of /status; whether the only partition stands there.
  static bool stands_at(NodeProcess& node, std::int64_t committed) {
    const auto consumer = node.status_of("consumer");
    if (consumer.empty() || consumer.at("partitions").as_array().size() != 1)
      return false;
    const auto& line = consumer.at("partitions").as_array()[0].as_object();
    return !line.at("committed").is_null() && !line.at("lag_records").is_null()
           && line.at("committed").to_number<std::int64_t>() == committed
           && line.at("lag_records").to_number<std::int64_t>() == 0;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(positions_tests, Fixture)

CAF_TEST(what_retention_took_is_told_and_verified) {
  create_input();
  write_events(10);
  process_all(10);
  write_events(55, 10);
  drop_records_before(45);
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == 20; }));
  CAF_CHECK(says(node, "a partition cannot be read on from where it should"));
  CAF_CHECK(says(node, R"("reason":"retention")"));
  CAF_CHECK(says(node, R"("from_offset":10)"));
  CAF_CHECK(says(node, R"("to_offset":45)"));
  CAF_CHECK(says(node, R"("skipped":35)"));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 65); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK_EQUAL(judge(Guarantee::at_least_once).total.skipped, 35u);
}

CAF_TEST(with_latest_all_up_to_the_end_is_told) {
  create_input();
  write_events(10);
  process_all(10);
  write_events(55, 10);
  drop_records_before(45);
  auto node = start_node({"kafka.auto_offset_reset=latest"});
  CAF_CHECK(eventually(60s, [&] { return says(node, R"("skipped":55)"); }));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 65); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(stop_ends_the_node_with_the_reason) {
  create_input();
  write_events(10);
  process_all(10);
  write_events(55, 10);
  drop_records_before(45);
  auto node = start_node({"kafka.on_missing_offsets=stop"});
  CAF_CHECK_EQUAL(node.wait(30s), 11);
  CAF_CHECK(says(node, "it cannot be read on from 10 (retention), only from "
                       "45, and kafka.on_missing_offsets is stop"));
  // Somebody chooses: the group is where it was.
  auto second = start_node();
  CAF_CHECK(eventually(60s, [&] { return second.finished() == 20; }));
  CAF_CHECK_EQUAL(second.stop(), 0);
}

CAF_TEST(retention_that_passes_a_reader_at_work_is_told) {
  create_input();
  write_events(10);
  // What is delivered is not let go, so that reading stops at the read-ahead.
  auto node = start_node({"flow.rate_limit=1", "flow.rate_burst=1"});
  CAF_CHECK(eventually(60s, [&] { return node.finished() >= 1; }));
  write_events(2'000, 10);
  drop_records_before(1'500);
  // What the client had fetched by then is read all the same.
  CAF_CHECK_EQUAL(node.stop(), 0);
  auto next = start_node();
  CAF_CHECK(eventually(60s, [&] { return stands_at(next, 2'010); }));
  CAF_CHECK_EQUAL(next.stop(), 0);
}

CAF_TEST(a_topic_made_anew_at_once_is_read_from_its_begin) {
  create_input();
  write_events(5);
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == 5; }));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 5); }));
  create_again(kafka.input_topic, 1);
  write_events(10, 100);
  // Those that were read at the old place before it was noticed come twice.
  CAF_CHECK(eventually(30s, [&] { return all_came(100, 10); }));
  CAF_CHECK(eventually(
    20s, [&] { return says(node, "the input topic was created anew"); }));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 10); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  // The next life has nothing to do.
  auto next = start_node();
  CAF_CHECK(eventually(60s, [&] { return stands_at(next, 10); }));
  CAF_CHECK_EQUAL(next.finished(), 0u);
  CAF_CHECK_EQUAL(next.stop(), 0);
}

CAF_TEST(a_node_that_ends_before_it_notices_takes_no_old_place_for_a_new_one) {
  create_input();
  write_events(5);
  auto node = start_node();
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 5); }));
  // Nothing but the order to stop comes between the new topic and its commit.
  node.send_signal(SIGSTOP);
  create_again(kafka.input_topic, 1);
  write_events(20, 100);
  node.send_signal(SIGTERM);
  node.send_signal(SIGCONT);
  CAF_CHECK_EQUAL(node.wait(40s), 0);
  auto next = start_node();
  CAF_CHECK(eventually(30s, [&] { return all_came(100, 20); }));
  CAF_CHECK(eventually(20s, [&] { return stands_at(next, 20); }));
  CAF_CHECK_EQUAL(next.stop(), 0);
}

CAF_TEST(with_stop_a_topic_made_anew_ends_the_node_each_time) {
  create_input();
  write_events(5);
  {
    auto node = start_node({"kafka.on_missing_offsets=stop"});
    CAF_CHECK(eventually(20s, [&] { return stands_at(node, 5); }));
    create_again(kafka.input_topic, 1);
    write_events(20, 100);
    // By its id, or as the group forgot: whichever is noticed first.
    CAF_CHECK_EQUAL(node.wait(30s), 11);
  }
  // Whatever is committed is not taken for a place in the new topic.
  auto next = start_node();
  CAF_CHECK(eventually(30s, [&] { return all_came(100, 20); }));
  CAF_CHECK_EQUAL(next.stop(), 0);
}

CAF_TEST(partitions_added_at_work_are_read_from_their_begin_with_latest) {
  create_input();
  auto node = start_node({"kafka.auto_offset_reset=latest"});
  CAF_CHECK(
    eventually(30s, [&] { return node.http_code("/health/ready") == 200; }));
  auto admin = TopicAdmin::open(kafka);
  const auto raised = (*admin)->raise_partitions(kafka.input_topic, 3, 30s);
  CAF_REQUIRE(raised.has_value());
  auto writer = TopicWriter::open(kafka, kafka.input_topic);
  CAF_REQUIRE(writer);
  for (int number = 0; number != 30; ++number) {
    const auto value = event(number);
    TopicRecord record;
    record.partition = logic::PartitionId{number % 3};
    record.value = value;
    CAF_CHECK((*writer)->write(record));
  }
  const auto flushed = (*writer)->flush(30s);
  CAF_REQUIRE(flushed.has_value());
  CAF_CHECK(eventually(30s, [&] { return all_came(0, 30); }));
  CAF_CHECK(says(node, "reading a partition that was added to the topic"));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(of_a_topic_made_anew_with_fewer_partitions_those_alone_are_held) {
  create_topics();
  write_events(5);
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == 5; }));
  CAF_CHECK_EQUAL(node.held_partitions(), 4u);
  create_again(kafka.input_topic, 1);
  write_events(10, 100);
  CAF_CHECK(eventually(30s, [&] { return stands_at(node, 10); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(a_topic_made_anew_later_is_all_new_with_latest_as_well) {
  create_input();
  write_events(5);
  process_all(5);
  auto node = start_node({"kafka.auto_offset_reset=latest"});
  CAF_CHECK(eventually(60s, [&] { return stands_at(node, 5); }));
  broker().delete_topic(kafka.input_topic);
  // The group has noticed that it is gone.
  CAF_CHECK(eventually(20s, [&] { return node.held_partitions() == 0; }));
  create_input();
  write_events(10, 100);
  CAF_CHECK(eventually(30s, [&] { return all_came(100, 10); }));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 10); }));
  // Its id is asked for once a second.
  CAF_CHECK(eventually(
    20s, [&] { return says(node, "the input topic was created anew"); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(a_log_that_was_cut_off_and_grew_again_is_read_anew) {
  create_input();
  write_events(10);
  auto node = start_node({"kafka.session_timeout=1min"});
  CAF_CHECK(eventually(60s, [&] { return stands_at(node, 10); }));
  // By the time that the node looks there is a record where it would go on.
  node.send_signal(SIGSTOP);
  broker().end(SIGTERM);
  broker().lose_log(kafka.input_topic, 0);
  broker().start();
  write_events(20, 100);
  node.send_signal(SIGCONT);
  CAF_CHECK(eventually(30s, [&] { return all_came(100, 20); }));
  CAF_CHECK(says(node, R"("reason":"truncation")"));
  CAF_CHECK(says(node, R"("from_offset":10)"));
  CAF_CHECK(says(node, R"("to_offset":0)"));
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 20); }));
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(transactions_leave_no_lag_and_gaps_are_no_skips) {
  create_input();
  write_in_transactions(5);
  auto node = start_node();
  CAF_CHECK(eventually(60s, [&] { return node.finished() == 5; }));
  // Five records, five markers.
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 10); }));
  write_in_transactions(3, false);
  CAF_CHECK(eventually(20s, [&] { return stands_at(node, 16); }));
  CAF_CHECK_EQUAL(node.finished(), 5u);
  CAF_CHECK(!says(node, "a partition cannot be read on from where it should"));
  CAF_CHECK_EQUAL(node.stop(), 0);
  auto next = start_node();
  CAF_CHECK(eventually(60s, [&] { return stands_at(next, 16); }));
  CAF_CHECK(!says(next, "a partition cannot be read on from where it should"));
  CAF_CHECK_EQUAL(next.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
