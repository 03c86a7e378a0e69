#define CAF_SUITE state_topic_refusals

#include "tests/kafka/state_topic_fixture.hpp"
#include "tests/support/eventually.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using adapters::kafka::test::StateOwner;
using tests::StateTopicFixture;

namespace {

struct Fixture : StateTopicFixture {
  void create(std::int32_t count, std::map<std::string, std::string> settings) {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    const adapters::kafka::TopicSpec spec{parameters.topic, count, 1,
                                          std::move(settings)};
    CAF_REQUIRE((*admin)->create({&spec, 1}, 30s));
    CAF_REQUIRE(tests::eventually(
      30s, [&] { return (*admin)->topic(parameters.topic, 10s).has_value(); }));
  }

  logic::Result<std::string> look() {
    auto admin = adapters::kafka::TopicAdmin::open(kafka);
    CAF_REQUIRE(admin);
    return look_at_state_topic(**admin, parameters, 10s);
  }

  /// A check and a node say so, and it takes no shard.
  void is_refused(const std::string& what, const std::string& remedy,
                  bool check_tells = true) {
    const auto checked = look();
    CAF_CHECK_EQUAL(checked.has_value(), !check_tells);
    if (!checked && check_tells) {
      CAF_CHECK_NOT_EQUAL(checked.error().text.find(what), std::string::npos);
      CAF_CHECK_NOT_EQUAL(checked.error().text.find(remedy), std::string::npos);
    }
    auto& node = open();
    CAF_CHECK(nodes.wait_until([&] { return node.says(what); }));
    CAF_CHECK(node.says(remedy));
    CAF_CHECK(node.says(parameters.topic));
    CAF_CHECK(node.troubled);
    CAF_CHECK_EQUAL(node.assigned, 0);
    for (const auto& trouble : node.troubles)
      CAF_MESSAGE(trouble.text);
  }

  /// By the listener that asks for names and checks rights.
  void come_by_sasl() {
    kafka.bootstrap_servers = broker().sasl_ssl();
    kafka.security_protocol = "sasl_ssl";
    kafka.sasl_mechanism = "SCRAM-SHA-512";
    kafka.sasl_username = "millrace";
    kafka.sasl_password = broker().password();
    kafka.ssl_ca_file = broker().file("ca.pem");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(state_topic_refusal_tests, Fixture)

CAF_TEST(a_topic_that_is_not_compacted_is_refused) {
  create(32, {});
  is_refused("its cleanup.policy is not compact",
             "kafka-configs --alter --entity-type topics --entity-name "
               + parameters.topic + " --add-config cleanup.policy=compact");
}

CAF_TEST(a_topic_of_too_few_or_too_many_partitions_is_refused) {
  create(31, {{"cleanup.policy", "compact"}});
  is_refused("has 31 partitions and detection.shards is 32",
             "kafka-topics --alter --topic " + parameters.topic
               + " --partitions 32");
  parameters.shards = 16;
  is_refused("has 31 partitions and detection.shards is 16",
             "set detection.shards to 31");
}

CAF_TEST(a_topic_whose_records_are_too_small_for_a_page_is_refused) {
  create(32, {{"cleanup.policy", "compact"}, {"max.message.bytes", "60000"}});
  is_refused("its max.message.bytes is 60000, a page of state needs 66560",
             "--add-config max.message.bytes=");
}

CAF_TEST(the_largest_records_fit_a_topic_that_just_takes_them) {
  parameters.shards = 1;
  create(1, {{"cleanup.policy", "compact"}, {"max.message.bytes", "66560"}});
  auto& node = open();
  CAF_REQUIRE(all_loaded());
  std::vector<logic::detection::StateRecord> pages;
  for (int page = 0; page != 8; ++page)
    pages.push_back({"page-" + std::to_string(page),
                     std::string(parameters.max_record_bytes - 6, 'x')});
  CAF_CHECK(is_written(node, node.append(0, std::move(pages))));
}

CAF_TEST(a_denied_topic_is_refused_with_the_rights_it_takes) {
  auto& elder = open(); // creates it
  CAF_REQUIRE(all_loaded());
  nodes.close(elder);
  broker().reserve_topic(parameters.topic);
  come_by_sasl();
  parameters.create = false;
  const auto unseen = look();
  CAF_REQUIRE(!unseen);
  CAF_CHECK_NOT_EQUAL(unseen.error().text.find("this user may not see it"),
                      std::string::npos);
  parameters.create = true;
  is_refused("TOPIC_AUTHORIZATION_FAILED",
             "--operation Read --operation Write --operation DescribeConfigs "
             "--topic "
               + parameters.topic,
             false);
  // Somebody does as told: it goes to work without a restart.
  broker().open_topic(parameters.topic);
  CAF_CHECK(all_loaded());
  CAF_CHECK(!nodes.owners.front().troubled);
}

CAF_TEST(a_denied_group_is_refused_with_the_rights_it_takes) {
  broker().reserve_group(parameters.group);
  come_by_sasl();
  is_refused("GROUP_AUTHORIZATION_FAILED",
             "--operation Read --group " + parameters.group, false);
  broker().open_group(parameters.group);
  CAF_CHECK(all_loaded());
  CAF_CHECK(!nodes.owners.front().troubled);
}

CAF_TEST(a_check_tells_what_the_topic_is_like) {
  auto before = look();
  CAF_REQUIRE(before);
  CAF_CHECK_EQUAL(*before, "does not exist yet; will be created at the start");
  open();
  CAF_REQUIRE(all_loaded());
  const auto after = look();
  CAF_REQUIRE(after);
  CAF_CHECK_EQUAL(*after, "32 partitions, max.message.bytes 1048588, "
                          "cleanup.policy compact");
}

CAF_TEST(a_topic_that_is_deleted_at_work_is_created_again) {
  auto& node = open();
  CAF_REQUIRE(all_loaded());
  write_all("1");
  broker().delete_topic(parameters.topic);
  CAF_REQUIRE(nodes.wait_until([&] { return node.shards.empty(); }, 60s));
  CAF_REQUIRE(nodes.wait_until([&] { return nodes.all_loaded(32); }, 60s));
  write_all("2");
  nodes.close(node);
  open();
  CAF_REQUIRE(all_loaded());
  CAF_CHECK_EQUAL(nodes.state(), all("2"));
}

CAF_TEST_FIXTURE_SCOPE_END()
