#define CAF_SUITE faulty_outbox

#include "logic/delivery/outbox.hpp"
#include "tests/adapters/faults/client_faults_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <random>
#include <string>

using namespace millrace::adapters::faults;
using namespace millrace::adapters::faults::test;
using namespace std::chrono_literals;

namespace {

/// A batch whose outputs are "<first>", "<first + 1>", ...
EncodedBatchPtr encoded(std::int64_t count, std::int64_t first) {
  auto batch = std::make_shared<EncodedBatch>();
  std::vector<std::string> values;
  for (auto offset = first; offset != first + count; ++offset) {
    EncodedRecord each;
    each.record = static_cast<std::uint32_t>(offset - first);
    each.begin = static_cast<std::uint32_t>(batch->bytes.size());
    batch->bytes += std::to_string(offset);
    each.length = static_cast<std::uint32_t>(batch->bytes.size()) - each.begin;
    batch->records.push_back(each);
    values.push_back("raw " + std::to_string(offset));
  }
  batch->raw = make_batch(values, first);
  return batch;
}

/// An outbox and the clients that it has had, handled as the producer does.
struct Owner {
  explicit Owner(std::uint32_t retry_limit = 3)
    : outbox{
      {.retry_limit = retry_limit, .back_off = {100ms, 400ms}, .node = "n1"}} {
    sink = open();
  }

  std::unique_ptr<RecordSink> open() {
    clients.push_back(std::make_shared<SinkScript>());
    clients.back()->capacity = capacity;
    auto opened = make_faulty_sink(
      std::make_unique<SimulatedSink>(clients.back()), client_faults);
    opened->on_ready([this] { woken = true; });
    return opened;
  }

  void add(std::int64_t count) {
    BatchTicket ticket;
    ticket.id = BatchId{++batches};
    ticket.epoch = AssignmentEpoch{1};
    outbox.add(ticket, encoded(count, added));
    added += count;
    outbox.pump(*sink, now, 0);
  }

  /// Looks once, if there is a reason to.
  void look() {
    const auto due = outbox.next_retry();
    if (!std::exchange(woken, false) && !(due && *due <= now))
      return;
    sink->take_reports(reports);
    take_in();
    if (failed)
      replace_client();
    outbox.pump(*sink, now, 0);
  }

  void take_in() {
    outbox.apply_reports(reports, now);
    for (const auto& batch : outbox.take_delivered()) {
      delivered_outputs += batch.outputs;
      delivered_dead_letters += batch.dead_letters;
    }
    for (const auto& notice : outbox.take_notices())
      failed |= notice.kind == OutboxNotice::Kind::client_failed;
    for (const auto& event : reports.events)
      failed |= event.kind == Kind::failed;
  }

  void replace_client() {
    auto opened = open();
    sink->close(1ms);
    sink->take_reports(reports);
    take_in();
    sink = std::move(opened);
    failed = false;
    outbox.retry_all_at(now);
  }

  /// Until all is delivered; false when that takes suspiciously long.
  bool finish() {
    clients.back()->resume();
    for (int turn = 0; turn != 10'000 && outbox.batches() != 0; ++turn) {
      now += 50ms;
      look();
    }
    return outbox.batches() == 0;
  }

  /// What the broker got, from all clients.
  std::vector<std::int64_t> arrived() const {
    std::vector<std::int64_t> offsets;
    for (const auto& client : clients)
      for (const auto& sent : client->sent)
        if (sent.destination == Destination::output)
          offsets.push_back(std::stoll(sent.value));
    return offsets;
  }

  std::vector<std::int64_t> all() const {
    std::vector<std::int64_t> offsets;
    for (std::int64_t offset = 0; offset != added; ++offset)
      offsets.push_back(offset);
    return offsets;
  }

  std::vector<std::int64_t> arrived_sorted() const {
    auto offsets = arrived();
    std::sort(offsets.begin(), offsets.end());
    return offsets;
  }

  std::shared_ptr<ClientFaults> client_faults
    = std::make_shared<ClientFaults>();
  Outbox outbox;
  std::vector<std::shared_ptr<SinkScript>> clients;
  std::unique_ptr<RecordSink> sink;
  std::size_t capacity = 1'000'000;
  DeliveryReports reports;
  Outbox::TimePoint now{};
  std::uint64_t batches = 0;
  std::int64_t added = 0;
  std::uint32_t delivered_outputs = 0;
  std::uint32_t delivered_dead_letters = 0;
  bool failed = false;
  bool woken = false;
};

} // namespace

CAF_TEST(what_failed_on_purpose_is_delivered_once_in_the_end) {
  Owner owner;
  owner.client_faults->fail_deliveries(7);
  owner.add(10);
  owner.add(10);
  CAF_CHECK_EQUAL(owner.arrived().size(), 13u);
  CAF_REQUIRE(owner.finish());
  CAF_CHECK_EQUAL(owner.arrived_sorted(), owner.all());
  CAF_CHECK_EQUAL(owner.outbox.retries(), 7u);
  CAF_CHECK_EQUAL(owner.delivered_outputs, 20u);
  CAF_CHECK_EQUAL(owner.clients.size(), 1u);
}

CAF_TEST(what_fails_on_purpose_while_nothing_passes_is_waited_out) {
  Owner owner{2};
  owner.client_faults->fail_deliveries(30);
  owner.add(1);
  CAF_REQUIRE(owner.finish());
  CAF_CHECK_EQUAL(owner.arrived().size(), 1u);
  CAF_CHECK_EQUAL(owner.delivered_dead_letters, 0u);
}

CAF_TEST(what_a_fence_refused_is_delivered_once_by_the_next_client) {
  Owner owner;
  owner.clients[0]->stalled = true;
  owner.add(10);
  owner.client_faults->fence_producer();
  owner.add(10);
  owner.look();
  CAF_CHECK_EQUAL(owner.clients.size(), 1u); // ten are on their way
  owner.clients[0]->resume();
  owner.look();
  CAF_CHECK_EQUAL(owner.clients.size(), 2u);
  CAF_REQUIRE(owner.finish());
  CAF_CHECK_EQUAL(owner.arrived(), owner.all()); // in order, too
  CAF_CHECK_EQUAL(owner.clients[0]->sent.size(), 10u);
  CAF_CHECK_EQUAL(owner.clients[1]->sent.size(), 10u);
  CAF_CHECK_EQUAL(owner.delivered_outputs, 20u);
  CAF_CHECK(owner.clients[0]->closed);
}

CAF_TEST(a_batch_with_a_lost_report_stays_open_with_nothing_queued) {
  Owner owner;
  owner.client_faults->lose_reports(1);
  owner.add(3);
  owner.add(3);
  CAF_CHECK(!owner.finish());
  CAF_CHECK_EQUAL(owner.outbox.batches(), 1u);
  CAF_CHECK_EQUAL(owner.delivered_outputs, 3u);
  CAF_CHECK_EQUAL(owner.sink->queued_records(), 0u);
  CAF_CHECK(!owner.outbox.next_retry());
  CAF_CHECK_EQUAL(owner.arrived(), owner.all());
}

CAF_TEST(fences_alone_keep_the_order) {
  for (std::uint64_t seed = 1; seed != 100; ++seed) {
    std::mt19937_64 random{seed};
    Owner owner;
    owner.capacity = 3 + random() % 20;
    for (int step = 0; step != 60; ++step) {
      owner.now += 50ms;
      if (random() % 5 == 0)
        owner.client_faults->fence_producer();
      if (random() % 2 == 0)
        owner.add(1 + static_cast<std::int64_t>(random() % 12));
      if (random() % 2 == 0)
        owner.clients.back()->resume();
      owner.clients.back()->stalled = random() % 2 == 0;
      owner.look();
    }
    CAF_REQUIRE(owner.finish());
    CAF_REQUIRE_EQUAL(owner.arrived(), owner.all());
    CAF_REQUIRE(owner.clients.size() > 1);
  }
}

CAF_TEST(whatever_is_ordered_all_is_delivered_exactly_once_in_the_end) {
  for (std::uint64_t seed = 1; seed != 200; ++seed) {
    std::mt19937_64 random{seed};
    Owner owner{1'000'000};
    owner.capacity = 3 + random() % 20;
    for (int step = 0; step != 100; ++step) {
      owner.now += 50ms;
      if (random() % 8 == 0)
        owner.client_faults->fence_producer();
      if (random() % 4 == 0)
        owner.client_faults->fail_deliveries(
          1 + static_cast<std::uint32_t>(random() % 9));
      if (random() % 2 == 0)
        owner.add(1 + static_cast<std::int64_t>(random() % 12));
      if (random() % 2 == 0)
        owner.clients.back()->resume();
      owner.clients.back()->stalled = random() % 2 == 0;
      owner.look();
    }
    CAF_REQUIRE(owner.finish());
    CAF_REQUIRE_EQUAL(owner.arrived_sorted(), owner.all());
    CAF_REQUIRE_EQUAL(owner.delivered_outputs, owner.added);
    CAF_REQUIRE_EQUAL(owner.sink->queued_records(), 0u);
  }
}
