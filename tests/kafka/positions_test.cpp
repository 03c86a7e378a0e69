#define CAF_SUITE positions

#include "tests/kafka/input_topic_fixture.hpp"

#include "caf/test/dsl.hpp"

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
using tests::event;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(positions_tests, tests::InputTopicFixture)

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
  write_in_transactions(3, TransactionEnd::abort);
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
