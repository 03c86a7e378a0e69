#define CAF_SUITE config_environment

#include "caf/test/dsl.hpp"

#include "logic/core/log.hpp"
#include "node/config/load_config.hpp"
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

CAF_TEST(kubernetes_variables_of_a_kafka_service_only_warn) {
  const auto loaded = load_config(
    {"",
     {{"KAFKA_BOOTSTRAP_PORT", "tcp://10.0.0.1:9092"},
      {"KAFKA_BOOTSTRAP_SERVICE_HOST", "10.0.0.1"},
      {"KAFKA_BOOTSTRAP_SERVICE_PORT", "9092"},
      {"KAFKA_BOOTSTRAP_SERVICE_PORT_TCP_CLIENTS", "9092"},
      {"KAFKA_BOOTSTRAP_PORT_9092_TCP", "tcp://10.0.0.1:9092"},
      {"KAFKA_BOOTSTRAP_PORT_9092_TCP_ADDR", "10.0.0.1"},
      {"KAFKA_PORT", "tcp://10.0.0.2:9092"}},
     {}});
  CAF_CHECK(loaded.faults.empty());
  CAF_CHECK_EQUAL(loaded.config.kafka.bootstrap_port, 0);
  CAF_REQUIRE_EQUAL(loaded.warnings.size(), 1u);
  for (const auto* name :
       {"KAFKA_BOOTSTRAP_PORT,", "KAFKA_BOOTSTRAP_PORT_9092_TCP_ADDR",
        "KAFKA_BOOTSTRAP_SERVICE_HOST", "KAFKA_PORT", "enableServiceLinks"})
    CAF_CHECK(contains(loaded.warnings.front(), name));
  const auto meant = load_config({"", {{"KAFKA_BOOTSTRAP_PORT", "9093"}}, {}});
  CAF_CHECK_EQUAL(meant.config.kafka.bootstrap_port, 9093);
}

CAF_TEST(every_unknown_kafka_variable_is_worth_a_warning) {
  const Loaded loaded{
    variables({{"KAFKA_SAMPLE_TOPC", "a"}, {"KAFKA_HEAP_OPTS", "-Xmx1g"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_CHECK_EQUAL(loaded.warnings(),
                  "variable KAFKA_SAMPLE_TOPC is not known and ignored (did "
                  "you mean 'KAFKA_SAMPLE_TOPIC'?)\n"
                  "variables that are not known and ignored: KAFKA_HEAP_OPTS; "
                  "docs/configuration.md lists those that are read\n");
  const Loaded java{variables({{"KAFKA_SASL_JAAS_CONFIG", "a"},
                               {"KAFKA_SSL_TRUSTSTORE_LOCATION", "b"},
                               {"KAFKA_SSL_KEYSTORE_PASSWORD", "hidden"}})};
  CAF_CHECK(contains(java.warnings(), "set KAFKA_SASL_USERNAME and"));
  CAF_CHECK(contains(java.warnings(), "set KAFKA_SSL_CA_LOCATION to a PEM"));
  CAF_CHECK(contains(java.warnings(), "KAFKA_SSL_KEY_LOCATION to PEM"));
  CAF_CHECK(!contains(java.warnings(), "hidden"));
}

CAF_TEST(variables_of_the_trade_set_the_security) {
  const auto loaded = load_config({"",
                                   {{"KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
                                    {"KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"},
                                    {"KAFKA_SASL_USERNAME", "alice"},
                                    {"KAFKA_SASL_PASSWORD", "p"}},
                                   {}});
  CAF_CHECK(loaded.faults.empty());
  CAF_CHECK(loaded.warnings.empty());
  CAF_CHECK_EQUAL(loaded.config.kafka.security_protocol, "sasl_ssl");
  CAF_CHECK_EQUAL(loaded.config.kafka.sasl_mechanism, "SCRAM-SHA-512");
  CAF_CHECK_EQUAL(loaded.config.kafka.sasl_username, "alice");
  CAF_CHECK_EQUAL(loaded.config.kafka.sasl_password, "p");
  // Credentials that would not be used are no silent plaintext.
  CAF_CHECK_EQUAL(
    load_config({"", {{"KAFKA_SASL_USERNAME", "alice"}}, {}}).faults.size(),
    1u);
}

CAF_TEST(what_others_do_gets_a_line_that_says_where) {
  const Loaded loaded{variables({{"LOGGING_SERVICE", "cloudwatch"},
                                 {"CLOUDWATCH_LOG_GROUP", "g"},
                                 {"GCP_PROJECT_ID", "p"},
                                 {"STACKDRIVER_X", "x"},
                                 {"AZURE_CLIENT_SECRET", "hidden"},
                                 {"ELASTICSEARCH_URL", "http://e"},
                                 {"LOG_INDEX", "i"},
                                 {"ALERT_EMAIL", "me"},
                                 {"ALERTS", "unrelated"}})};
  CAF_CHECK_EQUAL(loaded.faults(), "");
  CAF_REQUIRE_EQUAL(loaded.report.warnings.size(), 2u);
  for (const auto* name :
       {"LOGGING_SERVICE", "CLOUDWATCH_LOG_GROUP", "GCP_PROJECT_ID",
        "STACKDRIVER_X", "AZURE_CLIENT_SECRET", "ELASTICSEARCH_URL",
        "LOG_INDEX", "JSON lines to stdout", "compose/collector"})
    CAF_CHECK(contains(loaded.report.warnings[0], name));
  CAF_CHECK(contains(loaded.report.warnings[1], "not read: ALERT_EMAIL; alerts "
                                                "are rules"));
  CAF_CHECK(contains(loaded.report.warnings[1], "docs/alerts.md"));
  CAF_CHECK(!contains(loaded.warnings(), "hidden"));
}

CAF_TEST(the_log_level_takes_the_words_of_other_loggers) {
  for (const auto* level : {"CRITICAL", "Warning", "warn", "FATAL"}) {
    const auto loaded = load_config({"", {{"LOG_LEVEL", level}}, {}});
    CAF_CHECK(loaded.faults.empty());
    CAF_CHECK(millrace::logic::parse_log_level(loaded.config.log.level));
  }
}

CAF_TEST(a_bad_value_names_its_variable_and_key) {
  const Loaded loaded{variables({{"MILLRACE_WORK_WORKERS", "many"}})};
  CAF_CHECK_EQUAL(loaded.faults(),
                  "variable MILLRACE_WORK_WORKERS: work.workers: expected a "
                  "whole number, from 1 to 64, got 'many'\n");
}
