#define CAF_SUITE refused_timestamps

#include "logic/delivery/refused_timestamps.hpp"

#include "tests/logic/delivery/outbox_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

using namespace millrace::logic;
using millrace::tests::encoded;
using millrace::tests::OutboxFixture;
using millrace::tests::ticket;

namespace {

constexpr std::int64_t wall_ms = 1'720'000'000'000;

} // namespace

CAF_TEST(what_is_known_of_a_topic_holds_without_a_refusal) {
  RefusedTimestamps refused;
  const RefusedTimestamps::TimePoint now{std::chrono::hours{1}};
  CAF_CHECK(!refused.any(now));
  refused.know(Destination::output, {3'600'000, 7'200'000});
  CAF_CHECK(refused.any(now));
  const auto covers = [&](Destination destination, std::int64_t ahead_ms) {
    return refused.covers(destination, wall_ms + ahead_ms, wall_ms, now);
  };
  CAF_CHECK(covers(Destination::output, 3'600'001));
  CAF_CHECK(!covers(Destination::output, 3'600'000));
  CAF_CHECK(!covers(Destination::output, -7'200'000));
  CAF_CHECK(covers(Destination::output, -7'200'001));
  CAF_CHECK(!covers(Destination::dead_letters, 3'600'001));
  // The topic was changed.
  refused.know(Destination::output, {});
  CAF_CHECK(!refused.any(now));
  CAF_CHECK(!covers(Destination::output, 3'600'001));
}

CAF_TEST(a_timestamp_is_replaced_unsent_where_it_is_known_to_be_refused) {
  OutboxFixture f;
  auto ahead = std::make_shared<EncodedBatch>(*encoded(5, 0));
  ahead->raw = millrace::tests::make_batch({"a", "b", "c", "d", "e"});
  constexpr std::int64_t two_hours_ago = wall_ms - 7'200'000;
  f.script->bounds.ahead_ms = 3'600'000;
  f.outbox.add(ticket(1), ahead);
  f.outbox.pump(f.sink, f.now, two_hours_ago);
  CAF_CHECK_EQUAL(f.script->sent.size(), 5u);
  for (const auto& record : f.script->sent)
    CAF_CHECK_EQUAL(record.timestamp_ms, two_hours_ago);
  CAF_CHECK_EQUAL(f.outbox.replaced_timestamps(), 5u);
  // At the very bound it is taken.
  f.script->bounds.ahead_ms = 7'200'000;
  f.outbox.add(ticket(2), ahead);
  f.outbox.pump(f.sink, f.now, two_hours_ago);
  CAF_CHECK_EQUAL(f.script->sent.back().timestamp_ms, wall_ms);
  CAF_CHECK_EQUAL(f.outbox.replaced_timestamps(), 5u);
}
