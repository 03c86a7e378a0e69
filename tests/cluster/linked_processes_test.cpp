#define CAF_SUITE linked_processes

#include "caf/test/dsl.hpp"

#include "tests/adapters/links/certificate_folder.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/node_process.hpp"

#include <boost/json/array.hpp>

#include <chrono>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tests;
using namespace std::chrono_literals;

namespace {

/// Whole nodes on one machine that link over TLS; nobody answers for Kafka.
struct Fixture {
  CertificateFolder folder{{"a", "b", "c"}};
  std::map<std::string, std::uint16_t> ports{
    {"a", free_port()}, {"b", free_port()}, {"c", free_port()}};

  std::unique_ptr<NodeProcess> start(const std::string& name,
                                     std::vector<std::string> settings = {}) {
    std::string peers;
    for (const auto& [each, port] : ports)
      peers.append(peers.empty() ? "" : ",")
        .append("127.0.0.1:" + std::to_string(port));
    const std::vector<std::string> own{
      "node.name=" + name,
      "link.enabled=true",
      "detection.state=topic",
      "link.listen=127.0.0.1:" + std::to_string(ports.at(name)),
      "link.peers=" + peers,
      "link.ca_file=" + folder.file("ca.crt"),
      "link.certificate_file=" + folder.file(name + ".crt"),
      "link.key_file=" + folder.file(name + ".key")};
    settings.insert(settings.begin(), own.begin(), own.end());
    return std::make_unique<NodeProcess>("127.0.0.1:1", settings);
  }

  /// The names of those that a node is linked with, as its status has it.
  static std::set<std::string> linked(NodeProcess& node) {
    std::set<std::string> names;
    const auto links = node.status_of("links");
    if (const auto* nodes = links.if_contains("nodes"))
      for (const auto& each : nodes->as_array())
        names.emplace(each.as_object().at("name").as_string());
    return names;
  }

  /// Orderly, and without a complaint of a sanitizer.
  static bool stops(NodeProcess& node) {
    const auto code = node.stop();
    if (code != 0)
      CAF_MESSAGE("exit code " << code << "\n" << node.log());
    return code == 0;
  }

  static bool comes_to(NodeProcess& node, const std::set<std::string>& names,
                       std::chrono::milliseconds limit = 30s) {
    return eventually(limit, [&] { return linked(node) == names; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(linked_processes_tests, Fixture)

CAF_TEST(three_nodes_link_and_notice_who_was_killed_or_frozen) {
  auto a = start("a");
  auto b = start("b");
  auto c = start("c");
  CAF_REQUIRE(comes_to(*a, {"b", "c"}));
  CAF_CHECK(comes_to(*b, {"a", "c"}));
  CAF_CHECK(comes_to(*c, {"a", "b"}));

  c->send_signal(SIGKILL);
  CAF_CHECK(comes_to(*a, {"b"}, 2'500ms));
  CAF_CHECK(comes_to(*b, {"a"}, 2'500ms));

  // A frozen one holds its socket and says nothing. What follows is measured
  // from outside, with the time that the status takes.
  b->send_signal(SIGSTOP);
  CAF_CHECK(comes_to(*a, {}, 3'000ms));
  b->send_signal(SIGCONT);
  CAF_CHECK(comes_to(*a, {"b"}));

  c = start("c");
  CAF_CHECK(comes_to(*a, {"b", "c"}));
  CAF_CHECK(stops(*a));
  CAF_CHECK(comes_to(*b, {"c"}, 2'500ms));
  CAF_CHECK(stops(*b));
  CAF_CHECK(stops(*c));
}

CAF_TEST(nodes_whose_settings_differ_do_not_link_and_say_which) {
  auto a = start("a");
  auto b = start("b", {"detection.velocity_limit=77"});
  const auto says = [](NodeProcess& node) {
    return eventually(30s, [&node] {
      return node.log().find("detection.velocity_limit") != std::string::npos;
    });
  };
  CAF_CHECK(says(*a));
  CAF_CHECK(says(*b));
  CAF_CHECK(linked(*a).empty());
}

CAF_TEST(a_fault_in_the_tls_files_is_a_refusal_to_start) {
  auto a = start("a", {"link.key_file=" + folder.file("b.key")});
  CAF_CHECK_EQUAL(a->wait(30s), 3);
  CAF_CHECK(a->log().find("is not the key of") != std::string::npos);
  auto b = start("b", {"link.listen=0.0.0.0:0", "link.ca_file=",
                       "link.certificate_file=", "link.key_file="});
  CAF_CHECK_EQUAL(b->wait(30s), 3);
  CAF_CHECK(b->log().find("only this machine may be listened to")
            != std::string::npos);
}

CAF_TEST(a_port_that_is_taken_is_a_refusal_to_start) {
  auto a = start("a");
  CAF_REQUIRE(eventually(30s, [&] { return a->http_code("/status") == 200; }));
  ports["b"] = ports["a"];
  auto b = start("b");
  CAF_CHECK_EQUAL(b->wait(30s), 5);
  CAF_CHECK(b->log().find("cannot listen on 127.0.0.1") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
