#define CAF_SUITE lives

// A record that kills the process, over the lives of a node that the outside
// starts again and again.

#include "tests/support/eventually.hpp"
#include "tests/support/node_process.hpp"
#include "tests/support/temporary_folder.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;
using logic::verification::Guarantee;
using tests::eventually;
using tests::NodeProcess;

CAF_TEST_FIXTURE_SCOPE(lives_tests, tests::KafkaFixture)

CAF_TEST(a_record_that_kills_the_process_is_found_over_its_lives) {
  const tests::TemporaryFolder folder;
  const auto journal = folder / "journal";
  generate(300);
  write({R"({"user_id":"KILLER","app_version":"1","device_type":"x"})"});
  generate(300, 0.05, 2);
  // The shell loop of every supervisor outside: start it again.
  int lives = 0;
  bool ended = false;
  for (; lives != 30 && !ended; ++lives) {
    NodeProcess node{kafka.bootstrap_servers,
                     {"delivery.crash_journal=" + journal,
                      "fault_injection.enabled=true",
                      "fault_injection.orders=die enricher KILLER"}};
    eventually(40s, [&] { return !node.alive() || node.finished() > 600; });
    ended = node.alive();
    if (ended)
      CAF_CHECK_EQUAL(node.stop(), 0);
  }
  CAF_MESSAGE("lives: " << lives);
  CAF_CHECK(ended);
  CAF_CHECK(lives <= 2 + 10 + 2 + 1);
  CAF_CHECK(all_ended());
  CAF_CHECK(proven(Guarantee::at_least_once));
}

CAF_TEST_FIXTURE_SCOPE_END()
