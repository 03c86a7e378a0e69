#define CAF_SUITE workers

#include "caf/test/dsl.hpp"

#include "tests/adapters/links/certificate_folder.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// Whole processes: nodes that read and write, and workers that compute for
/// them, linked by mutual TLS on one machine.
using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;
using logic::verification::Guarantee;

namespace {

struct Fixture : KafkaFixture {
  CertificateFolder folder{{"i1", "i2", "w1", "w2", "w3"}};
  std::map<std::string, std::uint16_t> ports{{"i1", free_port()},
                                             {"i2", free_port()},
                                             {"w1", free_port()},
                                             {"w2", free_port()},
                                             {"w3", free_port()}};

  std::unique_ptr<NodeProcess>
  start(const std::string& name, const std::string& role,
        const std::vector<std::string>& settings = {}) {
    std::string peers;
    for (const auto& [each, port] : ports)
      peers.append(peers.empty() ? "" : ",")
        .append("127.0.0.1:" + std::to_string(port));
    std::vector<std::string> all{
      "node.name=" + name, "node.role=" + role, "link.enabled=true",
      "link.listen=127.0.0.1:" + std::to_string(ports.at(name)),
      "link.peers=" + peers, "link.ca_file=" + folder.file("ca.crt"),
      "link.certificate_file=" + folder.file(name + ".crt"),
      "link.key_file=" + folder.file(name + ".key"), "flow.workers=2",
      // Small, so that there are many of them.
      "flow.batch_max_records=100"};
    all.insert(all.end(), settings.begin(), settings.end());
    // A worker has nobody to ask there.
    return std::make_unique<NodeProcess>(
      role == "worker" ? "127.0.0.1:1" : kafka.bootstrap_servers, all);
  }

  static bool is_ready(NodeProcess& node) {
    return eventually(40s,
                      [&] { return node.http_code("/health/ready") == 200; });
  }

  /// What a worker did in its life.
  static std::uint64_t done_by(NodeProcess& worker) {
    const auto host = worker.status_of("lane_host");
    return host.empty() ? 0
                        : host.at("records_done").to_number<std::uint64_t>();
  }

  /// How many workers the node has.
  static std::size_t workers_of(NodeProcess& node) {
    const auto remote = node.status_of("remote_lanes");
    return remote.empty() ? 0 : remote.at("lanes").as_array().size();
  }

  static bool has_workers(NodeProcess& node, std::size_t count,
                          std::chrono::milliseconds limit = 40s) {
    return eventually(limit, [&] { return workers_of(node) == count; });
  }

  bool more_done_by(NodeProcess& worker) {
    const auto before = done_by(worker);
    return eventually(40s, [&] { return done_by(worker) > before; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(workers_tests, Fixture)

CAF_TEST(two_workers_do_the_work_of_an_ingest_node) {
  auto ingest = start("i1", "ingest");
  auto first = start("w1", "worker");
  auto second = start("w2", "worker");
  CAF_REQUIRE(has_workers(*ingest, 2));
  CAF_CHECK(is_ready(*ingest));
  CAF_CHECK(is_ready(*first));
  generate(20'000);
  CAF_CHECK(all_settled(*ingest));
  const auto one = done_by(*first);
  const auto other = done_by(*second);
  CAF_MESSAGE("done by workers: " << one << " and " << other);
  CAF_CHECK_EQUAL(one + other, written);
  CAF_CHECK_GREATER(one, written / 10);
  CAF_CHECK_GREATER(other, written / 10);
  CAF_CHECK_EQUAL(first->stop(), 0);
  CAF_CHECK_EQUAL(ingest->stop(), 0);
  CAF_CHECK_EQUAL(second->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(without_a_worker_the_node_computes_and_a_worker_without_it_waits) {
  auto ingest = start("i1", "ingest");
  generate(2'000);
  CAF_CHECK(all_settled(*ingest));
  auto worker = start("w1", "worker");
  CAF_REQUIRE(has_workers(*ingest, 1));
  CAF_CHECK(is_ready(*worker));
  CAF_CHECK_EQUAL(ingest->stop(), 0);
  CAF_CHECK(
    eventually(10s, [&] { return worker->http_code("/health/ready") == 503; }));
  ingest = start("i1", "ingest");
  CAF_REQUIRE(has_workers(*ingest, 1));
  generate(2'000, 0.05, 2);
  CAF_CHECK(eventually(60s, [&] { return done_by(*worker) == 2'000; }));
  CAF_CHECK(all_ended());
  CAF_CHECK_EQUAL(ingest->stop(), 0);
  CAF_CHECK_EQUAL(worker->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_worker_that_is_killed_and_one_that_is_frozen_cost_nothing) {
  auto ingest = start("i1", "ingest");
  auto first = start("w1", "worker");
  auto second = start("w2", "worker");
  CAF_REQUIRE(has_workers(*ingest, 2));
  generate(30'000);
  CAF_REQUIRE(more_done_by(*first));
  first->send_signal(SIGKILL);
  CAF_CHECK(has_workers(*ingest, 1, 2'500ms));
  CAF_CHECK(more_done_by(*second));
  first = start("w1", "worker");
  CAF_CHECK(has_workers(*ingest, 2));
  generate(30'000, 0.05, 2);
  CAF_CHECK(more_done_by(*first));
  second->send_signal(SIGSTOP);
  CAF_CHECK(has_workers(*ingest, 1, 3'500ms));
  CAF_CHECK(all_settled(*ingest));
  // What it still says when it wakes is of no interest.
  second->send_signal(SIGCONT);
  CAF_CHECK(has_workers(*ingest, 2));
  generate(10'000, 0.05, 3);
  CAF_CHECK(more_done_by(*second));
  CAF_CHECK(all_settled(*ingest));
  CAF_CHECK_EQUAL(ingest->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_record_that_kills_processes_ends_few_workers) {
  const TemporaryFolder journal;
  const std::vector<std::string> settings{
    "fault_injection.enabled=true",
    "fault_injection.orders=die enricher KILLER"};
  auto with_journal = settings;
  with_journal.push_back("delivery.crash_journal=" + (journal / "journal"));
  std::map<std::string, std::unique_ptr<NodeProcess>> workers;
  int deaths = 0;
  // As whoever runs them does.
  const auto start_workers = [&] {
    for (const auto* name : {"w1", "w2", "w3"})
      if (auto& worker = workers[name]; !worker || !worker->alive()) {
        deaths += worker ? 1 : 0;
        worker = start(name, "worker", settings);
      }
  };
  generate(300);
  write({R"({"user_id":"KILLER","app_version":"1","device_type":"x"})"});
  generate(300, 0.05, 2);
  std::unique_ptr<NodeProcess> ingest;
  bool ended = false;
  for (int lives = 0; lives != 15 && !ended; ++lives) {
    start_workers();
    ingest = start("i1", "ingest", with_journal);
    CAF_CHECK(eventually(
      60s,
      [&] {
        return !ingest->alive()
               || judge(Guarantee::at_least_once).total.lost == 0;
      },
      500ms));
    ended = ingest->alive();
  }
  start_workers();
  CAF_CHECK(ended);
  CAF_MESSAGE("workers that died: " << deaths);
  // Two in each life of the reading node until its journal suspects the record.
  CAF_CHECK(deaths <= 4);
  CAF_CHECK_EQUAL(ingest->stop(), 0);
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST(two_ingest_nodes_share_a_worker) {
  auto one = start("i1", "ingest");
  auto other = start("i2", "ingest");
  auto worker = start("w1", "worker");
  CAF_REQUIRE(has_workers(*one, 1));
  CAF_REQUIRE(has_workers(*other, 1));
  CAF_REQUIRE(eventually(40s, [&] {
    return one->held_partitions() == 2 && other->held_partitions() == 2;
  }));
  generate(30'000);
  CAF_CHECK(eventually(
    60s, [&] { return one->finished() + other->finished() >= written; }));
  const auto host = worker->status_of("lane_host");
  CAF_REQUIRE(!host.empty());
  const auto& askers = host.at("askers").as_array();
  CAF_REQUIRE_EQUAL(askers.size(), 2u);
  CAF_CHECK_EQUAL(askers[0].at("granted_bytes"), askers[1].at("granted_bytes"));
  for (const auto& asker : askers)
    CAF_CHECK_GREATER(asker.at("batches_done").to_number<std::uint64_t>(), 90u);
  CAF_CHECK_EQUAL(done_by(*worker), written);
  CAF_CHECK_EQUAL(one->stop(), 0);
  CAF_CHECK_EQUAL(other->stop(), 0);
  CAF_CHECK(proven(Guarantee::exactly_once));
}

CAF_TEST(a_worker_without_links_or_with_other_outputs_is_refused) {
  auto alone = start("w1", "worker", {"link.enabled=false"});
  CAF_CHECK_EQUAL(alone->wait(30s), 3);
  CAF_CHECK(alone->log().find("a worker gets its work over links")
            != std::string::npos);
  auto ingest = start("i1", "ingest");
  auto worker = start("w1", "worker", {"output.member_prefix=x_"});
  CAF_CHECK(eventually(30s, [&] {
    return worker->log().find("output.member_prefix") != std::string::npos;
  }));
  CAF_CHECK_EQUAL(workers_of(*ingest), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
