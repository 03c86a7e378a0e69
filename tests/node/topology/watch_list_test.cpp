#define CAF_SUITE watch_list

#include "tests/simulation/simulated_node.hpp"

#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct Fixture : tests::SimulatedNode {
  Fixture() {
    config.insights.enabled = true;
    config.insights.interval = 1s;
  }

  /// Ten logins, all of the watched version.
  void log_in() {
    arrive(tests::make_batch(std::vector<std::string>(10, tests::login_json()),
                             offset_));
    offset_ += 10;
    pass(1s);
  }

  std::size_t lines() const { return log->count("logins on watched versions"); }

private:
  std::int64_t offset_ = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(watch_list_tests, Fixture)

CAF_TEST(watched_versions_are_named_at_once_and_then_rarely) {
  start();
  for (int i = 0; i != 30; ++i)
    log_in();
  CAF_CHECK_EQUAL(lines(), 1u);
  pass(300s);
  CAF_CHECK_EQUAL(lines(), 2u);
  pass(600s);
  CAF_CHECK_EQUAL(lines(), 2u);
  std::int64_t counted = 0;
  for (const auto& line : log->lines())
    if (line.message == "logins on watched versions")
      counted += std::get<std::int64_t>(line.fields.at("count"));
  CAF_CHECK_EQUAL(counted, 300);
  CAF_CHECK_EQUAL(metric("millrace_watch_list_hits_total"), 300.0);
}

CAF_TEST_FIXTURE_SCOPE_END()
