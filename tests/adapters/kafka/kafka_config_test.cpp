#define CAF_SUITE kafka_config

#include "adapters/kafka/client_properties.hpp"
#include "adapters/kafka/kafka_config.hpp"

#include "adapters/kafka/topic_admin.hpp"

#include "caf/test/dsl.hpp"

#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <set>
#include <string>

using namespace millrace;
using namespace millrace::adapters::kafka;

namespace {

/// Collects the names of sections, settings and variables.
class NameCollector final : public logic::SettingVisitor {
public:
  void section(std::string_view name, std::string_view) override {
    sections.emplace(name);
  }

  void setting(const logic::Setting& setting, logic::SettingTarget) override {
    CAF_CHECK(names.emplace(setting.name).second);
    CAF_CHECK(setting.help.ends_with('.'));
    if (setting.secret)
      secrets.emplace(setting.name);
    if (!setting.variable.empty())
      variables.emplace(setting.variable);
    for (const auto alias : setting.aliases)
      variables.emplace(alias);
  }

  std::set<std::string> sections;
  std::set<std::string> names;
  std::set<std::string> secrets;
  std::set<std::string> variables;
};

bool complains_about(const KafkaConfig& config, std::string_view words) {
  for (const auto& fault : check(config))
    if (fault.text.find(words) != std::string::npos)
      return true;
  return false;
}

} // namespace

CAF_TEST(every_variable_of_the_tradition_is_declared) {
  KafkaConfig config;
  NameCollector collector;
  describe(collector, config);
  CAF_CHECK_EQUAL(collector.sections, std::set<std::string>{"kafka"});
  for (const auto* variable : {"KAFKA_BOOTSTRAP_SERVERS",
                               "KAFKA_BOOTSTRAP_HOST",
                               "KAFKA_BOOTSTRAP_PORT",
                               "KAFKA_INPUT_TOPIC",
                               "KAFKA_OUTPUT_TOPIC",
                               "KAFKA_DLQ_TOPIC",
                               "KAFKA_CONSUMER_GROUP",
                               "KAFKA_SESSION_TIMEOUT",
                               "KAFKA_SOCKET_TIMEOUT",
                               "KAFKA_AUTO_OFFSET_RESET",
                               "KAFKA_ENABLE_AUTO_COMMIT",
                               "KAFKA_CREATE_TOPICS",
                               "KAFKA_ENABLE_AUTO_COMMT",
                               "ENABLE_AUTO_COMMIT",
                               "CONSUMER_GROUP",
                               "INPUT_TOPIC",
                               "BOOTSTRAP_SERVERS",
                               "KAFKA_TOPIC",
                               "KAFKA_TOPIC_IN",
                               "KAFKA_TOPIC_OUT",
                               "KAFKA_BROKER_URL",
                               "KAFKA_CLIENT_ID",
                               "KAFKA_COMPRESSION_TYPE",
                               "KAFKA_SECURITY_PROTOCOL",
                               "KAFKA_SASL_MECHANISM",
                               "KAFKA_SASL_USERNAME",
                               "KAFKA_SASL_PASSWORD",
                               "KAFKA_SSL_CA_LOCATION",
                               "KAFKA_SSL_CERTIFICATE_LOCATION",
                               "KAFKA_SSL_KEY_LOCATION",
                               "KAFKA_SSL_KEY_PASSWORD"})
    CAF_CHECK_EQUAL(collector.variables.count(variable), 1u);
  CAF_CHECK_EQUAL(collector.secrets,
                  (std::set<std::string>{"oauth_client_secret", "sasl_password",
                                         "ssl_key_password"}));
}

CAF_TEST(the_defaults_are_valid) {
  CAF_CHECK(check(KafkaConfig{}).empty());
}

CAF_TEST(automatic_commits_are_refused_with_the_reason) {
  KafkaConfig config;
  config.enable_auto_commit = true;
  CAF_CHECK(complains_about(config, "a crash loses them"));
}

CAF_TEST(one_topic_cannot_serve_twice) {
  KafkaConfig config;
  config.output_topic = config.input_topic;
  CAF_CHECK(complains_about(
    config, "kafka.input_topic and kafka.output_topic are both user-login"));
  config = {};
  config.insights_topic.clear();
  CAF_CHECK(check(config).empty());
}

CAF_TEST(security_settings_must_fit_each_other) {
  KafkaConfig config;
  config.security_protocol = "sasl_ssl";
  CAF_CHECK(complains_about(config, "needs kafka.sasl_mechanism"));
  config.sasl_mechanism = "PLAIN";
  CAF_CHECK(complains_about(config, "kafka.sasl_password"));
  config.sasl_username = "alice";
  config.sasl_password = "secret";
  CAF_CHECK(check(config).empty());
  config.ssl_certificate_file = "node.pem";
  CAF_CHECK(complains_about(config, "need each other"));
  config.ssl_key_file = "node.key";
  config.security_protocol = "plaintext";
  CAF_CHECK(complains_about(config, "kafka.ssl_certificate_file, "
                                    "kafka.ssl_key_file would have no effect"));
  config = {};
  config.sasl_username = "alice";
  CAF_CHECK(complains_about(config, "have no effect with"));
}

CAF_TEST(tls_files_must_be_there_and_be_pem) {
  const tests::TemporaryFolder folder;
  KafkaConfig config;
  config.security_protocol = "ssl";
  config.ssl_ca_file = folder.path() + "/missing.pem";
  CAF_CHECK(complains_about(config, "kafka.ssl_ca_file: " + config.ssl_ca_file
                                      + " cannot be read: No such file"));
  config.ssl_ca_file = folder.write("empty.pem", "");
  CAF_CHECK(complains_about(config, "is empty"));
  config.ssl_ca_file = folder.write("binary.p12", "0\x82");
  CAF_CHECK(complains_about(config, "is no PEM file"));
  const auto key = folder.write("node.key", "-----BEGIN PRIVATE KEY-----\n");
  config.ssl_ca_file = key;
  CAF_CHECK(complains_about(config, "holds no CERTIFICATE"));
  // The form is right; what the client thinks of the content shows as well.
  config.ssl_ca_file = folder.write(
    "broken.pem",
    "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
  CAF_CHECK(complains_about(config, "broken.pem is damaged; write it anew"));
  config.ssl_ca_file.clear();
  config.ssl_certificate_file = folder.path();
  config.ssl_key_file = key;
  CAF_CHECK(complains_about(config, "is a directory"));
  config = {};
  config.security_protocol = "ssl";
  config.ssl_ca_file = folder.path(); // a folder of certificates
  CAF_CHECK(check(config).empty());
}

CAF_TEST(tokens_need_a_source) {
  KafkaConfig config;
  config.security_protocol = "sasl_ssl";
  config.sasl_mechanism = "OAUTHBEARER";
  CAF_CHECK(complains_about(config, "has no source of tokens"));
  config.properties = {"sasl.oauthbearer.method=oidc"};
  CAF_CHECK(complains_about(config, "has no source of tokens"));
  config.properties.emplace_back(
    "sasl.oauthbearer.token.endpoint.url=https://id.example/token");
  CAF_CHECK(check(config).empty());
  config.properties = {"enable.sasl.oauthbearer.unsecure.jwt=true"};
  CAF_CHECK(check(config).empty());
}

CAF_TEST(settings_of_tokens_need_each_other_and_the_mechanism) {
  KafkaConfig config;
  config.oauth_token_url = "https://id.example/token";
  CAF_CHECK(complains_about(config, "have no effect without "
                                    "kafka.sasl_mechanism OAUTHBEARER"));
  config.security_protocol = "sasl_ssl";
  config.sasl_mechanism = "OAUTHBEARER";
  CAF_CHECK(complains_about(config, "need each other"));
  config.oauth_client_id = "me";
  config.oauth_client_secret = "secret";
  CAF_CHECK(check(config).empty());
  config.properties = {"sasl.oauthbearer.scope=x"};
  CAF_CHECK(complains_about(config, "sets sasl.oauthbearer.scope"));
  config.properties = {"sasl.oauthbearer.client.secret=x"};
  CAF_CHECK(complains_about(config, "set kafka.oauth_client_secret"));
  config.properties.clear();
  config.oauth_token_url = "id.example/token";
  CAF_CHECK(complains_about(config, "begins with neither"));
}

CAF_TEST(servers_that_are_none_are_refused_by_their_setting) {
  KafkaConfig config;
  config.bootstrap_servers = "a;b,:99999";
  CAF_CHECK(complains_about(config, "kafka.bootstrap_servers: 'a;b' holds"));
  CAF_CHECK(complains_about(config, "kafka.bootstrap_servers: ':99999' "));
  config = {};
  config.bootstrap_host = "kafka:9092";
  CAF_CHECK(complains_about(config, "its port is kafka.bootstrap_port"));
}

CAF_TEST(health_checks_ask_the_host_and_port_that_are_set) {
  KafkaConfig config;
  config.bootstrap_servers = "[::1]:9093,b:1";
  const auto asked = [&config] {
    return health_check_config(config).bootstrap_servers;
  };
  CAF_CHECK_EQUAL(asked(), "[::1]:9093,b:1");
  config.bootstrap_port = 7;
  CAF_CHECK_EQUAL(asked(), "[::1]:7");
  config.bootstrap_host = "probe";
  CAF_CHECK_EQUAL(asked(), "probe:7");
  config.bootstrap_host = "fe80::1";
  config.bootstrap_port = 0;
  CAF_CHECK_EQUAL(asked(), "[fe80::1]:9092");
  CAF_CHECK_EQUAL(health_check_config(config).bootstrap_host, "");
}

CAF_TEST(names_with_quotes_are_refused) {
  KafkaConfig config;
  config.consumer_group = "a\"b";
  CAF_CHECK(complains_about(config, "kafka.consumer_group holds a quote"));
  config = {};
  config.client_id = "it's";
  CAF_CHECK(complains_about(config, "kafka.client_id holds a quote"));
}

CAF_TEST(properties_that_break_a_promise_are_refused) {
  KafkaConfig config;
  config.properties = {"statistics.interval.ms=1000"};
  CAF_CHECK(check(config).empty());
  config.properties = {"client.rack = a"};
  CAF_CHECK(check(config).empty());
  CAF_CHECK(*parse_property(" a.b = c d ")
            == (std::pair<std::string, std::string>{"a.b", "c d"}));
  config.properties = {" acks = 1"};
  CAF_CHECK(complains_about(config, "acks: anything but all can lose"));
  config.properties = {"acks=1"};
  CAF_CHECK(complains_about(config, "acks: anything but all can lose"));
  config.properties = {"group.id=other"};
  CAF_CHECK(complains_about(config, "set kafka.consumer_group"));
  config.properties = {"nonsense.x=1"};
  CAF_CHECK(complains_about(config, "has no property 'nonsense.x'"));
  config.properties = {"socket.nagle.disable=maybe"};
  CAF_CHECK(complains_about(config, "kafka.properties: socket.nagle.disable"));
  config.properties = {"nonsense"};
  CAF_CHECK(complains_about(config, "is not name=value"));
}

CAF_TEST(what_the_brokers_decide_is_not_to_be_set) {
  KafkaConfig config;
  config.group_protocol = "consumer";
  CAF_CHECK(check(config).empty());
  config.assignor = "range";
  CAF_CHECK(check(config).empty());
  config.assignor = "roundrobin";
  CAF_CHECK(complains_about(config, "kafka.assignor: the brokers of"));
  config = {};
  config.group_protocol = "consumer";
  config.session_timeout = std::chrono::seconds{6};
  CAF_CHECK(complains_about(config, "group.consumer.session.timeout.ms"));
  config = {};
  for (const auto& [property, setting] :
       {std::pair{"group.protocol=consumer", "kafka.group_protocol"},
        std::pair{"group.remote.assignor=range", "kafka.assignor"},
        std::pair{"group.instance.id=a", "kafka.static_membership"}}) {
    config.properties = {property};
    CAF_CHECK(complains_about(config, setting));
  }
}

CAF_TEST(an_unknown_property_names_the_nearest_one) {
  KafkaConfig config;
  config.properties = {"statistics.interval=1000"};
  CAF_CHECK(complains_about(config, "(did you mean 'statistics.interval.ms'?)"
                                    "; its names are in librdkafka's"));
  config.properties = {"reconnect.backof.ms=1"};
  CAF_CHECK(complains_about(config, "'reconnect.backoff.ms'"));
  config.properties = {"debgu=all"};
  CAF_CHECK(complains_about(config, "'debug'"));
  // One that would be refused is not recommended.
  config.properties = {"groupid=other"};
  CAF_CHECK(complains_about(config, "'group.id'?), which must not be set there:"
                                    " set kafka.consumer_group"));
  config.properties = {"a.name.far.from.all.others=1"};
  CAF_CHECK(!complains_about(config, "did you mean"));
  const auto names = client_property_names();
  for (const auto* name : {"debug", "bootstrap.servers", "acks", "linger.ms"})
    CAF_CHECK(std::find(names.begin(), names.end(), name) != names.end());
  CAF_CHECK(std::find(names.begin(), names.end(), "Property") == names.end());
}

CAF_TEST(properties_that_break_the_node_are_refused_with_the_reason) {
  KafkaConfig config;
  for (const auto& [property, reason] :
       {std::pair{"delivery.report.only.error=true", "report of every record"},
        std::pair{"topic.blacklist=.*", "hide the node's own topics"},
        std::pair{"retries=0", "kafka.delivery_timeout"},
        std::pair{"message.send.max.retries=0", "kafka.delivery_timeout"},
        std::pair{"receive.message.max.bytes=1000", "memory budget"},
        std::pair{"message.max.bytes=1000", "kafka.max_message"},
        std::pair{"heartbeat.interval.ms=60000", "kafka.session_timeout"},
        std::pair{"allow.auto.create.topics=true", "a slip in a name"},
        std::pair{"topic.metadata.refresh.interval.ms=-1", "are added"}}) {
    config.properties = {property};
    CAF_CHECK(complains_about(config, reason));
  }
}

CAF_TEST(what_the_client_refuses_shows_without_a_broker) {
  KafkaConfig config;
  config.properties = {"max.in.flight=6"};
  CAF_CHECK(complains_about(config, "max.in.flight"));
  config.properties = {"fetch.max.bytes=100"};
  CAF_CHECK(complains_about(config, "fetch.max.bytes"));
  config = {};
  config.fetch_max = config.fetch_max_partition = {1'024};
  CAF_CHECK(check(config).empty());
}

CAF_TEST(topics_to_create_are_read) {
  CAF_CHECK_EQUAL(parse_topic_spec("a.b-c_D9:12:3").has_value(), true);
  CAF_CHECK(*parse_topic_spec("logins:12:3") == (TopicSpec{"logins", 12, 3}));
  CAF_CHECK(*parse_topic_spec("logins:12") == (TopicSpec{"logins", 12, 1}));
  CAF_CHECK(*parse_topic_spec("logins") == (TopicSpec{"logins", 1, 1}));
  for (const auto* wrong :
       {"", ":1:1", "a b:1:1", "a:0:1", "a:1:0", "a:x:1", "a:1:1:1",
        "a:1:", "a::1", "a:-1:1", "a:99999999999:1"})
    CAF_CHECK(!parse_topic_spec(wrong));
  KafkaConfig config;
  config.create_topics = {"logins:0:1"};
  CAF_CHECK(complains_about(config, "kafka.create_topics"));
  config.create_topics = {"a:1:1 b:1:1"};
  CAF_CHECK(complains_about(config, "separate topics with commas"));
  config.create_topics = {"a:1:1;b:1:1"};
  CAF_CHECK(complains_about(config, "separate topics with commas"));
  config.create_topics = {"a:1:1", "b:1:1", "a:2:1"};
  CAF_CHECK(complains_about(config, "a is named before, with other numbers"));
  config.create_topics = {"a:1:1", "b:1:1", "a:1:1"};
  CAF_CHECK(!complains_about(config, "kafka.create_topics"));
  CAF_CHECK_EQUAL(parse_topic_specs(config.create_topics)->size(), 2u);
}
