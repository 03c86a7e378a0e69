#define CAF_SUITE history

// What is known of users outlives the process.

#include "adapters/kafka/topic_reader.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;
using tests::eventually;
using tests::NodeProcess;

namespace {

struct HistoryFixture : tests::KafkaFixture {
  const tests::TemporaryFolder folder;
  const std::vector<std::string> settings{
    "detection.state=file", "detection.state_path=" + folder.path(),
    "detection.snapshot_interval=200ms"};

  /// So many logins within a second.
  void log_in(const std::string& user, int times) {
    write(std::vector<std::string>(
      static_cast<std::size_t>(times),
      R"({"user_id":")" + user + R"(","app_version":"2.3.0",)"
        + R"("ip":"10.0.0.1","device_id":"d","device_type":"iOS",)"
        + R"("timestamp":1763700000,"login_status":"success"})"));
  }

  bool settled(NodeProcess& node, std::uint64_t records) {
    return eventually(40s, [&] { return node.finished() == records; });
  }

  /// Waits until each shard was saved since now.
  bool saved() {
    const auto now = std::filesystem::file_time_type::clock::now();
    return eventually(20s, [&] {
      return std::ranges::all_of(
        std::filesystem::directory_iterator{folder.path()},
        [&](const auto& file) {
          return file.path().extension() != ".log"
                 || file.last_write_time() > now;
        });
    });
  }

  struct Told {
    std::size_t bursts = 0;
    std::size_t unjudged = 0;
  };

  Told told() {
    auto reader = adapters::kafka::TopicReader::open(kafka);
    CAF_REQUIRE(reader);
    const auto extent = (*reader)->extent(kafka.output_topic, 5s);
    CAF_REQUIRE(extent);
    Told told;
    const auto read = (*reader)->read(
      kafka.output_topic, *extent,
      [&](logic::PartitionId, const logic::RecordView& record) {
        const auto value = record.value.value_or("");
        told.bursts += value.find(R"("rule":"velocity")") != value.npos;
        told.unjudged += value.find(R"("judged":false)") != value.npos;
        return true;
      },
      5s);
    CAF_REQUIRE(read);
    return told;
  }
};

bool says(const NodeProcess& node, std::string_view words) {
  return node.log().find(words) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(history_tests, HistoryFixture)

CAF_TEST(a_burst_that_spans_a_restart_is_seen) {
  {
    NodeProcess node{kafka.bootstrap_servers, settings};
    log_in("hasty", 8);
    CAF_CHECK(settled(node, 8));
    CAF_CHECK_EQUAL(node.stop(), 0);
    CAF_CHECK_EQUAL(told().bursts, 0u);
  }
  NodeProcess node{kafka.bootstrap_servers, settings};
  log_in("hasty", 8);
  CAF_CHECK(settled(node, 8));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK(says(node, "history of users and addresses is here"));
  CAF_CHECK_EQUAL(told().bursts, 6u);
  CAF_CHECK_EQUAL(told().unjudged, 0u);
}

CAF_TEST(a_burst_that_spans_a_death_is_seen) {
  {
    NodeProcess node{kafka.bootstrap_servers, settings};
    log_in("hasty", 8);
    CAF_CHECK(settled(node, 8));
    CAF_CHECK(saved());
    CAF_CHECK(saved());
    node.send_signal(SIGKILL);
    CAF_CHECK_EQUAL(node.wait(10s), -SIGKILL);
  }
  NodeProcess node{kafka.bootstrap_servers, settings};
  log_in("hasty", 8);
  CAF_CHECK(eventually(40s, [&] { return node.finished() >= 8; }));
  CAF_CHECK_EQUAL(node.stop(), 0);
  CAF_CHECK_EQUAL(told().bursts, 6u);
  CAF_CHECK(proven(logic::verification::Guarantee::at_least_once));
}

CAF_TEST(a_folder_that_will_not_do_is_refused_at_the_start) {
  NodeProcess first{kafka.bootstrap_servers, settings};
  CAF_CHECK(eventually(30s, [&] { return first.held_partitions() != 0; }));
  NodeProcess second{kafka.bootstrap_servers, settings};
  CAF_CHECK_EQUAL(second.wait(20s), 5);
  CAF_CHECK(says(second, "another node has it open"));
  CAF_CHECK_EQUAL(first.stop(), 0);
  NodeProcess lost{
    kafka.bootstrap_servers,
    {"detection.state=file", "detection.state_path=" + (folder / "absent")}};
  CAF_CHECK_EQUAL(lost.wait(20s), 5);
  CAF_CHECK(says(lost, "the folder must exist"));
}

CAF_TEST_FIXTURE_SCOPE_END()
