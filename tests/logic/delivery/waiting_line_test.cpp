#define CAF_SUITE waiting_line

#include "logic/delivery/waiting_line.hpp"

#include "caf/test/dsl.hpp"

#include <cstdint>
#include <vector>

using namespace millrace::logic;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  WaitingLine line;
  WaitingLine::TimePoint now{};
  BackOff back_off{100ms, 400ms};

  void join(std::uint32_t index) { line.join({1, index}, {0, index}, now); }
  bool refuse(std::uint32_t index, bool passing) {
    const bool alone = line.on_refused({0, index}, now, back_off, passing);
    join(index);
    return alone;
  }
  /// Sends all that may go.
  std::vector<std::uint32_t> send() {
    std::vector<std::uint32_t> sent;
    while (const auto token = line.next(now)) {
      sent.push_back(token->index);
      line.on_sent(now);
    }
    return sent;
  }
};

using Indices = std::vector<std::uint32_t>;

} // namespace

CAF_TEST(an_open_line_sends_in_order) {
  Fixture f;
  for (const auto index : {3U, 1U, 2U})
    f.join(index);
  CAF_CHECK_EQUAL(f.send(), (Indices{1, 2, 3}));
  CAF_CHECK(!f.line.busy());
}

CAF_TEST(a_closed_line_sends_the_first_to_see_and_backs_off) {
  Fixture f;
  CAF_CHECK(!f.refuse(2, false));
  CAF_CHECK(!f.refuse(1, false)); // sent before it closed
  CAF_CHECK(f.send().empty());
  f.now += 100ms;
  CAF_CHECK_EQUAL(f.send(), (Indices{1}));
  CAF_CHECK(!f.line.due());
  CAF_CHECK(f.refuse(1, false));
  CAF_CHECK(*f.line.due() == f.now + 200ms);
  f.now += 200ms;
  CAF_CHECK_EQUAL(f.send(), (Indices{1}));
  f.line.on_delivered(1, f.now);
  CAF_CHECK_EQUAL(f.send(), (Indices{2}));
}

CAF_TEST(others_have_their_turn_where_a_passing_refusal_may_mean_the_first) {
  Fixture f;
  for (std::uint32_t index = 0; index != 10; ++index)
    f.refuse(index, true);
  Indices probes;
  for (int probe = 0; probe != 11; ++probe) {
    f.now = *f.line.due();
    const auto sent = f.send();
    CAF_REQUIRE_EQUAL(sent.size(), 1u);
    probes.push_back(sent.front());
    f.refuse(sent.front(), true);
  }
  CAF_CHECK_EQUAL(probes, (Indices{0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 4}));
}

CAF_TEST(what_waits_of_a_batch_is_known_and_can_be_forgotten) {
  Fixture f;
  f.join(4);
  f.join(2);
  f.line.join({2, 0}, {1, 0}, f.now);
  CAF_CHECK_EQUAL(f.line.count(1), 2u);
  CAF_CHECK_EQUAL(f.line.first(1).value_or(9), 2u);
  CAF_CHECK(!f.line.first(3));
  CAF_CHECK_EQUAL(f.line.forget(1), 2u);
  CAF_CHECK_EQUAL(f.line.count(2), 1u);
}

CAF_TEST(a_probe_that_is_never_reported_is_not_waited_for) {
  Fixture f;
  f.refuse(1, false);
  f.now += 100ms;
  CAF_CHECK_EQUAL(f.send(), (Indices{1}));
  f.line.on_nothing_queued();
  f.join(1);
  CAF_CHECK_EQUAL(f.send(), (Indices{1}));
}
