#define CAF_SUITE refused_requests

#include "tests/logic/delivery/outbox_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

using namespace millrace::logic;
using millrace::tests::encoded;
using millrace::tests::OutboxFixture;
using millrace::tests::SentRecord;
using millrace::tests::ticket;

namespace {

constexpr std::int64_t wall_ms = 1'720'000'000'000;

/// A client that sends requests of so many records, to brokers that tell which
/// timestamps they refuse but not what is too large. At the first refusal it
/// gives the rest back.
class ClientThatStops final : public RecordSink {
public:
  void on_ready(std::function<void()>) override {}

  std::size_t send(std::span<const OutgoingRecord> records) override {
    for (const auto& record : records)
      queued.push_back({record.token, record.destination,
                        std::string{record.key.value_or("(null)")},
                        std::string{record.value.value_or("(null)")},
                        std::string{record.headers}, record.timestamp_ms});
    return records.size();
  }

  void take_reports(DeliveryReports& reports) override {
    reports.clear();
    bool stopped = false;
    for (std::size_t begin = 0; begin < queued.size();) {
      const auto size = std::min(request_records, queued.size() - begin);
      const std::span request{&queued[begin], size};
      begin += size;
      if (stopped)
        for (const auto& record : request)
          fail(reports, record, DeliveryFault::record, Blame::neighbour);
      else
        stopped = !answer(reports, request);
    }
    queued.clear();
  }

  std::size_t queued_records() const override { return queued.size(); }
  void hurry() override {}
  void close(std::chrono::milliseconds) override {}

  void work_on(const std::vector<EncodedBatchPtr>& batches) {
    Outbox outbox{OutboxFixture::make_config()};
    Outbox::TimePoint now{};
    std::uint64_t id = 0;
    for (const auto& batch : batches)
      outbox.add(ticket(++id), batch);
    while (outbox.batches() != 0) {
      CAF_REQUIRE(++rounds < 100'000);
      if (const auto retry = outbox.next_retry())
        now = std::max(now, *retry);
      outbox.pump(*this, now, wall_ms);
      DeliveryReports reports;
      take_reports(reports);
      outbox.apply_reports(reports, now);
    }
  }

  bool in_order() const {
    return std::ranges::is_sorted(delivered, {}, [](const auto& record) {
      return std::stoi(record.value.substr(3));
    });
  }

  std::size_t request_records = 10'000;
  std::size_t most = 10'000; ///< of a request that is not too large
  std::function<bool(const SentRecord&)> refuses_timestamp;
  std::function<std::optional<DeliveryFault>()> fails = [] {
    return std::nullopt;
  };
  std::vector<SentRecord> queued;
  std::vector<SentRecord> delivered;
  std::size_t rounds = 0;

private:
  static void fail(DeliveryReports& reports, const SentRecord& record,
                   DeliveryFault fault, Blame blame) {
    reports.failed.push_back(
      {record.token, fault, "refused", blame, record.destination});
  }

  bool answer(DeliveryReports& reports, std::span<const SentRecord> request) {
    const auto is_ahead = [this](const SentRecord& record) {
      return record.headers.empty() && refuses_timestamp(record);
    };
    const bool large = request.size() > most;
    const bool ahead = std::ranges::any_of(request, is_ahead);
    const auto fault = fails();
    for (const auto& record : request)
      if (fault)
        fail(reports, record, *fault, Blame::record);
      else if (large)
        fail(reports, record, DeliveryFault::too_large, Blame::request);
      else if (is_ahead(record))
        fail(reports, record, DeliveryFault::timestamp, Blame::record);
      else if (ahead)
        fail(reports, record, DeliveryFault::record, Blame::neighbour);
      else {
        reports.delivered.push_back({record.token.slot, 1, record.destination});
        delivered.push_back(record);
      }
    return !fault && !large && !ahead;
  }
};

} // namespace

CAF_TEST(several_kinds_of_refusal_in_one_request_keep_the_order) {
  ClientThatStops sink;
  sink.most = 60;
  sink.refuses_timestamp = [](const SentRecord& record) {
    return record.value == "out130" || record.value == "out200";
  };
  sink.work_on({encoded(500, 0)});
  CAF_CHECK_EQUAL(sink.delivered.size(), 500u);
  CAF_CHECK(sink.in_order());
}

CAF_TEST(whatever_is_refused_of_it_a_group_keeps_its_place) {
  std::mt19937 random{7};
  for (int round = 0; round != 300; ++round) {
    ClientThatStops sink;
    sink.most = 1 + random() % 60;
    sink.request_records = 1 + random() % 80;
    std::set<std::string> ahead;
    for (int index = 0; index != 90; ++index)
      if (random() % 10 == 0)
        ahead.insert("out" + std::to_string(index));
    sink.refuses_timestamp = [&](const SentRecord& record) {
      return ahead.contains(record.value);
    };
    if (round % 2 == 0)
      sink.fails = [&]() -> std::optional<DeliveryFault> {
        if (random() % 6 != 0)
          return std::nullopt;
        return random() % 3 == 0   ? DeliveryFault::fatal
               : random() % 2 == 0 ? DeliveryFault::transient
                                   : DeliveryFault::outage;
      };
    sink.work_on({encoded(50, 0), encoded(40, 0, 50)});
    CAF_REQUIRE_EQUAL(sink.delivered.size(), 90u);
    CAF_REQUIRE(sink.in_order());
  }
}
