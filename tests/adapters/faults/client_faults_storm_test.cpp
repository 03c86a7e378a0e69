#define CAF_SUITE client_faults_storm

#include "adapters/faults/faulty_source.hpp"
#include "tests/adapters/faults/client_faults_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

using namespace millrace::adapters::faults;
using namespace millrace::adapters::faults::test;
using namespace std::chrono_literals;

namespace {

/// What a faulty sink is to do, record by record.
struct Model {
  static bool refused_by_broker(std::uint32_t index) { return index % 7 == 0; }

  std::size_t send(const std::vector<OutgoingRecord>& records,
                   std::size_t capacity) {
    std::size_t taken = 0;
    for (const auto& each : records) {
      if (each.destination == Destination::output && failing != 0) {
        --failing;
        failed.push_back(each.token.index);
      } else if (in_flight.size() == capacity) {
        break;
      } else {
        in_flight.push_back(each.token);
      }
      ++taken;
    }
    return taken;
  }

  void expect_reports(bool stalled) {
    delivered.clear();
    Indexes reported;
    if (!stalled)
      for (const auto& token : std::exchange(in_flight, {})) {
        if (refused_by_broker(token.index))
          reported.push_back(token.index);
        else if (losing != 0)
          --losing;
        else
          ++delivered[token.slot];
      }
    for (const auto index : std::exchange(failed, {}))
      reported.push_back(index);
    failed_reports = reported;
  }

  std::uint32_t failing = 0;
  std::uint32_t losing = 0;
  std::vector<SendToken> in_flight;
  Indexes failed;
  Counts delivered;
  Indexes failed_reports;
};

std::uint32_t draw(std::mt19937_64& random, std::uint32_t bound) {
  return static_cast<std::uint32_t>(random() % bound);
}

std::vector<OutgoingRecord> draw_records(std::mt19937_64& random,
                                         std::uint32_t& next) {
  std::vector<OutgoingRecord> records(draw(random, 12));
  for (auto& each : records)
    each = record(next++, static_cast<Destination>(draw(random, 3)),
                  draw(random, 3));
  return records;
}

/// An owner on one thread, woken from others.
class Waker {
public:
  std::function<void()> call() {
    return [this] {
      const std::lock_guard guard{mutex_};
      woken_ = true;
      ready_.notify_one();
    };
  }

  bool wait() {
    std::unique_lock lock{mutex_};
    const bool woken = ready_.wait_for(lock, 20s, [this] { return woken_; });
    woken_ = false;
    return woken;
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
};

} // namespace

CAF_TEST(any_mixture_of_orders_and_records_goes_as_a_plain_model_says) {
  for (std::uint64_t seed = 1; seed != 200; ++seed) {
    std::mt19937_64 random{seed};
    SinkFixture f;
    f.script->stalled = true;
    f.script->capacity = 5 + draw(random, 20);
    f.script->answer = [](const SentRecord& sent) {
      SinkScript::Answer answer;
      answer.delivered = !Model::refused_by_broker(sent.token.index);
      return answer;
    };
    Model model;
    std::uint32_t next = 0;
    for (int step = 0; step != 100; ++step) {
      if (draw(random, 4) == 0) {
        const auto count = 1 + draw(random, 9);
        f.client_faults->fail_deliveries(count);
        model.failing += count;
      }
      if (draw(random, 4) == 0) {
        const auto count = 1 + draw(random, 9);
        f.client_faults->lose_reports(count);
        model.losing += count;
      }
      const auto records = draw_records(random, next);
      CAF_REQUIRE_EQUAL(f.sink->send(records),
                        model.send(records, f.script->capacity));
      CAF_REQUIRE_EQUAL(f.sink->queued_records(),
                        model.in_flight.size() + model.failed.size());
      const bool stalled = draw(random, 2) == 0;
      if (!stalled)
        f.script->resume();
      f.script->stalled = true;
      model.expect_reports(stalled);
      f.look();
      CAF_REQUIRE(counts(f.reports) == model.delivered);
      CAF_REQUIRE_EQUAL(indexes(f.reports.failed), model.failed_reports);
      CAF_REQUIRE_EQUAL(f.sink->queued_records(), model.in_flight.size());
    }
  }
}

CAF_TEST(orders_from_another_thread_are_obeyed_to_the_last) {
  constexpr std::uint32_t orders = 20'000;
  SinkFixture f;
  const auto script = std::make_shared<SourceScript>();
  const auto source = make_faulty_source(
    std::make_unique<SimulatedSource>(script), f.client_faults);
  std::atomic<bool> done{false};
  std::thread others{[&f, &done] {
    for (std::uint32_t count = 0; count != orders; ++count) {
      f.client_faults->fail_deliveries(1);
      f.client_faults->lose_reports(2);
      f.client_faults->fail_commits(1);
    }
    done = true;
  }};
  const std::array<PartitionOffset, 1> offsets{};
  std::uint32_t next = 0;
  std::uint32_t failed = 0;
  std::uint32_t reported = 0;
  std::uint32_t uncommitted = 0;
  std::uint32_t commits = 0;
  while (!done || f.client_faults->failing_deliveries().any()
         || f.client_faults->lost_reports().any()
         || f.client_faults->failing_commits().any()) {
    f.sink->send(outputs(5, next));
    next += 5;
    f.look();
    failed += static_cast<std::uint32_t>(f.reports.failed.size());
    reported += delivered(f.reports);
    for (int count = 0; count != 4; ++count)
      commits += source->commit(offsets, 0ms) ? 1 : 0;
    uncommitted += static_cast<std::uint32_t>(source->take_events().size());
  }
  others.join();
  CAF_CHECK_EQUAL(failed, orders);
  CAF_CHECK_EQUAL(f.script->sent.size(), next - orders);
  CAF_CHECK_EQUAL(reported, next - 3 * orders);
  CAF_CHECK_EQUAL(uncommitted, orders);
  CAF_CHECK_EQUAL(script->commits.size(), commits - orders);
}

CAF_TEST(a_fence_from_another_thread_wakes_an_idle_owner) {
  const auto client_faults = std::make_shared<ClientFaults>();
  for (int round = 0; round != 200; ++round) {
    Waker waker;
    const auto sink = make_faulty_sink(
      std::make_unique<SimulatedSink>(std::make_shared<SinkScript>()),
      client_faults);
    sink->on_ready(waker.call());
    DeliveryReports reports;
    CAF_REQUIRE(waker.wait());
    sink->take_reports(reports);
    CAF_REQUIRE(reports.events.empty());
    std::thread other{[&client_faults] { client_faults->fence_producer(); }};
    const bool woken = waker.wait();
    other.join();
    CAF_REQUIRE(woken);
    sink->take_reports(reports);
    CAF_REQUIRE_EQUAL(reports.events.size(), 1u);
  }
}

CAF_TEST(a_client_that_ends_while_orders_come_wakes_nobody_any_more) {
  const auto client_faults = std::make_shared<ClientFaults>();
  std::atomic<bool> done{false};
  std::thread others{[&client_faults, &done] {
    while (!done)
      client_faults->fence_producer();
  }};
  std::size_t fenced = 0;
  int late = 0;
  for (int round = 0; round != 2'000; ++round) {
    const auto over = std::make_unique<std::atomic<bool>>(false);
    auto sink = make_faulty_sink(
      std::make_unique<SimulatedSink>(std::make_shared<SinkScript>()),
      client_faults);
    sink->on_ready([&late, flag = over.get()] { late += *flag ? 1 : 0; });
    DeliveryReports reports;
    sink->take_reports(reports);
    fenced += reports.events.size();
    if (round % 2 == 0)
      sink->close(1ms);
    else
      sink.reset();
    *over = true;
  }
  done = true;
  others.join();
  CAF_CHECK_EQUAL(late, 0);
  CAF_CHECK(fenced > 0);
}
