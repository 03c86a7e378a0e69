#define CAF_SUITE outbox

#include "logic/delivery/outbox.hpp"
#include "logic/records/record_headers.hpp"
#include "logic/records/replay_history.hpp"
#include "tests/logic/delivery/outbox_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace millrace::logic;
using millrace::tests::encoded;
using millrace::tests::SentRecord;
using millrace::tests::SinkScript;
using millrace::tests::ticket;
using Answer = SinkScript::Answer;
using Fixture = millrace::tests::OutboxFixture;

CAF_TEST(a_batch_is_delivered_when_every_record_is) {
  Fixture f;
  f.script->stalled = true;
  f.outbox.add(ticket(1), encoded(3, 1));
  f.run();
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 4u);
  CAF_CHECK_EQUAL(f.script->sent[0].value, "out0");
  CAF_CHECK_EQUAL(f.script->sent[0].key, "k0");
  CAF_CHECK_EQUAL(f.script->sent[3].value, "in3");
  CAF_CHECK(f.script->sent[3].destination == Destination::dead_letters);
  CAF_CHECK(f.outbox.take_delivered().empty());
  f.script->resume();
  f.run();
  const auto delivered = f.outbox.take_delivered();
  CAF_REQUIRE_EQUAL(delivered.size(), 1u);
  CAF_CHECK_EQUAL(delivered[0].outputs, 3u);
  CAF_CHECK_EQUAL(delivered[0].dead_letters, 1u);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
}

CAF_TEST(a_dead_letter_tells_where_it_came_from_and_why) {
  Fixture f;
  f.outbox.add(ticket(1), encoded(0, 1, 41));
  f.run();
  const auto note = read_dead_letter_note(f.script->sent.at(0).headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK_EQUAL(note->source.topic, "user-login");
  CAF_CHECK(note->source.offset == Offset{41});
  CAF_CHECK_EQUAL(to_string(note->reason), "not_json");
  CAF_CHECK_EQUAL(note->detail, "why not");
  CAF_CHECK_EQUAL(note->stage, "validator");
  CAF_CHECK_EQUAL(note->node, "n1");
}

CAF_TEST(a_dead_letter_of_a_replayed_record_keeps_its_history_once) {
  Fixture f;
  std::string replayed;
  append_header(replayed, "trace", "kept");
  append_replay_history(replayed, {.replays = 2,
                                   .reason = "poison",
                                   .source = "user-login/0/12",
                                   .time_ms = 41,
                                   .timestamp_ms = 40});
  const auto history = replayed;
  // Of a dead letter that was read as it stands, with the node's own.
  DeadLetterNote before;
  before.source = {"user-login", PartitionId{0}, Offset{12}};
  append_dead_letter_note(replayed, before);
  RecordBatch::Builder builder{"user-login", PartitionId{0},
                               AssignmentEpoch{1}};
  RecordView record;
  record.offset = Offset{99};
  record.value = "bad";
  record.headers = replayed;
  builder.append(record);
  auto batch = std::make_shared<EncodedBatch>();
  batch->raw = builder.finish();
  batch->details = {"why not"};
  batch->records.emplace_back().dead = true;
  batch->records.back().reason = Reason::not_json;
  f.outbox.add(ticket(1), batch);
  f.run();
  const auto& headers = f.script->sent.at(0).headers;
  CAF_CHECK(headers.starts_with(history));
  const auto read = read_replay_history(headers);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->replays, 2u);
  const auto note = read_dead_letter_note(headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK(note->source.offset == Offset{99});
  std::size_t counts = 0;
  std::string_view left{headers};
  while (const auto header = take_header(left))
    counts += header->name == header_name::replays ? 1 : 0;
  CAF_CHECK_EQUAL(counts, 1u);
}

CAF_TEST(a_transient_refusal_is_retried_with_back_off) {
  Fixture f;
  int refusals = 2;
  f.script->answer = [&](const SentRecord&) {
    return refusals-- > 0 ? Answer{false, DeliveryFault::transient, "later"}
                          : Answer{};
  };
  f.outbox.add(ticket(1), encoded(1, 0));
  f.run();
  CAF_REQUIRE(f.outbox.next_retry().has_value());
  CAF_CHECK(*f.outbox.next_retry() - f.now == std::chrono::milliseconds{100});
  f.now = *f.outbox.next_retry();
  f.run();
  CAF_CHECK(*f.outbox.next_retry() - f.now == std::chrono::milliseconds{200});
  f.run_retries(5);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).outputs, 1u);
  CAF_CHECK_EQUAL(f.outbox.retries(), 2u);
}

CAF_TEST(out_of_retries_a_record_becomes_a_dead_letter_with_the_last_error) {
  Fixture f;
  std::vector<SentRecord> dead;
  f.script->answer = [&dead](const SentRecord& record) {
    if (record.destination == Destination::dead_letters)
      dead.push_back(record);
    return Answer{record.value != "out0", DeliveryFault::transient,
                  "no leader"};
  };
  f.outbox.add(ticket(1), encoded(1, 0));
  f.run();
  // Others pass.
  for (std::uint64_t id = 2; id != 200 && dead.empty(); ++id) {
    f.outbox.add(ticket(id), encoded(1, 0, static_cast<std::int64_t>(id)));
    f.run_retries(3);
  }
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead[0].value, "in0");
  const auto note = read_dead_letter_note(dead[0].headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK(note->reason == Reason::delivery_failed);
  CAF_CHECK_EQUAL(note->detail, "no leader");
  CAF_CHECK_EQUAL(note->attempts, 4u);
}

CAF_TEST(a_record_that_is_refused_for_good_is_not_retried) {
  Fixture f;
  f.script->answer = [](const SentRecord& record) {
    return record.destination == Destination::output
             ? Answer{false, DeliveryFault::record, "too large"}
             : Answer{};
  };
  f.outbox.add(ticket(1), encoded(1, 0));
  f.run();
  f.run_retries(1);
  CAF_CHECK_EQUAL(f.script->sent.size(), 2u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 1u);
}

CAF_TEST(an_outage_is_waited_out_and_uses_up_no_retries) {
  Fixture f;
  f.script->answer = [&](const SentRecord&) {
    return f.script->sent.size() <= 20
             ? Answer{false, DeliveryFault::outage, "all brokers down"}
             : Answer{};
  };
  f.outbox.add(ticket(1), encoded(1, 0));
  f.run();
  f.run_retries(30);
  CAF_CHECK_EQUAL(f.script->sent.size(), 21u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).outputs, 1u);
}

CAF_TEST(nothing_overtakes_what_waits_out_an_outage) {
  Fixture f;
  bool missing = true;
  f.script->answer = [&](const SentRecord& record) {
    return missing && record.destination == Destination::output
             ? Answer{false, DeliveryFault::outage, "no such topic"}
             : Answer{};
  };
  f.outbox.add(ticket(1), encoded(2, 1, 0));
  f.run();
  // The topic comes to be before the retry is due, and so do more records.
  missing = false;
  f.script->sent.clear();
  f.outbox.add(ticket(2), encoded(2, 1, 10));
  f.run();
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 1u); // of the other destination
  CAF_CHECK_EQUAL(f.script->sent[0].value, "in12");
  f.run_retries(5);
  std::vector<std::string> values;
  for (const auto& record : f.script->sent)
    values.push_back(record.value);
  const std::vector<std::string> expected{"in12", "out0", "out1", "out10",
                                          "out11"};
  CAF_CHECK_EQUAL(values, expected);
  CAF_CHECK_EQUAL(f.outbox.retries(), 2u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 2u);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
}

CAF_TEST(what_fails_late_still_goes_before_what_came_behind_it) {
  Fixture f;
  f.script->stalled = true; // reports come from here
  f.outbox.add(ticket(1), encoded(1, 0, 0));
  f.outbox.add(ticket(2), encoded(1, 0, 10));
  f.outbox.pump(f.sink, f.now, 0);
  const auto fail = [&](std::uint32_t slot) {
    DeliveryReports reports;
    reports.failed.push_back({{slot, 0}, DeliveryFault::outage, "gone"});
    f.outbox.apply_reports(reports, f.now);
  };
  fail(1);
  f.now += std::chrono::seconds{1};
  fail(0);
  // Nothing is sent until both are long due, as while a circuit is open.
  f.now += std::chrono::seconds{10};
  f.script->sent.clear();
  f.outbox.pump(f.sink, f.now, 0);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 1u); // to see
  DeliveryReports taken;
  taken.delivered.push_back({0, 1});
  f.outbox.apply_reports(taken, f.now);
  f.outbox.pump(f.sink, f.now, 0);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 2u);
  CAF_CHECK_EQUAL(f.script->sent[0].value, "out0");
  CAF_CHECK_EQUAL(f.script->sent[1].value, "out10");
}

CAF_TEST(what_waits_behind_others_can_be_forgotten) {
  Fixture f;
  f.script->answer = [](const SentRecord&) {
    return Answer{false, DeliveryFault::outage, "no such topic"};
  };
  f.outbox.add(ticket(1), encoded(2, 0));
  f.run();
  f.outbox.add(ticket(2), encoded(2, 0, 10));
  f.run();
  f.outbox.forget(PartitionId{0}, AssignmentEpoch{1});
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK(!f.outbox.next_retry().has_value());
  CAF_CHECK(f.outbox.take_delivered().empty());
}

// At a time that grows with its square this test would not end.
CAF_TEST(very_much_that_waits_is_looked_through_and_forgotten) {
  constexpr std::uint64_t count = 30'000;
  Fixture f;
  f.script->answer = [](const SentRecord&) {
    return Answer{false, DeliveryFault::outage, "gone"};
  };
  for (std::uint64_t id = 0; id != count; ++id)
    f.outbox.add(ticket(id), encoded(1, 0, static_cast<std::int64_t>(id)));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.send_unreported_again(f.now), 0u);
  f.outbox.forget(PartitionId{0}, AssignmentEpoch{1});
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK(!f.outbox.next_retry());
}

CAF_TEST(a_dead_letter_is_never_given_up) {
  Fixture f;
  f.script->answer = [&](const SentRecord&) {
    return f.script->sent.size() <= 50
             ? Answer{false, DeliveryFault::record, "no such topic"}
             : Answer{};
  };
  f.outbox.add(ticket(1), encoded(0, 1));
  f.run();
  f.run_retries(49);
  CAF_CHECK(f.outbox.take_delivered().empty());
  const auto notices = f.outbox.take_notices();
  CAF_REQUIRE(!notices.empty());
  CAF_CHECK(notices.front().kind == OutboxNotice::Kind::stuck);
  f.run_retries(1);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).dead_letters, 1u);
}

CAF_TEST(a_full_sink_is_tried_again_where_it_stopped) {
  Fixture f;
  f.script->capacity = 2;
  f.script->stalled = true;
  f.outbox.add(ticket(1), encoded(5, 0));
  f.outbox.pump(f.sink, f.now, 0);
  CAF_CHECK_EQUAL(f.script->sent.size(), 2u);
  f.script->capacity = 100;
  f.script->resume();
  f.run();
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 5u);
  for (std::size_t index = 0; index != 5; ++index)
    CAF_CHECK_EQUAL(f.script->sent[index].value, "out" + std::to_string(index));
  CAF_CHECK_EQUAL(f.outbox.take_delivered().at(0).outputs, 5u);
}

CAF_TEST(a_forgotten_partition_reports_nothing_and_leaves_nothing) {
  Fixture f;
  f.script->capacity = 2;
  f.script->stalled = true;
  f.outbox.add(ticket(1), encoded(4, 0));
  f.outbox.add(ticket(2), encoded(4, 0, 4));
  f.outbox.pump(f.sink, f.now, 0);
  f.outbox.forget(PartitionId{0}, AssignmentEpoch{1});
  // The second was never sent; the first waits for the reports on its two.
  CAF_CHECK_EQUAL(f.outbox.batches(), 1u);
  f.script->resume();
  f.run();
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK(f.outbox.take_delivered().empty());
  CAF_CHECK_EQUAL(f.script->sent.size(), 2u);
}

CAF_TEST(provenance_goes_into_headers_on_request) {
  Fixture f;
  auto config = Fixture::make_config();
  config.provenance_header = true;
  f.outbox = Outbox{config};
  f.outbox.add(ticket(1), encoded(1, 0, 7));
  f.run();
  const auto source = read_provenance(f.script->sent.at(0).headers);
  CAF_REQUIRE(source.has_value());
  CAF_CHECK(source->offset == Offset{7});
}

CAF_TEST(what_is_never_reported_is_sent_again) {
  Fixture f;
  f.outbox.add(ticket(1), encoded(3, 0));
  f.outbox.pump(f.sink, f.now, 0);
  DeliveryReports reports;
  f.sink.take_reports(reports);
  reports.delivered.pop_back(); // lost
  f.outbox.apply_reports(reports, f.now);
  CAF_CHECK(f.outbox.take_delivered().empty());
  CAF_CHECK_EQUAL(f.outbox.send_unreported_again(f.now), 3u);
  f.run();
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 1u);
  CAF_CHECK_EQUAL(f.script->sent.size(), 6u);
  CAF_CHECK_EQUAL(f.outbox.send_unreported_again(f.now), 0u);
}

CAF_TEST(what_waits_for_a_retry_is_not_taken_for_lost) {
  Fixture f;
  f.script->answer = [](const SentRecord& record) {
    return Answer{record.value != "out1", DeliveryFault::transient, "no"};
  };
  f.outbox.add(ticket(1), encoded(3, 0));
  f.run();
  CAF_CHECK_EQUAL(f.outbox.send_unreported_again(f.now), 0u);
}

CAF_TEST(words_of_a_failure_are_bounded_in_a_dead_letter) {
  Fixture f;
  f.script->answer = [](const SentRecord& record) {
    return Answer{record.destination != Destination::output,
                  DeliveryFault::record, std::string(100'000, '\n')};
  };
  f.outbox.add(ticket(1), encoded(1, 0));
  f.run();
  f.run_retries(1);
  const auto note = read_dead_letter_note(f.script->sent.back().headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK(note->detail.size() <= 512);
  CAF_CHECK(note->detail.find('\n') == std::string_view::npos);
}
