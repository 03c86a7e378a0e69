#define CAF_SUITE outbox_refusals

#include "logic/records/record_headers.hpp"
#include "tests/logic/delivery/outbox_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace millrace::logic;
using millrace::tests::encoded;
using millrace::tests::OutboxFixture;
using millrace::tests::SentRecord;
using millrace::tests::SinkScript;
using millrace::tests::ticket;
using Answer = SinkScript::Answer;

namespace {

constexpr std::int64_t wall_ms = 1'720'000'000'000;

/// A sink that sends what it is given between two looks at its reports as one
/// request for each destination, and refuses a request as a whole.
class RequestSink final : public RecordSink {
public:
  struct Request {
    Destination destination = Destination::output;
    std::vector<SentRecord> records;
  };

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
    std::map<Destination, Request> by_destination;
    for (auto& record : queued)
      by_destination[record.destination].records.push_back(std::move(record));
    queued.clear();
    for (auto& [destination, request] : by_destination) {
      request.destination = destination;
      ++requests;
      largest = std::max(largest, request.records.size());
      const bool refused = refuses(request);
      for (const auto& record : request.records)
        if (refused)
          reports.failed.push_back(
            {record.token, fault, "refused",
             request.records.size() == 1 ? Blame::record : Blame::request,
             destination});
        else {
          reports.delivered.push_back({record.token.slot, 1, destination});
          delivered.push_back(record);
        }
    }
  }

  std::size_t queued_records() const override { return queued.size(); }
  void hurry() override {}
  void close(std::chrono::milliseconds) override {}

  std::function<bool(const Request&)> refuses = [](const Request&) {
    return false;
  };
  DeliveryFault fault = DeliveryFault::too_large;
  std::vector<SentRecord> queued;
  std::vector<SentRecord> delivered;
  std::size_t requests = 0;
  std::size_t largest = 0;
};

struct Fixture {
  RequestSink sink;
  Outbox outbox{OutboxFixture::make_config()};
  Outbox::TimePoint now{};

  void run(std::size_t rounds = 1'000) {
    for (std::size_t round = 0; round != rounds; ++round) {
      if (const auto retry = outbox.next_retry())
        now = std::max(now, *retry);
      outbox.pump(sink, now, wall_ms);
      if (sink.queued.empty() && !outbox.wants_to_send(now)
          && !outbox.next_retry())
        return;
      DeliveryReports reports;
      sink.take_reports(reports);
      outbox.apply_reports(reports, now);
    }
  }

  std::vector<std::string> values(Destination destination) const {
    std::vector<std::string> result;
    for (const auto& record : sink.delivered)
      if (record.destination == destination)
        result.push_back(record.value);
    return result;
  }
};

bool any_is(const RequestSink::Request& request,
            const std::set<std::string>& values) {
  return request.destination == Destination::output
         && std::any_of(
           request.records.begin(), request.records.end(),
           [&](const auto& record) { return values.contains(record.value); });
}

} // namespace

CAF_TEST(a_refused_request_is_sent_again_in_smaller_ones) {
  Fixture f;
  f.sink.refuses = [](const auto& request) {
    return request.records.size() > 60;
  };
  f.outbox.add(ticket(1), encoded(500, 0));
  f.run();
  const auto delivered = f.outbox.take_delivered();
  CAF_REQUIRE_EQUAL(delivered.size(), 1u);
  CAF_CHECK_EQUAL(delivered[0].outputs, 500u);
  CAF_CHECK_EQUAL(delivered[0].dead_letters, 0u);
  CAF_CHECK(f.outbox.take_notices().empty());
  std::vector<std::string> expected;
  for (int index = 0; index != 500; ++index)
    expected.push_back("out" + std::to_string(index));
  CAF_CHECK_EQUAL(f.values(Destination::output), expected);
}

CAF_TEST(of_a_refused_request_only_the_bad_record_becomes_a_dead_letter) {
  Fixture f;
  f.sink.fault = DeliveryFault::record;
  f.sink.refuses = [](const auto& request) {
    return any_is(request, {"out77"});
  };
  f.outbox.add(ticket(1), encoded(256, 0));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).outputs, 255u);
  const std::vector<std::string> dead{"in77"};
  CAF_CHECK_EQUAL(f.values(Destination::dead_letters), dead);
  CAF_CHECK_LESS(f.sink.requests, 30u);
}

CAF_TEST(dead_letters_are_found_out_in_the_same_way) {
  Fixture f;
  f.sink.refuses = [](const auto& request) {
    return request.destination == Destination::dead_letters
           && request.records.size() > 4;
  };
  f.outbox.add(ticket(1), encoded(3, 100));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 100u);
  CAF_CHECK(f.outbox.take_notices().empty());
  CAF_CHECK(f.outbox.pinned(10).empty());
}

CAF_TEST(while_a_refusal_is_looked_into_more_may_arrive) {
  Fixture f;
  f.sink.fault = DeliveryFault::record;
  f.sink.refuses = [](const auto& request) {
    return any_is(request, {"out3", "out104"});
  };
  f.outbox.add(ticket(1), encoded(50, 0));
  f.run(2);
  f.outbox.add(ticket(2), encoded(50, 5, 100));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 2u);
  const auto dead = f.values(Destination::dead_letters);
  CAF_CHECK_EQUAL(dead.size(), 7u);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
}

CAF_TEST(what_is_looked_into_can_be_forgotten) {
  Fixture f;
  f.sink.refuses = [](const auto&) { return true; };
  f.outbox.add(ticket(1), encoded(20, 0));
  f.run(3);
  f.outbox.forget(PartitionId{0}, AssignmentEpoch{1});
  f.sink.refuses = [](const auto&) { return false; };
  f.run();
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK(f.outbox.take_delivered().empty());
  f.outbox.add(ticket(2), encoded(2, 0));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 1u);
}

CAF_TEST(whatever_is_refused_every_record_ends_once) {
  std::mt19937 random{11};
  for (int round = 0; round != 200; ++round) {
    Fixture f;
    std::set<std::string> bad;
    for (int index = 0; index != 40; ++index)
      if (random() % 8 == 0)
        bad.insert("out" + std::to_string(index));
    const auto most = 1 + random() % 60;
    f.sink.fault = random() % 2 == 0 ? DeliveryFault::record
                                     : DeliveryFault::timestamp;
    const bool again = f.sink.fault == DeliveryFault::timestamp;
    f.sink.refuses = [&](const auto& request) {
      return request.records.size() > most
             || (any_is(request, bad)
                 && std::any_of(request.records.begin(), request.records.end(),
                                [&](const auto& record) {
                                  return bad.contains(record.value)
                                         && (!again || record.headers.empty());
                                }));
    };
    f.outbox.add(ticket(1), encoded(30, 3));
    f.outbox.add(ticket(2), encoded(10, 2, 30));
    f.run();
    const auto delivered = f.outbox.take_delivered();
    CAF_REQUIRE_EQUAL(delivered.size(), 2u);
    CAF_REQUIRE_EQUAL(f.sink.delivered.size(), 45u);
    CAF_REQUIRE_EQUAL(f.outbox.batches(), 0u);
  }
}

CAF_TEST(a_neighbour_of_a_bad_record_passes) {
  OutboxFixture f;
  bool first = true;
  f.script->answer = [&](const SentRecord& record) {
    if (record.value == "out1")
      return Answer{false, DeliveryFault::record, "no"};
    if (std::exchange(first, false))
      return Answer{false, DeliveryFault::record, "other", Blame::neighbour};
    return Answer{};
  };
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run();
  f.run_retries(3);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).outputs, 2u);
}

CAF_TEST(a_refused_timestamp_gives_way_to_the_present_time) {
  OutboxFixture f;
  f.script->answer = [&](const SentRecord& record) {
    return Answer{record.timestamp_ms != 1'720'000'000'000,
                  DeliveryFault::timestamp, "out of range"};
  };
  auto batch = std::make_shared<EncodedBatch>(*encoded(1, 1, 41));
  batch->bytes = R"({"a":1,"source":{"topic":"user-login","partition":0,)"
                 R"("offset":41}})";
  batch->records[0].length = static_cast<std::uint32_t>(batch->bytes.size());
  f.outbox.add(ticket(1), batch);
  f.outbox.pump(f.sink, f.now, 1'800'000'000'000);
  DeliveryReports reports;
  f.sink.take_reports(reports);
  f.outbox.apply_reports(reports, f.now);
  f.outbox.pump(f.sink, f.now, 1'800'000'000'000);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 4u);
  const auto& output = f.script->sent[2];
  CAF_CHECK_EQUAL(output.timestamp_ms, 1'800'000'000'000);
  CAF_CHECK_EQUAL(
    last_header(output.headers, "millrace.original_timestamp").value_or(""),
    "1720000000000");
  CAF_CHECK_EQUAL(output.value,
                  R"({"a":1,"source":{"topic":"user-login","partition":0,)"
                  R"("offset":41,"timestamp":1720000000000}})");
  const auto& dead = f.script->sent[3];
  CAF_CHECK_EQUAL(dead.value, "in42");
  CAF_CHECK_EQUAL(
    read_dead_letter_note(dead.headers)->original_timestamp_ms.value_or(0),
    1'720'000'000'000);
  CAF_CHECK_EQUAL(f.outbox.replaced_timestamps(), 2u);
}

CAF_TEST(a_clock_that_is_wrong_is_known_after_the_first_refusal) {
  OutboxFixture f;
  auto late = std::make_shared<EncodedBatch>(*encoded(5, 0));
  late->raw = millrace::tests::make_batch({"a", "b", "c", "d", "e"});
  constexpr std::int64_t two_hours_ago = wall_ms - 7'200'000;
  const auto run = [&] {
    f.outbox.pump(f.sink, f.now, two_hours_ago);
    DeliveryReports reports;
    f.sink.take_reports(reports);
    f.outbox.apply_reports(reports, f.now);
  };
  f.script->answer = [&](const SentRecord& record) {
    return Answer{record.timestamp_ms <= two_hours_ago + 3'600'000,
                  DeliveryFault::timestamp, "out of range"};
  };
  f.outbox.add(ticket(1), late);
  run();
  run();
  CAF_CHECK_EQUAL(f.script->sent.size(), 10u);
  f.outbox.add(ticket(2), late);
  run();
  CAF_CHECK_EQUAL(f.script->sent.size(), 15u); // at once with the present
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 2u);
  CAF_CHECK_EQUAL(f.outbox.replaced_timestamps(), 10u);
  f.now += std::chrono::minutes{2};
  f.outbox.add(ticket(3), late);
  run();
  CAF_CHECK_EQUAL(f.script->sent.size(), 20u); // the topic may have changed
  run();
  CAF_CHECK_EQUAL(f.script->sent.size(), 25u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 1u);
}

CAF_TEST(a_dead_letter_that_does_not_fit_is_written_without_its_value) {
  OutboxFixture f;
  f.script->answer = [](const SentRecord& record) {
    return Answer{record.value.empty(), DeliveryFault::too_large, "too large"};
  };
  f.outbox.add(ticket(1), encoded(0, 1, 41));
  f.run();
  f.run_retries(1);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 2u);
  const auto& reference = f.script->sent[1];
  CAF_CHECK_EQUAL(reference.key, "k41");
  const auto note = read_dead_letter_note(reference.headers);
  CAF_REQUIRE(note && note->value);
  CAF_CHECK(*note->value == omit("in41"));
  CAF_CHECK(!note->key);
  CAF_CHECK(note->source.offset == Offset{41});
  const auto notices = f.outbox.take_notices();
  CAF_REQUIRE_EQUAL(notices.size(), 1u);
  CAF_CHECK(notices[0].kind == OutboxNotice::Kind::referenced);
  CAF_CHECK_EQUAL(f.outbox.references(), 1u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 1u);
}

CAF_TEST(where_the_key_is_too_large_that_is_left_out_too) {
  OutboxFixture f;
  f.script->answer = [](const SentRecord& record) {
    return Answer{record.key.empty(), DeliveryFault::too_large, "too large"};
  };
  f.outbox.add(ticket(1), encoded(0, 1, 41));
  f.run();
  f.run_retries(2);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 3u);
  const auto note = read_dead_letter_note(f.script->sent[2].headers);
  CAF_REQUIRE(note && note->value && note->key);
  CAF_CHECK(*note->key == omit("k41"));
  CAF_CHECK_EQUAL(f.outbox.references(), 1u);
}

CAF_TEST(on_request_a_dead_letter_that_does_not_fit_pins_its_partition) {
  OutboxFixture f;
  auto config = OutboxFixture::make_config();
  config.oversized = OversizedDeadLetter::stop;
  f.outbox = Outbox{config};
  bool raised = false; // a reference would be taken all the same
  f.script->answer = [&](const SentRecord& it) {
    const bool fits = raised || it.value.empty();
    return Answer{fits, DeliveryFault::too_large, "too large"};
  };
  f.outbox.add(ticket(1), encoded(0, 1, 41));
  f.run();
  f.run_retries(3);
  const auto pinned = f.outbox.pinned(10);
  CAF_REQUIRE_EQUAL(pinned.size(), 1u);
  CAF_CHECK(pinned[0].offset == Offset{41} && pinned[0].text == "too large");
  raised = true;
  f.run_retries(1);
  CAF_CHECK(f.outbox.pinned(10).empty());
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 1u);
}

CAF_TEST(only_so_many_dead_letters_are_in_the_client_at_once) {
  OutboxFixture f;
  auto config = OutboxFixture::make_config();
  config.max_queued_dead_letters = 7;
  f.outbox = Outbox{config};
  f.script->stalled = true;
  f.outbox.add(ticket(1), encoded(5, 100));
  f.outbox.pump(f.sink, f.now, 0);
  CAF_CHECK_EQUAL(f.script->held_back.size(), 12u);
  f.outbox.pump(f.sink, f.now, 0);
  CAF_CHECK_EQUAL(f.script->held_back.size(), 12u);
  f.script->resume();
  f.run(); // only takes the reports
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 100u);
}

CAF_TEST(held_back_dead_letters_do_not_hold_back_outputs) {
  OutboxFixture f;
  f.outbox.hold(Destination::dead_letters, f.now + std::chrono::seconds{1});
  f.outbox.add(ticket(1), encoded(2, 1));
  f.outbox.add(ticket(2), encoded(2, 0, 10));
  f.run();
  CAF_CHECK_EQUAL(f.script->sent.size(), 4u);
  f.run_retries(1);
  CAF_CHECK_EQUAL(f.script->sent.size(), 5u);
}
