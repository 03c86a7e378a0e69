#define CAF_SUITE faulty_source

#include "adapters/faults/faulty_source.hpp"
#include "tests/simulation/simulated_kafka.hpp"

#include "caf/test/dsl.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using namespace millrace::adapters::faults;
using namespace millrace::tests;
using namespace std::chrono_literals;
using Kind = ClientEvent::Kind;

namespace {

/// A source that writes down how it was called.
struct LoggingSource final : RecordSource {
  explicit LoggingSource(std::vector<std::string>& log) : calls(log) {}
  void on_ready(std::function<void()>) override { calls.push_back("ready"); }
  std::vector<ClientEvent> take_events() override {
    calls.push_back("events");
    return {{Kind::recovered, {}, {}}};
  }
  RecordBatchPtr
  take_batch(const BatchLimits& limits,
             const std::function<bool(PartitionId)>& accepts) override {
    calls.push_back("batch " + std::to_string(limits.max_records)
                    + (accepts(PartitionId{3}) ? " accepted" : " refused"));
    return nullptr;
  }
  void release(std::span<const PartitionEpoch> partitions) override {
    calls.push_back("release " + std::to_string(partitions.size()));
  }
  Result<void> commit(std::span<const PartitionOffset> offsets,
                      std::chrono::milliseconds wait) override {
    calls.push_back("commit " + std::to_string(offsets.size()) + " "
                    + std::to_string(wait.count()));
    return Error{ErrorCode::fenced, "as it is"};
  }
  std::vector<PartitionLag> high_watermarks() override {
    return {{PartitionId{3}, Offset{9}}};
  }
  bool places_known() const override { return false; }
  bool close(std::chrono::milliseconds deadline) override {
    calls.push_back("close " + std::to_string(deadline.count()));
    return true;
  }
  std::vector<std::string>& calls;
};

} // namespace

CAF_TEST(without_orders_a_source_is_called_as_it_would_be) {
  std::vector<std::string> calls;
  const auto source = make_faulty_source(std::make_unique<LoggingSource>(calls),
                                         std::make_shared<ClientFaults>());
  source->on_ready([] {});
  CAF_CHECK(!source->places_known());
  CAF_CHECK_EQUAL(source->take_events().size(), 1u);
  BatchLimits limits;
  limits.max_records = 5;
  CAF_CHECK(source->take_batch(limits, [](PartitionId partition) {
    return partition == PartitionId{3};
  }) == nullptr);
  const std::array<PartitionEpoch, 2> held{};
  source->release(held);
  const std::array<PartitionOffset, 3> offsets{};
  CAF_CHECK_EQUAL(source->commit(offsets, 5ms).error().text, "as it is");
  CAF_CHECK_EQUAL(source->high_watermarks().at(0).high_watermark.value, 9);
  source->close(77ms);
  const std::vector<std::string> expected{
    "ready",     "events",     "batch 5 accepted",
    "release 2", "commit 3 5", "close 77"};
  CAF_CHECK_EQUAL(calls, expected);
}

CAF_TEST(commits_that_fail_do_so_as_a_waiting_owner_would_learn_it) {
  const auto client_faults = std::make_shared<ClientFaults>();
  const auto script = std::make_shared<SourceScript>();
  const auto source = make_faulty_source(
    std::make_unique<SimulatedSource>(script), client_faults);
  int wakes = 0;
  source->on_ready([&wakes] { ++wakes; });
  source->take_events();
  wakes = 0;
  const std::array<PartitionOffset, 1> offsets{};
  client_faults->fail_commits(2);
  const auto waited = source->commit(offsets, 1ms);
  CAF_REQUIRE(!waited);
  CAF_CHECK(waited.error().code == ErrorCode::unavailable);
  CAF_CHECK_EQUAL(waited.error().text, "fault on purpose: commit failed");
  CAF_CHECK_EQUAL(wakes, 0);
  CAF_CHECK(source->commit(offsets, 0ms).has_value());
  CAF_CHECK_EQUAL(wakes, 1);
  CAF_CHECK(script->commits.empty());
  script->events.push_back({Kind::revoked, {}, {}});
  const auto events = source->take_events();
  CAF_REQUIRE_EQUAL(events.size(), 2u);
  CAF_CHECK(events[0].kind == Kind::uncommitted);
  CAF_CHECK(events[0].error == waited.error());
  CAF_CHECK(events[1].kind == Kind::revoked);
  CAF_CHECK(source->take_events().empty());
  CAF_CHECK(source->commit(offsets, 0ms).has_value());
  CAF_CHECK_EQUAL(script->commits.size(), 1u);
}

CAF_TEST(a_source_wakes_its_owner_again_after_either_look) {
  const auto script = std::make_shared<SourceScript>();
  const auto source = make_faulty_source(
    std::make_unique<SimulatedSource>(script),
    std::make_shared<ClientFaults>());
  int wakes = 0;
  source->on_ready([&wakes] { ++wakes; });
  script->wake();
  CAF_CHECK_EQUAL(wakes, 1);
  source->take_events();
  script->wake();
  script->wake();
  CAF_CHECK_EQUAL(wakes, 2);
  source->take_batch({}, [](PartitionId) { return true; });
  script->wake();
  CAF_CHECK_EQUAL(wakes, 3);
}

CAF_TEST(a_source_that_is_closed_or_gone_wakes_nobody) {
  for (const bool closed : {true, false}) {
    const auto script = std::make_shared<SourceScript>();
    auto source = make_faulty_source(std::make_unique<SimulatedSource>(script),
                                     std::make_shared<ClientFaults>());
    int wakes = 0;
    source->on_ready([&wakes] { ++wakes; });
    source->take_events();
    wakes = 0;
    if (closed)
      source->close(1ms);
    else
      source.reset();
    script->wake();
    CAF_CHECK_EQUAL(wakes, 0);
  }
}

CAF_TEST(a_closed_source_fails_no_commits_on_purpose) {
  std::vector<std::string> calls;
  const auto client_faults = std::make_shared<ClientFaults>();
  const auto source = make_faulty_source(std::make_unique<LoggingSource>(calls),
                                         client_faults);
  client_faults->fail_commits(2);
  CAF_CHECK(source->commit({}, 0ms).has_value());
  source->close(1ms);
  CAF_CHECK(source->commit({}, 0ms).error().code == ErrorCode::fenced);
  source->on_ready([] { CAF_FAIL("woken"); });
  const auto events = source->take_events();
  CAF_REQUIRE_EQUAL(events.size(), 2u);
  CAF_CHECK(events[0].kind == Kind::uncommitted);
  CAF_CHECK(client_faults->failing_commits().any());
}
