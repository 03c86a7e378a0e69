#define CAF_SUITE config_environment

#include "caf/test/dsl.hpp"

#include "tests/node/config/config_sample.hpp"

using namespace millrace::node;
using namespace millrace::node::sample;

namespace {

using Environment = std::map<std::string, std::string>;

ConfigInputs variables(Environment environment) {
  return {"", std::move(environment), {}};
}

} // namespace

CAF_TEST(a_setting_is_taken_from_its_own_variable_and_from_the_customary_one) {
  const Loaded customary{variables({{"KAFKA_SAMPLE_TOPIC", "a"}})};
  CAF_CHECK_EQUAL(customary.config.topic, "a");
  CAF_CHECK_EQUAL(customary.origin("stream.topic"),
                  "variable KAFKA_SAMPLE_TOPIC");
  CAF_CHECK_EQUAL(customary.warnings(), "");
  const Loaded own{variables(
    {{"MILLRACE_WORK_WORKERS", "7"}, {"MILLRACE_STREAM_FIELDS", "x,y"}})};
  CAF_CHECK_EQUAL(own.config.workers, 7);
  CAF_CHECK_EQUAL(own.config.fields, (std::vector<std::string>{"x", "y"}));
  CAF_CHECK_EQUAL(own.faults(), "");
}

CAF_TEST(an_alias_is_accepted_with_a_warning_that_names_the_right_one) {
  const Loaded loaded{variables({{"KAFKA_TOPIC_SAMPLE", "a"}})};
  CAF_CHECK_EQUAL(loaded.config.topic, "a");
  CAF_CHECK_EQUAL(loaded.warnings(),
                  "variable KAFKA_TOPIC_SAMPLE is accepted for "
                  "KAFKA_SAMPLE_TOPIC; please use that name\n");
}

CAF_TEST(the_right_variable_wins_over_its_alias_with_a_warning) {
  const Loaded loaded{
    variables({{"SAMPLE_TOPIC", "alias"}, {"KAFKA_SAMPLE_TOPIC", "right"}})};
  CAF_CHECK_EQUAL(loaded.config.topic, "right");
  CAF_CHECK(contains(loaded.warnings(),
                     "variable SAMPLE_TOPIC is ignored: KAFKA_SAMPLE_TOPIC is "
                     "set as well, to another value"));
  const Loaded equal{
    variables({{"SAMPLE_TOPIC", "same"}, {"KAFKA_SAMPLE_TOPIC", "same"}})};
  CAF_CHECK(!contains(equal.warnings(), "ignored"));
}

CAF_TEST(the_nodes_own_variable_wins_over_the_customary_one) {
  const Loaded loaded{variables(
    {{"MILLRACE_STREAM_TOPIC", "own"}, {"KAFKA_SAMPLE_TOPIC", "customary"}})};
  CAF_CHECK_EQUAL(loaded.config.topic, "own");
  CAF_CHECK(contains(loaded.warnings(), "KAFKA_SAMPLE_TOPIC is ignored"));
}

CAF_TEST(an_empty_variable_counts_as_unset) {
  const Loaded loaded{variables({{"KAFKA_SAMPLE_TOPIC", ""},
                                 {"MILLRACE_WORK_WORKERS", ""},
                                 {"SAMPLE_TOPIC", "alias"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.config.topic, "alias");
  CAF_CHECK_EQUAL(loaded.config.workers, 4);
}

CAF_TEST(unknown_variables_of_ours_are_faults_with_the_nearest_name) {
  const Loaded loaded{variables({{"MILLRACE_WORK_WORKER", "7"},
                                 {"MILLRACE_QQQQQQQQQQQQQQQQ", "7"},
                                 {"UNRELATED", "7"}})};
  CAF_CHECK_EQUAL(loaded.faults(),
                  "variable MILLRACE_QQQQQQQQQQQQQQQQ: unknown variable\n"
                  "variable MILLRACE_WORK_WORKER: unknown variable (did you "
                  "mean 'MILLRACE_WORK_WORKERS'?)\n");
}

CAF_TEST(variables_of_ours_that_are_no_settings_are_let_pass) {
  const Loaded loaded{variables({{"MILLRACE_CONFIG", "x"},
                                 {"MILLRACE_CACHE", "x"},
                                 {"MILLRACE_REVISION", "x"},
                                 {"MILLRACE_BINARY", "x"},
                                 {"MILLRACE_SHARED_DATA", "x"},
                                 {"MILLRACE_SOURCE_DIR", "x"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.warnings(), "");
}

CAF_TEST(variables_that_kubernetes_makes_for_services_only_warn) {
  const Loaded loaded{
    variables({{"MILLRACE_SERVICE_HOST", "10.0.0.1"},
               {"MILLRACE_SERVICE_PORT", "9108"},
               {"MILLRACE_SERVICE_PORT_METRICS", "9108"},
               {"MILLRACE_PORT", "tcp://10.0.0.1:9108"},
               {"MILLRACE_PORT_9108_TCP", "tcp://10.0.0.1:9108"},
               {"MILLRACE_PORT_9108_TCP_PROTO", "tcp"},
               {"MILLRACE_PORT_9108_TCP_PORT", "9108"},
               {"MILLRACE_PORT_9108_TCP_ADDR", "10.0.0.1"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_REQUIRE_EQUAL(loaded.report.warnings.size(), 1u);
  CAF_CHECK(contains(loaded.warnings(), "MILLRACE_PORT_9108_TCP_ADDR"));
  const Loaded slip{
    variables({{"MILLRACE_WORK_PORT", "9108"}, {"MILLRACE_PORT_X_TCP", "1"}})};
  CAF_CHECK_EQUAL(slip.report.faults.size(), 2u);
}

CAF_TEST(a_slip_in_a_kafka_variable_is_worth_a_warning) {
  const Loaded loaded{
    variables({{"KAFKA_SAMPLE_TOPC", "a"}, {"KAFKA_HEAP_OPTS", "-Xmx1g"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.warnings(),
                  "variable KAFKA_SAMPLE_TOPC is not known and ignored (did "
                  "you mean 'KAFKA_SAMPLE_TOPIC'?)\n");
}

CAF_TEST(a_bad_value_names_its_variable_and_key) {
  const Loaded loaded{variables({{"MILLRACE_WORK_WORKERS", "many"}})};
  CAF_CHECK_EQUAL(loaded.faults(),
                  "variable MILLRACE_WORK_WORKERS: work.workers: expected a "
                  "whole number, from 1 to 64, got 'many'\n");
}
