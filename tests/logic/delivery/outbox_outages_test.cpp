#define CAF_SUITE outbox_outages

#include "tests/logic/delivery/outbox_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <cstdint>
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

/// A topic whose records can be looked at.
struct Fixture : OutboxFixture {
  std::vector<std::string> outputs;
  std::vector<std::string> dead_letters;
  std::uint64_t batches = 0;

  template <class Refuses>
  void refuse(DeliveryFault fault, Refuses refuses) {
    script->answer = [this, fault, refuses](const SentRecord& record) {
      if (refuses(record))
        return Answer{false, fault, "no"};
      (record.destination == Destination::output ? outputs : dead_letters)
        .push_back(record.value);
      return Answer{};
    };
  }

  void add(int good, int bad = 0) {
    outbox.add(ticket(++batches), encoded(good, bad, next_));
    next_ += good + bad;
  }

  /// The outputs of the first so many records.
  static std::vector<std::string> in_order(int count) {
    std::vector<std::string> values;
    for (int index = 0; index != count; ++index)
      values.push_back("out" + std::to_string(index));
    return values;
  }

private:
  std::int64_t next_ = 0;
};

bool is_output(const SentRecord& record) {
  return record.destination == Destination::output;
}

} // namespace

CAF_TEST(while_all_are_refused_for_now_no_record_is_given_up) {
  Fixture f;
  bool refusing = true;
  f.refuse(DeliveryFault::transient, [&refusing](const SentRecord& record) {
    return refusing && is_output(record);
  });
  f.add(300);
  f.run();
  f.run_retries(50);
  const auto sent = f.script->sent.size();
  CAF_CHECK_LESS(sent, 401u); // then one or two each time, to see
  f.add(300);
  f.run_retries(10);
  CAF_CHECK(f.dead_letters.empty());
  refusing = false;
  f.run_retries(10);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_CHECK(f.dead_letters.empty());
  CAF_CHECK_EQUAL(f.outputs.size(), 600u);
}

CAF_TEST(order_holds_through_an_outage_of_the_output_alone) {
  Fixture f;
  bool refusing = false;
  f.refuse(DeliveryFault::outage, [&refusing](const SentRecord& record) {
    return refusing && is_output(record);
  });
  int records = 0;
  for (int round = 0; round != 400; ++round) {
    refusing = round % 40 >= 20;
    f.outbox.add(ticket(++f.batches), encoded(2, 1, records));
    records += 3;
    // More come than retries are due.
    f.now += std::chrono::milliseconds{7};
    f.run();
  }
  refusing = false;
  f.run_retries(10);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  CAF_REQUIRE_EQUAL(f.outputs.size(), 800u);
  const auto number = [](const std::string& value) {
    return std::stoi(value.substr(3));
  };
  CAF_CHECK(std::ranges::is_sorted(f.outputs, {}, number));
  CAF_CHECK_EQUAL(f.dead_letters.size(), 400u);
}

CAF_TEST(what_opens_the_way_is_followed_by_the_first_that_waits) {
  Fixture f;
  f.script->stalled = true; // reports come from here
  f.add(1);
  f.add(1);
  f.add(1);
  f.outbox.pump(f.sink, f.now, 0);
  DeliveryReports reports;
  reports.failed.push_back({{0, 0}, DeliveryFault::outage, "gone"});
  f.outbox.apply_reports(reports, f.now);
  reports.clear();
  reports.delivered.push_back({1, 1});
  f.outbox.apply_reports(reports, f.now);
  f.add(1);
  f.script->sent.clear();
  f.outbox.pump(f.sink, f.now, 0);
  CAF_REQUIRE_EQUAL(f.script->sent.size(), 2u);
  CAF_CHECK_EQUAL(f.script->sent[0].value, "out0");
  CAF_CHECK_EQUAL(f.script->sent[1].value, "out3");
}

CAF_TEST(of_those_refused_for_now_only_the_one_that_others_pass_is_given_up) {
  Fixture f;
  f.refuse(DeliveryFault::transient,
           [](const SentRecord& record) { return record.value == "out3"; });
  for (int batch = 0; batch != 200 && f.dead_letters.empty(); ++batch) {
    f.add(10);
    f.run();
    f.run_retries(2);
  }
  f.run_retries(10);
  CAF_CHECK_EQUAL(f.outbox.batches(), 0u);
  const std::vector<std::string> dead{"in3"};
  CAF_CHECK_EQUAL(f.dead_letters, dead);
}

CAF_TEST(a_partition_that_refuses_is_no_fault_of_its_records) {
  Fixture f;
  bool refusing = true;
  f.refuse(DeliveryFault::transient, [&refusing](const SentRecord& record) {
    return refusing && record.value.starts_with("out1");
  });
  const auto add = [&f](std::int32_t partition, std::int64_t first) {
    auto batch = std::make_shared<EncodedBatch>(*encoded(1, 0, first));
    batch->raw = millrace::tests::make_batch({"in"}, first, partition);
    auto one = ticket(++f.batches);
    one.partition = PartitionId{partition};
    f.outbox.add(one, batch);
  };
  for (int round = 0; round != 30; ++round) {
    add(0, 2000 + round);
    add(1, 1000 + round);
    f.run();
    f.run_retries(1);
  }
  CAF_CHECK(f.dead_letters.empty());
  CAF_CHECK_EQUAL(f.outputs.size(), 30u);
  refusing = false;
  f.run_retries(3);
  CAF_CHECK_EQUAL(f.outputs.size(), 60u);
}

CAF_TEST(how_far_a_batch_got_is_said_though_a_dead_letter_pins_it) {
  Fixture f;
  f.refuse(DeliveryFault::record,
           [](const SentRecord& record) { return record.value == "in5"; });
  f.add(5, 3);
  f.run();
  const auto partly = f.outbox.take_partly_delivered();
  CAF_REQUIRE_EQUAL(partly.size(), 1u);
  CAF_CHECK(partly[0].ticket.id == BatchId{1});
  CAF_CHECK(partly[0].next == Offset{5});
  CAF_CHECK(f.outbox.take_partly_delivered().empty()); // said once
  CAF_CHECK_EQUAL(f.outbox.delivered(Destination::output), 5u);
  CAF_CHECK_EQUAL(f.outbox.delivered(Destination::dead_letters), 2u);
  CAF_CHECK(f.outbox.take_delivered().empty());
}

CAF_TEST(how_far_a_batch_got_is_not_guessed) {
  Fixture f;
  f.script->stalled = true;
  f.add(5);
  f.outbox.pump(f.sink, f.now, 0);
  DeliveryReports reports;
  reports.delivered.push_back({0, 2}); // of which?
  f.outbox.apply_reports(reports, f.now);
  CAF_CHECK(f.outbox.take_partly_delivered().empty());
}

CAF_TEST(whatever_is_refused_how_long_order_holds_and_nothing_is_given_up) {
  std::mt19937 random{7};
  for (int round = 0; round != 60; ++round) {
    Fixture f;
    f.script->capacity = 1 + random() % 40;
    bool refusing = false;
    const auto fault = random() % 2 == 0 ? DeliveryFault::outage
                                         : DeliveryFault::transient;
    f.refuse(fault, [&refusing](const SentRecord&) { return refusing; });
    for (int step = 0; step != 120; ++step) {
      if (random() % 8 == 0)
        refusing = !refusing;
      if (random() % 3 == 0)
        f.add(static_cast<int>(1 + random() % 20));
      f.now += std::chrono::milliseconds{random() % 150};
      f.run();
    }
    refusing = false;
    f.run();
    f.run_retries(100);
    CAF_REQUIRE_EQUAL(f.outbox.batches(), 0u);
    CAF_REQUIRE(f.dead_letters.empty());
    CAF_REQUIRE_EQUAL(f.outputs,
                      Fixture::in_order(static_cast<int>(f.outputs.size())));
  }
}

CAF_TEST(a_dead_letter_without_a_key_is_given_one_where_it_needs_one) {
  Fixture f;
  std::vector<std::string> keys;
  f.script->answer = [&keys](const SentRecord& record) {
    keys.push_back(record.key);
    return Answer{!record.key.empty(), DeliveryFault::record, "compacted"};
  };
  const auto add = [&f](std::uint64_t id, std::int64_t offset) {
    RecordBatch::Builder builder{"user-login", PartitionId{0},
                                 AssignmentEpoch{1}};
    RecordView record;
    record.offset = Offset{offset};
    record.value = "bad";
    builder.append(record);
    auto batch = std::make_shared<EncodedBatch>(*encoded(0, 1));
    batch->raw = builder.finish();
    f.outbox.add(ticket(id), batch);
  };
  add(1, 41);
  f.run();
  CAF_CHECK_EQUAL(keys, (std::vector<std::string>{"", "user-login/0/41"}));
  add(2, 42); // it is known by now
  f.run();
  CAF_CHECK_EQUAL(keys.back(), "user-login/0/42");
  CAF_CHECK_EQUAL(keys.size(), 3u);
  CAF_CHECK_EQUAL(f.outbox.take_delivered().size(), 2u);
}
