#include "node/lifecycle/shutdown.hpp"

#include "messages/insights.hpp"
#include "messages/lifecycle.hpp"
#include "messages/state.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>

#include <algorithm>
#include <thread>

namespace millrace::node {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds insight_wait{1};
/// An answer at the deadline takes its time.
constexpr seconds grace{3};
/// Who hangs is replaced meanwhile.
constexpr milliseconds patience{1'000};
constexpr milliseconds pause{10};

/// Orders something of whoever plays a role, again of the next one when an
/// actor dies over it, until it is answered or the time is over. Where nobody
/// is started any more, there is no next one.
template <class Answer, class Find, class Order, class Take>
bool insist(caf::scoped_actor& self, const Find& find, Clock::time_point end,
            bool gave_up, const Order& order, const Take& take) {
  for (bool answered = false;;) {
    const auto now = Clock::now();
    if (now >= end + grace)
      return false;
    const auto left = std::chrono::duration_cast<milliseconds>(
      std::max(end, now) - now);
    const auto actor = find();
    bool gone = !actor;
    if (actor)
      self->request(actor, patience, order(left))
        .receive(
          [&](const Answer& answer) {
            take(answer);
            answered = true;
          },
          [&gone](const caf::error& error) {
            gone = error == caf::sec::request_receiver_down;
          });
    if (answered)
      return true;
    if (gone && gave_up)
      return false;
    std::this_thread::sleep_for(pause); // for the supervisor to act
  }
}

/// Each step is awaited, so that the last counts are with the producer before
/// it is told to close.
void publish_last_insights(caf::scoped_actor& self, const Topology& topology,
                           logic::Log& log) {
  const auto insights = topology.insights();
  if (!insights)
    return;
  const auto lost = [&log](const caf::error& error) {
    log.warn("node", "the last insights were not published",
             {{"error", caf::to_string(error)}});
  };
  for (const auto& enricher : topology.enrichers())
    self->request(enricher, insight_wait, messages::FlushCounts{})
      .receive([] {}, lost);
  self->request(insights, insight_wait, messages::PublishNow{})
    .receive([] {}, lost);
}

} // namespace

ShutdownOutcome shut_down(caf::actor_system& system, const Topology& topology,
                          milliseconds deadline, bool gave_up,
                          logic::Log& log) {
  ShutdownOutcome outcome;
  const auto end = Clock::now() + deadline;
  caf::scoped_actor self{system};
  const auto drain = [&](const auto& find) {
    return insist<messages::IntakeDrained>(
      self, find, end, gave_up,
      [](milliseconds left) { return messages::DrainIntake{left}; },
      [&](const messages::IntakeDrained& answer) {
        outcome.records = answer.records;
        outcome.unfinished = answer.unfinished_records;
      });
  };
  if (!topology.consumer() && topology.lane_host()) {
    // What it leaves behind those do who sent it.
    if (!drain([&] { return topology.lane_host(); }))
      outcome.failure = "the host of the lanes did not finish";
    outcome.unfinished = 0;
    publish_last_insights(self, topology, log);
    return outcome;
  }
  if (!drain([&] { return topology.consumer(); }))
    outcome.failure = "the consumer did not finish";
  publish_last_insights(self, topology, log);
  // What was finished is committed already; this is for the insights.
  const bool closed = insist<messages::OutputClosed>(
    self, [&] { return topology.producer(); },
    std::max(end, Clock::now() + milliseconds{200}), gave_up,
    [](milliseconds left) { return messages::CloseOutput{left}; },
    [](const messages::OutputClosed&) {});
  if (!closed && outcome.failure.empty())
    outcome.failure = "the producer did not close";
  // Nothing is judged any more. What is not saved costs history, no records.
  if (topology.state_keeper())
    insist<messages::StateClosed>(
      self, [&] { return topology.state_keeper(); },
      std::max(end, Clock::now() + milliseconds{500}), gave_up,
      [](milliseconds left) { return messages::CloseState{left}; },
      [](const messages::StateClosed&) {});
  return outcome;
}

} // namespace millrace::node
