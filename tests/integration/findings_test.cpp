#define CAF_SUITE findings

#include "adapters/geoip/demo_database.hpp"
#include "adapters/kafka/topic_reader.hpp"
#include "logic/geo/demo_cities.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::eventually;
using tests::NodeProcess;

namespace {

constexpr std::int64_t noon_s = 1'763'700'000;

struct Login {
  std::string user;
  std::string address;
  std::int64_t at_s = noon_s;
  std::string status = "success";
};

std::string text_of(const Login& login) {
  return R"({"user_id":")" + login.user + R"(","app_version":"2.3.0","ip":")"
         + login.address + R"(","device_id":"d","device_type":"iOS",)"
         + R"("timestamp":)" + std::to_string(login.at_s)
         + R"(,"login_status":")" + login.status + "\"}";
}

std::string home_address() {
  return to_string(logic::geo::demo_address(logic::geo::demo_cities()[0], 1));
}

/// An ocean away from home.
std::string far_address() {
  for (const auto& city : logic::geo::demo_cities())
    if (city.country == "US")
      return to_string(logic::geo::demo_address(city, 1));
  return {};
}

struct FindingsFixture : tests::KafkaFixture {
  void send(const std::vector<Login>& logins) {
    std::vector<std::string> values;
    for (const auto& login : logins)
      values.push_back(text_of(login));
    write(values);
  }

  /// The member `anomaly` of all outputs of users with that prefix.
  std::vector<boost::json::object> anomalies(std::string_view prefix) {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(kafka.output_topic, 5s);
    CAF_REQUIRE(extent);
    std::vector<boost::json::object> found;
    const auto read = (*reader)->read(
      kafka.output_topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        const auto value = record.value.value_or("");
        const auto event = boost::json::parse(boost::json::string_view{
                                                value.data(), value.size()})
                             .as_object();
        const auto& user = event.at("user_id").as_string();
        if (std::string_view{user.data(), user.size()}.starts_with(prefix))
          found.push_back(event.at("anomaly").as_object());
        return true;
      },
      5s);
    CAF_REQUIRE(read);
    return found;
  }
};

bool told(const boost::json::object& anomaly, std::string_view rule,
          std::string_view severity) {
  const auto* findings = anomaly.if_contains("findings");
  if (findings == nullptr)
    return false;
  for (const auto& finding : findings->as_array())
    if (finding.at("rule").as_string() == rule
        && finding.at("severity").as_string() == severity)
      return true;
  return false;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(findings_tests, FindingsFixture)

CAF_TEST(a_spray_over_many_users_is_seen_by_all_shards_together) {
  std::vector<Login> logins;
  for (int i = 0; i != 200; ++i)
    logins.push_back(
      {"victim-" + std::to_string(i), "203.0.113.77", noon_s + i, "failed"});
  for (int i = 0; i != 60; ++i)
    logins.push_back(
      {"forced", "10.0.0." + std::to_string(i), noon_s + 20 * i, "failed"});
  send(logins);
  NodeProcess node{kafka.bootstrap_servers,
                   {"flow.workers=3", "log.level=debug"}};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  std::size_t sprayed = 0;
  for (const auto& anomaly : anomalies("victim-"))
    if (told(anomaly, "password_spray", "medium")) {
      ++sprayed;
      CAF_CHECK(anomaly.at("anomalous").as_bool());
      CAF_CHECK(anomaly.at("findings").at(0).at("users").as_int64() >= 20);
    }
  CAF_MESSAGE(sprayed << " of the spray are told");
  CAF_CHECK(sprayed >= 170 && sprayed <= 181);
  std::size_t forced = 0;
  for (const auto& anomaly : anomalies("forced"))
    forced += told(anomaly, "brute_force", "medium") ? 1 : 0;
  CAF_CHECK_EQUAL(forced, 51u);
  const auto log = node.log();
  CAF_CHECK(log.find("unusual login") != std::string::npos);
  for (const auto* personal : {"victim-", "forced", "203.0.113.77"})
    CAF_CHECK(log.find(personal) == std::string::npos);
}

CAF_TEST(a_login_dated_ahead_hides_nothing) {
  const auto now_s = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  // The first is valid by max_future_skew.
  std::vector<Login> logins{
    {"forced", "203.0.113.77", now_s + 23 * 3600, "failed"}};
  for (int i = 1; i != 60; ++i)
    logins.push_back(
      {"forced", "203.0.113.77", now_s - 1200 + 20 * i, "failed"});
  send(logins);
  NodeProcess node{kafka.bootstrap_servers};
  CAF_CHECK(all_settled(node));
  CAF_CHECK_EQUAL(node.stop(), 0);
  std::size_t forced = 0;
  for (const auto& anomaly : anomalies("forced"))
    forced += told(anomaly, "brute_force", "medium") ? 1 : 0;
  CAF_CHECK(forced >= 40);
}

CAF_TEST(quiet_networks_are_read_again_while_the_node_runs) {
  const tests::TemporaryFolder folder;
  const auto database = folder.path() + "/demo.mmdb";
  const auto list = folder.path() + "/quiet.txt";
  CAF_REQUIRE(adapters::geoip::write_demo_database(database));
  std::ofstream{list} << "# none yet\n";
  NodeProcess node{
    kafka.bootstrap_servers,
    {"geoip.files=" + database, "detection.quiet_networks=" + list}};
  const auto travel = [&](const std::string& user) {
    send({{user, home_address(), noon_s, "success"}});
    CAF_CHECK(all_settled(node));
    send({{user, far_address(), noon_s + 60, "success"}});
    CAF_CHECK(all_settled(node));
    std::vector<boost::json::object> found;
    for (const auto& anomaly : anomalies(user))
      if (anomaly.contains("rules"))
        found.push_back(anomaly);
    CAF_REQUIRE_EQUAL(found.size(), 1u);
    return found.front();
  };
  const auto loud = travel("first-user");
  CAF_CHECK(told(loud, "impossible_travel", "medium"));
  CAF_CHECK(loud.at("anomalous").as_bool());
  const auto& evidence = loud.at("findings").at(0);
  CAF_CHECK(evidence.at("distance_km").to_number<double>() > 4000);
  CAF_CHECK_EQUAL(evidence.at("minutes").to_number<double>(), 1.0);
  CAF_CHECK(evidence.at("to").at("country").as_string() == "US");
  {
    std::ofstream{list + ".new"} << far_address() << "/32\n";
    CAF_REQUIRE_EQUAL(std::rename((list + ".new").c_str(), list.c_str()), 0);
  }
  CAF_CHECK(eventually(20s, [&] {
    return node.log().find("quiet networks reloaded") != std::string::npos;
  }));
  // A bad line leaves the list in use, and is told with its place.
  folder.write("quiet.txt", "192.0.2.0/24\nno network\n");
  CAF_CHECK(eventually(20s, [&] {
    return node.log().find("cannot be used, keeping the old list")
           != std::string::npos;
  }));
  CAF_CHECK(node.log().find(R"(quiet.txt\": line 2: \"no\" is no network)")
            != std::string::npos);
  CAF_CHECK(node.page("/metrics")
              .find("millrace_quiet_networks_reloads_total{"
                    R"(result="failure"} 1)")
            != std::string::npos);
  const auto quiet = travel("second-user");
  CAF_CHECK(told(quiet, "impossible_travel", "low"));
  CAF_CHECK(!quiet.at("anomalous").as_bool());
  CAF_CHECK_EQUAL(node.stop(), 0);
}

CAF_TEST(nodes_that_nothing_links_say_that_they_are_blind) {
  NodeProcess first{kafka.bootstrap_servers};
  CAF_REQUIRE(eventually(30s, [&] { return first.held_partitions() == 4; }));
  NodeProcess second{kafka.bootstrap_servers};
  const auto is_blind = [](NodeProcess& node) {
    return node.page("/metrics").find("\nmillrace_detection_blind 1\n")
           != std::string::npos;
  };
  CAF_CHECK(eventually(40s, [&] { return is_blind(first); }));
  CAF_CHECK(eventually(40s, [&] { return is_blind(second); }));
  CAF_CHECK(first.log().find("blind to the logins there") != std::string::npos);
  CAF_CHECK_EQUAL(second.stop(), 0);
  CAF_CHECK(eventually(40s, [&] { return !is_blind(first); }));
  CAF_CHECK_EQUAL(first.stop(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
