#define CAF_SUITE caf_metrics

#include "node/telemetry/caf_metrics.hpp"

#include "tests/support/metric_text.hpp"

#include "caf/actor_system.hpp"
#include "caf/actor_system_config.hpp"
#include "caf/scoped_actor.hpp"
#include "caf/stateful_actor.hpp"
#include "caf/telemetry/metric_registry.hpp"
#include "caf/test/dsl.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace node = millrace::node;
namespace tests = millrace::tests;
using tests::metric_text;
using tests::metric_value;

namespace {

struct CountedState {
  static inline const char* name = "counted";
  explicit CountedState(caf::event_based_actor*) {}
};

caf::behavior counted(caf::stateful_actor<CountedState>*) {
  return {[](int number) { return number; }};
}

struct fixture {
  caf::actor_system_config config;

  fixture() {
    config.set("caf.scheduler.max-threads", 1);
    config.set("caf.metrics-filters.actors.includes",
               std::vector<std::string>{"counted"});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(caf_metrics_tests, fixture)

CAF_TEST(actors_and_their_mailboxes_are_shown) {
  caf::actor_system system{config};
  const auto metrics = node::make_caf_metrics(system);
  CAF_CHECK_EQUAL(
    metric_value(*metrics, "caf_system_running_actors").value_or(-1), 0);
  {
    caf::scoped_actor self{system};
    const auto worker = system.spawn(counted);
    self->request(worker, caf::infinite, 7)
      .receive([](int answer) { CAF_CHECK_EQUAL(answer, 7); },
               [](const caf::error&) { CAF_FAIL("no answer"); });
    CAF_CHECK(metric_value(*metrics, "caf_system_running_actors").value_or(0)
              >= 1);
    CAF_CHECK_EQUAL(
      metric_value(*metrics, R"(caf_actor_mailbox_size{name="counted"})")
        .value_or(-1),
      0);
    self->send_exit(worker, caf::exit_reason::user_shutdown);
  }
}

CAF_TEST(histograms_are_cumulative_and_end_in_infinity) {
  caf::actor_system system{config};
  const auto metrics = node::make_caf_metrics(system);
  const std::array<std::int64_t, 2> bounds{{10, 20}};
  auto* histogram = system.metrics().histogram_singleton(
    "test.part", "wait-time", bounds, "Waiting.", "seconds");
  for (const std::int64_t value : {5, 15, 15, 100}) {
    histogram->observe(value);
  }
  const std::string name = "test_part_wait_time_seconds";
  const auto value = [&](const std::string& series) {
    return metric_value(*metrics, name + series).value_or(-1);
  };
  CAF_CHECK_EQUAL(value(R"(_bucket{le="10"})"), 1);
  CAF_CHECK_EQUAL(value(R"(_bucket{le="20"})"), 3);
  CAF_CHECK_EQUAL(value(R"(_bucket{le="+Inf"})"), 4);
  CAF_CHECK_EQUAL(value("_count"), 4);
  CAF_CHECK_EQUAL(value("_sum"), 135);
  CAF_CHECK(metric_text(*metrics).find("# HELP " + name + " Waiting.")
            != std::string::npos);
}

CAF_TEST(sums_end_in_total_and_labels_are_kept) {
  caf::actor_system system{config};
  const auto metrics = node::make_caf_metrics(system);
  auto* family = system.metrics().counter_family(
    "test.part", "lost", {"peer-name"}, "Lost.", "bytes", true);
  family->get_or_add({{"peer-name", "a"}})->inc(3);
  family->get_or_add({{"peer-name", "b"}})->inc(4);
  CAF_CHECK_EQUAL(
    metric_value(*metrics, R"(test_part_lost_bytes_total{peer_name="a"})")
      .value_or(-1),
    3);
  CAF_CHECK_EQUAL(
    metric_value(*metrics, R"(test_part_lost_bytes_total{peer_name="b"})")
      .value_or(-1),
    4);
}

CAF_TEST_FIXTURE_SCOPE_END()
