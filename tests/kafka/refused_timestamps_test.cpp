#define CAF_SUITE refused_timestamps

#include "logic/records/provenance.hpp"
#include "logic/records/record_headers.hpp"
#include "tests/kafka/refusals_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::event;
using tests::now_ms;

CAF_TEST_FIXTURE_SCOPE(refused_timestamp_tests, tests::RefusalsFixture)

CAF_TEST(a_timestamp_that_a_topic_refuses_gives_way_to_the_present) {
  topic_settings[kafka.input_topic]["message.timestamp.after.max.ms"]
    = "86400000";
  create_topics();
  const auto ahead = now_ms() + 7'200'000;
  std::vector<std::string> values;
  for (int index = 0; index != 300; ++index)
    values.push_back(index % 50 == 7 ? "no json" : event());
  const auto is_ahead = [](std::size_t index) { return index % 10 == 7; };
  write_all(values, "k", [&](std::size_t index) {
    return is_ahead(index) ? ahead : now_ms();
  });
  work();
  CAF_CHECK(judge(Guarantee::at_least_once).total.lost == 0);
  CAF_CHECK_EQUAL(count(kafka.output_topic), 294u);
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 6u);
  std::size_t replaced = 0;
  const auto look = [&](const logic::RecordView& record) {
    if (const auto original = logic::last_header(
          record.headers, logic::header_name::original_timestamp)) {
      ++replaced;
      CAF_CHECK_EQUAL(*original, std::to_string(ahead));
      CAF_CHECK(record.timestamp_ms < ahead);
    }
  };
  each(kafka.output_topic, look);
  CAF_CHECK_EQUAL(replaced, 24u);
  each(kafka.dlq_topic, look);
  CAF_CHECK_EQUAL(replaced, 30u);
}

CAF_TEST(what_topics_take_of_timestamps_is_known_from_the_start) {
  topic_settings[kafka.input_topic][ahead_setting] = a_day;
  create_topics();
  const auto ahead = now_ms() + 7'200'000;
  write_all(std::vector<std::string>(20'000, event()), "k",
            [&](std::size_t) { return ahead; });
  work();
  CAF_CHECK(!logged("INVALID_TIMESTAMP"));
  CAF_CHECK(metrics.find("INVALID_TIMESTAMP") == std::string::npos);
  CAF_CHECK(metrics.find("replaced_timestamps_total 20000")
            != std::string::npos);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(good_records_pass_refused_timestamps_in_their_order) {
  // So many that requests are under way behind one that is refused.
  work_by_new_limits([this] { write_some_ahead(100'000); });
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(nothing_passes_a_refusal_of_the_very_first_record) {
  const auto first_is_ahead = [this] {
    write_all(std::vector<std::string>(2'000, event()), "k",
              [](std::size_t index) {
                return now_ms() + (index == 0 ? 7'200'000 : 0);
              });
  };
  // So many requests that some are under way behind the first.
  work_by_new_limits(first_is_ahead, {"kafka.batch_messages=1"});
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(several_kinds_of_refusal_in_one_request_keep_the_order) {
  topic_settings[kafka.output_topic]["max.message.bytes"] = "65536";
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "16384";
  work_by_new_limits(
    [this] { write_mixture(5'000); },
    {"kafka.properties=batch.size=1000000", "kafka.linger=100ms"});
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 100u);
  CAF_CHECK(proven(Guarantee::exactly_once));
  CAF_CHECK(!logged("GAPLESS_GUARANTEE"));
}

CAF_TEST(and_do_not_hold_up_transactions) {
  topic_settings[kafka.output_topic]["max.message.bytes"] = "300000";
  topic_settings[kafka.dlq_topic]["max.message.bytes"] = "16384";
  const auto large = event(R"(,"device_id":")" + std::string(400'000, 'x')
                           + '"');
  work_by_new_limits([&] { write_mixture(1'000, large); },
                     {"delivery.guarantee=exactly_once", "node.name=n-1"});
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 21u);
  CAF_CHECK(proven(Guarantee::exactly_once));
  CAF_CHECK(logged("INVALID_TIMESTAMP"));
  CAF_CHECK(!logged(R"(are sent again","error":"Local: Purged)"));
  CAF_CHECK(!logged("the circuit to the output changed"));
}

CAF_TEST(and_so_they_do_in_transactions) {
  work_by_new_limits([this] { write_some_ahead(20'000); },
                     {"delivery.guarantee=exactly_once", "node.name=n-1"});
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 0u);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_source_whose_clock_is_wrong_costs_no_record) {
  const auto ahead = now_ms() + 7'200'000;
  std::vector<std::string> values(20'000, event());
  for (std::size_t index = 0; index < values.size(); index += 10)
    values[index] = "no json";
  work_by_new_limits(
    [&] { write_all(values, "k", [&](std::size_t) { return ahead; }); });
  CAF_CHECK_EQUAL(count(kafka.output_topic), 18'001u);
  CAF_CHECK_EQUAL(count(kafka.dlq_topic), 2'000u);
  CAF_CHECK_EQUAL(judge(Guarantee::exactly_once).total.doubled, 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
