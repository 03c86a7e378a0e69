#define CAF_SUITE lag_command

#include "tests/kafka/input_topic_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <iostream>

using namespace millrace;
using namespace millrace::adapters::kafka;
using namespace std::chrono_literals;
using tests::eventually;

namespace {

namespace json = boost::json;

struct Fixture : tests::InputTopicFixture {
  json::object page; ///< of the last look
  tests::ProgramOutcome outcome;

  /// `millrace lag`, as a document.
  bool look(const std::vector<std::string>& more = {},
            const std::string& interval = "0") {
    std::vector<std::string> words{"lag",
                                   "--bootstrap-servers",
                                   kafka.bootstrap_servers,
                                   "--format",
                                   "json",
                                   "--interval",
                                   interval};
    words.insert(words.end(), more.begin(), more.end());
    outcome = command(words);
    boost::system::error_code fault;
    const auto value = json::parse(
      outcome.output.substr(0, outcome.output.find('\n')), fault);
    page = !fault && value.is_object() ? value.get_object() : json::object{};
    if (page.empty())
      std::cerr << outcome.output;
    return !page.empty();
  }

  std::int64_t total(const char* what) const {
    return page.at("total").at(what).to_number<std::int64_t>();
  }

  const json::object& partition(std::size_t number) const {
    return page.at("partitions").as_array().at(number).as_object();
  }

  std::string_view remark(std::size_t number) const {
    return partition(number).at("remark").as_string();
  }

  bool lag_is(std::int64_t records) {
    return eventually(30s, [&] {
      return look() && total("unknown") == 0 && total("lag") == records;
    });
  }

  /// As a consumer of another kind does, which knows nothing of markers.
  void commit(std::int64_t offset) {
    const auto admin = client(ClientRole::admin);
    const QueuePtr queue{rd_kafka_queue_new(admin.get())};
    const PartitionListPtr list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), kafka.input_topic.c_str(), 0)
      ->offset
      = offset;
    Owned<rd_kafka_AlterConsumerGroupOffsets_t,
          rd_kafka_AlterConsumerGroupOffsets_destroy>
      order{rd_kafka_AlterConsumerGroupOffsets_new(kafka.consumer_group.c_str(),
                                                   list.get())};
    auto* raw = order.get();
    rd_kafka_AlterConsumerGroupOffsets(admin.get(), &raw, 1, nullptr,
                                       queue.get());
    answer_to(queue.get());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(group_lag_tests, Fixture)

CAF_TEST(a_group_that_never_was_lags_by_all_that_is_there) {
  create_topics();
  generate(100);
  CAF_REQUIRE(look());
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK_EQUAL(page.at("state").as_string(), "absent");
  CAF_CHECK_EQUAL(total("lag"), 100);
  CAF_CHECK_EQUAL(total("held_by_nobody"), 4);
  CAF_CHECK_EQUAL(remark(3), "never_committed");
}

CAF_TEST(a_node_at_work_is_named_and_has_no_lag_in_the_end) {
  create_topics();
  generate(500);
  auto node = start_node();
  CAF_CHECK(lag_is(0));
  CAF_CHECK_EQUAL(page.at("state").as_string(), "stable");
  CAF_CHECK_EQUAL(total("held_by_nobody"), 0);
  const auto& holder = partition(2).at("holder").as_object();
  CAF_CHECK_EQUAL(holder.at("client_id").as_string(), "millrace");
  CAF_CHECK_EQUAL(holder.at("host").as_string(), "127.0.0.1");
  CAF_CHECK(look({"--max-lag", "0"}));
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK_EQUAL(node.stop(), 0);

  // Nobody is left, and more comes.
  generate(50);
  CAF_CHECK(lag_is(50));
  CAF_CHECK_EQUAL(page.at("state").as_string(), "empty");
  CAF_CHECK_EQUAL(total("held_by_nobody"), 4);
  CAF_CHECK(look({"--max-lag", "49"}));
  CAF_CHECK_EQUAL(outcome.code, 4);
  CAF_CHECK(look({"--max-lag", "50"}, "300ms"));
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK(total("standing_still") > 0);
}

CAF_TEST(the_whole_is_drawn_for_people) {
  create_input();
  write_events(10);
  const auto told = command({"lag", "--bootstrap-servers",
                             kafka.bootstrap_servers, "--interval", "100ms"});
  CAF_CHECK_EQUAL(told.code, 0);
  CAF_CHECK(told.says("lag 10 on 1 partition"));
  CAF_CHECK(told.says("1 held by nobody, 1 standing still"));
  CAF_CHECK(told.says("nobody"));
  CAF_CHECK(told.says("never committed"));
}

CAF_TEST(markers_of_transactions_are_no_lag_for_a_node_nor_for_others) {
  create_input();
  write_in_transactions(5);
  {
    auto node = start_node();
    CAF_CHECK(eventually(60s, [&] { return node.finished() == 5; }));
    CAF_CHECK(lag_is(0));
    // The node committed the end itself.
    CAF_CHECK(eventually(20s, [&] {
      return look() && !partition(0).at("nothing_to_read").as_bool()
             && partition(0).at("committed") == partition(0).at("end");
    }));
    CAF_CHECK_EQUAL(node.stop(), 0);
  }
  // One marker lies behind the last record.
  commit(9);
  CAF_CHECK(lag_is(0));
  CAF_CHECK(partition(0).at("nothing_to_read").as_bool());
  // All of it is aborted.
  write_in_transactions(3, TransactionEnd::abort);
  CAF_CHECK(lag_is(0));
  write_in_transactions(1);
  CAF_CHECK(look());
  CAF_CHECK(total("lag") > 0);
}

CAF_TEST(a_group_that_reads_open_transactions_is_not_beyond_the_end) {
  create_input();
  write_in_transactions(1);
  write_in_transactions(1, TransactionEnd::none);
  CAF_CHECK(look()); // as who reads what is committed
  CAF_CHECK_EQUAL(partition(0).at("end").to_number<int>(), 2);
  commit(3);
  CAF_CHECK(lag_is(0));
  CAF_CHECK_EQUAL(remark(0), "none");
  CAF_CHECK_EQUAL(partition(0).at("end").to_number<int>(), 3);
}

CAF_TEST(what_retention_took_is_not_waited_for) {
  create_input();
  write_events(50);
  commit(10);
  drop_records_before(30);
  CAF_CHECK(lag_is(20));
  CAF_CHECK_EQUAL(remark(0), "expired");
  CAF_CHECK_EQUAL(partition(0).at("expired").to_number<int>(), 20);
}

CAF_TEST(a_place_behind_the_end_is_no_negative_lag) {
  create_input();
  write_events(5);
  commit(500);
  CAF_REQUIRE(look({"--max-lag", "1000000"}));
  CAF_CHECK_EQUAL(remark(0), "beyond_end");
  CAF_CHECK_EQUAL(total("lag"), 0);
  CAF_CHECK_EQUAL(outcome.code, 4); // nobody can tell
}

CAF_TEST(another_group_is_told_of_what_it_reads_itself) {
  create_input();
  write_events(5);
  commit(2);
  const auto group = kafka.consumer_group;
  kafka.consumer_group += "-of-the-node";
  CAF_REQUIRE(look({"--group", group}));
  CAF_CHECK_EQUAL(page.at("group").as_string(), group);
  CAF_CHECK_EQUAL(total("lag"), 3);
  const auto none = command({"lag", "--bootstrap-servers",
                             kafka.bootstrap_servers, "--group", "no-such"});
  CAF_CHECK_EQUAL(none.code, 5);
  CAF_CHECK(none.says("the group no-such has committed nothing"));
}

CAF_TEST(a_topic_that_is_gone_hides_nothing_else) {
  create_input();
  write_events(5);
  CAF_REQUIRE(look({"--topic", kafka.input_topic, "--topic", "no-such-topic"}));
  CAF_CHECK_EQUAL(outcome.code, 0);
  CAF_CHECK_EQUAL(page.at("missing_topics").as_array().size(), 1u);
  CAF_CHECK_EQUAL(total("lag"), 5);
}

CAF_TEST(partitions_that_were_added_are_there_at_once) {
  create_input();
  write_events(5);
  commit(5);
  auto admin = TopicAdmin::open(kafka);
  CAF_REQUIRE(admin);
  CAF_REQUIRE(
    (*admin)->raise_partitions(kafka.input_topic, 3, 30s).has_value());
  CAF_CHECK(eventually(20s, [&] {
    return look() && page.at("partitions").as_array().size() == 3;
  }));
  CAF_CHECK_EQUAL(remark(2), "never_committed");
}

CAF_TEST_FIXTURE_SCOPE_END()
