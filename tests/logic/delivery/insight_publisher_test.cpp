#define CAF_SUITE insight_publisher

#include "logic/delivery/insight_publisher.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

/// Takes what it has room for.
class Sink final : public RecordSink {
public:
  void on_ready(std::function<void()>) override {}
  std::size_t send(std::span<const OutgoingRecord> records) override {
    if (!has_room)
      return 0;
    sent.insert(sent.end(), records.begin(), records.end());
    return records.size();
  }
  void take_reports(DeliveryReports&) override {}
  std::size_t queued_records() const override { return 0; }
  void hurry() override {}
  void close(std::chrono::milliseconds) override {}

  bool has_room = true;
  std::vector<OutgoingRecord> sent;
};

struct Fixture {
  InsightPublisher publisher;
  Sink sink;
  InsightPublisher::TimePoint now{1h};

  bool send(const std::string& json) {
    return publisher.send(sink, std::make_shared<const std::string>(json), now,
                          1'720'000'000'000);
  }
  InsightPublisher::Outcome report_failure(SendToken token) {
    DeliveryReports reports;
    reports.failed.push_back({token, DeliveryFault::transient, "not today"});
    return publisher.apply_reports(reports, now);
  }
  /// Fails until the circuit is open.
  void fail_often() {
    for (std::uint32_t i = 0; i != CircuitBreakerConfig{}.failures_to_open;
         ++i) {
      CAF_REQUIRE(send("{}"));
      report_failure(sink.sent.back().token);
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(insight_publisher_tests, Fixture)

CAF_TEST(what_is_given_up_for_another_record_says_nothing_of_the_topic) {
  publisher = InsightPublisher{1};
  CAF_REQUIRE(send("{}"));
  DeliveryReports reports;
  reports.failed.push_back({sink.sent.back().token, DeliveryFault::record,
                            "given up", Blame::neighbour});
  CAF_CHECK_EQUAL(publisher.apply_reports(reports, now).failure, "given up");
  CAF_REQUIRE(send("{}"));
  report_failure(sink.sent.back().token);
  CAF_CHECK(!send("{}"));
}

CAF_TEST(what_is_given_up_for_another_record_is_sent_again_where_it_is_kept) {
  publisher = InsightPublisher{1, InsightPublisher::GivenUp::kept};
  CAF_REQUIRE(send(R"({"logins":1})"));
  DeliveryReports reports;
  reports.failed.push_back({sink.sent.back().token, DeliveryFault::record,
                            "given up", Blame::neighbour});
  CAF_CHECK_EQUAL(publisher.apply_reports(reports, now).failure, "");
  sink.has_room = false;
  publisher.send_again(sink, 1'720'000'000'000);
  CAF_CHECK_EQUAL(sink.sent.size(), 1u);
  sink.has_room = true;
  publisher.send_again(sink, 1'720'000'000'000);
  CAF_REQUIRE_EQUAL(sink.sent.size(), 2u);
  CAF_CHECK_EQUAL(sink.sent.back().value.value_or(""), R"({"logins":1})");
  publisher.send_again(sink, 1'720'000'000'000);
  CAF_CHECK_EQUAL(sink.sent.size(), 2u);
  CAF_CHECK(publisher.circuit(now) == CircuitState::closed);
}

CAF_TEST(an_insight_goes_to_its_topic_and_lives_until_it_is_reported) {
  auto json = std::make_shared<const std::string>(R"({"logins":1})");
  const std::weak_ptr<const std::string> held = json;
  CAF_REQUIRE(publisher.send(sink, std::move(json), now, 1'720'000'000'000));
  CAF_REQUIRE_EQUAL(sink.sent.size(), 1u);
  const auto& record = sink.sent.front();
  CAF_CHECK(record.destination == Destination::insights);
  CAF_CHECK(record.value == R"({"logins":1})");
  CAF_CHECK(!record.key);
  CAF_CHECK_EQUAL(record.timestamp_ms, 1'720'000'000'000);
  CAF_CHECK(record.token.slot >= InsightPublisher::first_slot);
  CAF_CHECK(!held.expired());
  DeliveryReports reports;
  reports.delivered.push_back({record.token.slot, 1});
  CAF_CHECK_EQUAL(publisher.apply_reports(reports, now).published, 1u);
  CAF_CHECK(held.expired());
}

CAF_TEST(only_reports_on_insights_are_taken) {
  CAF_REQUIRE(send("{}"));
  CAF_REQUIRE(send("{}"));
  CAF_CHECK(sink.sent[0].token.slot != sink.sent[1].token.slot);
  DeliveryReports reports;
  reports.delivered = {{7, 3}, {sink.sent[0].token.slot, 1}};
  reports.failed = {{{8, 0}, DeliveryFault::record, "theirs"},
                    {sink.sent[1].token, DeliveryFault::record, "ours"}};
  const auto outcome = publisher.apply_reports(reports, now);
  CAF_CHECK_EQUAL(outcome.published, 1u);
  CAF_CHECK_EQUAL(outcome.failure, "ours");
  CAF_REQUIRE_EQUAL(reports.delivered.size(), 1u);
  CAF_CHECK_EQUAL(reports.delivered[0].slot, 7u);
  CAF_REQUIRE_EQUAL(reports.failed.size(), 1u);
  CAF_CHECK_EQUAL(reports.failed[0].text, "theirs");
}

CAF_TEST(an_insight_that_fails_is_let_go) {
  CAF_REQUIRE(send("{}"));
  CAF_CHECK_EQUAL(report_failure(sink.sent[0].token).failure, "not today");
  CAF_CHECK(publisher.circuit(now) == CircuitState::closed);
  CAF_CHECK_EQUAL(sink.sent.size(), 1u);
}

CAF_TEST(a_topic_that_fails_again_and_again_is_left_alone_for_a_while) {
  fail_often();
  CAF_CHECK(publisher.circuit(now) == CircuitState::open);
  const auto before = sink.sent.size();
  CAF_CHECK(!send("{}"));
  CAF_CHECK_EQUAL(sink.sent.size(), before);
  // Then one is sent to see, and closes the circuit where it arrives.
  now += 2min;
  CAF_REQUIRE(send("{}"));
  CAF_CHECK(!send("{}"));
  DeliveryReports reports;
  reports.delivered.push_back({sink.sent.back().token.slot, 1});
  publisher.apply_reports(reports, now);
  CAF_CHECK(publisher.circuit(now) == CircuitState::closed);
  CAF_CHECK(send("{}"));
}

CAF_TEST(a_sink_without_room_counts_as_a_failure) {
  sink.has_room = false;
  for (std::uint32_t i = 0; i != CircuitBreakerConfig{}.failures_to_open; ++i)
    CAF_CHECK(!send("{}"));
  CAF_CHECK(publisher.circuit(now) == CircuitState::open);
}

CAF_TEST_FIXTURE_SCOPE_END()
