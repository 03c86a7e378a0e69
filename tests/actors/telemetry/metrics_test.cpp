#define CAF_SUITE metrics

#include "actors/telemetry/metrics.hpp"

#include "tests/support/metric_text.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <thread>
#include <vector>

namespace actors = millrace::actors;
namespace logic = millrace::logic;
namespace tests = millrace::tests;
using actors::Metrics;
using actors::Outcome;
using actors::ValueCount;
using tests::metric_text;
using tests::metric_value;

namespace {

struct fixture {
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  Metrics metrics{registry};

  double value(std::string_view series) const {
    return metric_value(*registry, series).value_or(-1);
  }
  bool has(std::string_view series) const {
    return metric_value(*registry, series).has_value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(metrics_tests, fixture)

CAF_TEST(processed_metric_counted) {
  metrics.processed(Outcome::success, 1000, 0.004);
  metrics.processed(Outcome::success, 1, 0.004);
  metrics.processed(Outcome::failure, 3, 0.004);
  CAF_CHECK_EQUAL(value(R"(kafka_messages_processed_total{result="success"})"),
                  1001);
  CAF_CHECK_EQUAL(value(R"(kafka_messages_processed_total{result="failure"})"),
                  3);
}

CAF_TEST(a_batch_weighs_as_many_observations_as_it_has_records) {
  metrics.processed(Outcome::success, 500, 0.005);
  metrics.processed(Outcome::success, 100, 45.0);
  metrics.processed(Outcome::success, 0, 0.00001);
  const std::string name = "kafka_processing_duration_seconds";
  const auto bucket = [&](const std::string& bound) {
    return value(name + R"(_bucket{result="success",le=")" + bound + "\"}");
  };
  CAF_CHECK_EQUAL(bucket("0.0001"), 0);
  CAF_CHECK_EQUAL(bucket("0.002"), 0);
  CAF_CHECK_EQUAL(bucket("0.005"), 500);
  CAF_CHECK_EQUAL(bucket("30"), 500);
  CAF_CHECK_EQUAL(bucket("+Inf"), 600);
  CAF_CHECK_EQUAL(value(name + R"(_count{result="success"})"), 600);
  CAF_CHECK_EQUAL(value(name + R"(_sum{result="success"})"),
                  500 * 0.005 + 100 * 45.0);
  CAF_CHECK_EQUAL(value(name + R"(_count{result="failure"})"), 0);
}

CAF_TEST(weighing_and_repeating_give_the_same_histogram) {
  const std::vector<double> bounds{0.1, 0.2, 0.4};
  prometheus::Histogram weighted{bounds};
  prometheus::Histogram repeated{bounds};
  actors::WeightedHistogram histogram{weighted, bounds};
  const std::vector<double> seconds{0.0, 0.1, 0.1000001, 0.2, 0.3, 0.4, 0.5};
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    histogram.observe(seconds[i], i + 1);
    for (std::size_t n = 0; n <= i; ++n) {
      repeated.Observe(seconds[i]);
    }
  }
  const auto a = weighted.Collect().histogram;
  const auto b = repeated.Collect().histogram;
  CAF_CHECK_EQUAL(a.sample_count, b.sample_count);
  CAF_REQUIRE_EQUAL(a.bucket.size(), b.bucket.size());
  for (std::size_t i = 0; i < a.bucket.size(); ++i) {
    CAF_CHECK_EQUAL(a.bucket[i].cumulative_count, b.bucket[i].cumulative_count);
  }
}

CAF_TEST(every_value_of_a_fixed_label_is_zero_from_the_start) {
  for (std::size_t i = 0; i < logic::reason_count; ++i) {
    const auto reason = to_string(static_cast<logic::Reason>(i));
    CAF_CHECK_EQUAL(value("millrace_dead_letters_total{reason=\""
                          + std::string{reason} + "\"}"),
                    0);
  }
  for (std::size_t i = 0; i < logic::rule_count; ++i) {
    const auto rule = to_string(static_cast<logic::Rule>(i));
    CAF_CHECK_EQUAL(
      value("millrace_anomalies_total{rule=\"" + std::string{rule} + "\"}"), 0);
  }
  for (const auto* series :
       {R"(millrace_commits_total{result="success"})",
        R"(millrace_commits_total{result="failure"})",
        R"(millrace_commits_total{result="fenced"})",
        R"(millrace_transactions_total{result="committed"})",
        R"(millrace_transactions_total{result="aborted"})",
        R"(millrace_transactions_total{result="lost"})",
        R"(millrace_fenced_total{client="consumer"})",
        R"(millrace_fenced_total{client="producer"})",
        R"(millrace_rebalances_total{kind="assigned"})",
        R"(millrace_rebalances_total{kind="revoked"})",
        R"(millrace_rebalances_total{kind="lost"})",
        R"(millrace_geo_reloads_total{result="failure"})"}) {
    CAF_CHECK_EQUAL(value(series), 0);
  }
}

CAF_TEST(table_handles_count_their_own_value) {
  metrics.dead_letters[logic::Reason::not_json].Increment(7);
  metrics.anomalies[logic::Rule::velocity].Increment(2);
  metrics.commits[actors::CommitOutcome::fenced].Increment();
  CAF_CHECK_EQUAL(value(R"(millrace_dead_letters_total{reason="not_json"})"),
                  7);
  CAF_CHECK_EQUAL(value(R"(millrace_dead_letters_total{reason="poison"})"), 0);
  CAF_CHECK_EQUAL(value(R"(millrace_anomalies_total{rule="velocity"})"), 2);
  CAF_CHECK_EQUAL(value(R"(millrace_commits_total{result="fenced"})"), 1);
}

CAF_TEST(lag_of_a_revoked_partition_is_gone) {
  const logic::PartitionId three{3};
  const logic::PartitionId four{4};
  metrics.lag.set("logins", three, 10);
  metrics.lag.set("logins", four, 20);
  metrics.lag.set("logins", three, 12);
  const auto* series
    = R"(kafka_consumer_lag_records{partition="3",topic="logins"})";
  const auto* other
    = R"(kafka_consumer_lag_records{partition="4",topic="logins"})";
  CAF_CHECK_EQUAL(value(series), 12);
  metrics.lag.remove("logins", three);
  metrics.lag.remove("logins", three);
  CAF_CHECK(!has(series));
  CAF_CHECK_EQUAL(value(other), 20);
  metrics.lag.set("logins", three, 1);
  CAF_CHECK_EQUAL(value(series), 1);
  metrics.lag.clear();
  CAF_CHECK(!has(series));
  CAF_CHECK(!has(other));
}

CAF_TEST(equal_labels_give_the_same_series) {
  metrics.limit_reached("retries").Increment();
  metrics.limit_reached("retries").Increment();
  CAF_CHECK_EQUAL(value(R"(millrace_limit_reached_total{limit="retries"})"), 2);
  metrics.count_error("producer", logic::ErrorCode::queue_full);
  metrics.count_error("producer", logic::ErrorCode::queue_full);
  CAF_CHECK_EQUAL(
    value(R"(millrace_errors_total{code="queue_full",component="producer"})"),
    2);
}

CAF_TEST(only_the_model_in_use_is_shown) {
  metrics.set_model("a1");
  metrics.set_model("b2");
  CAF_CHECK(!has(R"(millrace_model_info{model="a1"})"));
  CAF_CHECK_EQUAL(value(R"(millrace_model_info{model="b2"})"), 1);
  metrics.set_model("");
  CAF_CHECK(!has(R"(millrace_model_info{model="b2"})"));
}

CAF_TEST(endless_values_of_a_dimension_become_other) {
  auto& logins = metrics.logins(logic::InsightDimension::app_version);
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    names.push_back("v" + std::to_string(i));
  }
  std::vector<ValueCount> window;
  for (const auto& name : names) {
    window.push_back({name, 5});
  }
  logins.add(window);
  const auto text = metric_text(*registry);
  std::size_t series = 0;
  for (std::size_t at = text.find("dimension=\"app_version\""); at != text.npos;
       at = text.find("dimension=\"app_version\"", at + 1)) {
    ++series;
  }
  CAF_CHECK_EQUAL(series, Metrics::shown_values + 1);
  CAF_CHECK_EQUAL(
    value(R"(millrace_logins_total{dimension="app_version",value="v0"})"), 5);
  CAF_CHECK_EQUAL(
    value(R"(millrace_logins_total{dimension="app_version",value="other"})"),
    5.0 * (1000 - Metrics::shown_values));
}

CAF_TEST(a_frequent_newcomer_replaces_the_weakest_value) {
  prometheus::Registry own;
  auto& family = prometheus::BuildCounter().Name("logins").Help("h").Register(
    own);
  actors::TopCounters top{family, "device", 2};
  const auto shown = [&](std::string_view name) {
    return metric_value(own, "logins{dimension=\"device\",value=\""
                               + std::string{name} + "\"}");
  };
  top.add(std::vector<ValueCount>{{"ios", 100}, {"tv", 10}});
  top.add(std::vector<ValueCount>{{"ios", 100}, {"web", 10}});
  CAF_CHECK_EQUAL(shown("other").value_or(-1), 10);
  CAF_CHECK(!shown("web").has_value());
  top.add(std::vector<ValueCount>{{"web", 6}});
  CAF_CHECK(shown("web").has_value());
  CAF_CHECK(!shown("tv").has_value());
  CAF_CHECK_EQUAL(shown("ios").value_or(-1), 200);
}

CAF_TEST(long_values_are_cut_between_characters) {
  std::string name(63, 'a');
  name += "\xC3\xA9";
  metrics.logins(logic::InsightDimension::locale)
    .add(std::vector<ValueCount>{{name, 1}, {"other", 4}});
  CAF_CHECK_EQUAL(value("millrace_logins_total{dimension=\"locale\",value=\""
                        + std::string(63, 'a') + "\"}"),
                  1);
  CAF_CHECK_EQUAL(
    value(R"(millrace_logins_total{dimension="locale",value="other"})"), 4);
}

CAF_TEST(scrapes_and_updates_may_meet) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([this, writer] {
      for (int i = 0; i < 300; ++i) {
        metrics.processed(Outcome::success, 2, 0.001);
        metrics.lag.set("t", logic::PartitionId{writer}, i);
        metrics.lag.remove("t", logic::PartitionId{writer});
        metrics.set_model(i % 2 == 0 ? "a" : "b");
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    CAF_CHECK(!metric_text(*registry).empty());
  }
  for (auto& writer : writers) {
    writer.join();
  }
  CAF_CHECK_EQUAL(value(R"(kafka_messages_processed_total{result="success"})"),
                  1800);
  CAF_CHECK(!has(R"(kafka_consumer_lag_records{partition="0",topic="t"})"));
}

CAF_TEST_FIXTURE_SCOPE_END()
