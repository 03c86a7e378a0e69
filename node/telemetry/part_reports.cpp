#include "node/telemetry/part_reports.hpp"

#include "messages/status.hpp"
#include "node/lifecycle/system_config.hpp"

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace millrace::node {

namespace {

constexpr std::chrono::seconds patience{1};

/// An actor that is just being started anew is left out.
template <class Handle, class Answer>
void ask(caf::scoped_actor& self, const Handle& actor,
         std::optional<Answer>& answer, std::string& failure) {
  if (!actor)
    return;
  self->request(actor, patience, messages::ReportStatus{})
    .receive([&answer](Answer& report) { answer = std::move(report); },
             [&failure](const caf::error& error) {
               if (failure.empty() && error == caf::sec::request_timeout)
                 failure = "a part of the node does not answer: "
                           + caf::to_string(error);
             });
}

} // namespace

void ask_parts(caf::actor_system& system, const Topology& topology,
               NodeStatus& status) {
  const LoggerReturn logger_return;
  caf::scoped_actor self{system};
  ask(self, topology.consumer(), status.consumer, status.failure);
  ask(self, topology.dispatcher(), status.dispatcher, status.failure);
  ask(self, topology.producer(), status.producer, status.failure);
  ask(self, topology.judgement_router(), status.judgements, status.failure);
  ask(self, topology.supervisor(), status.supervisor, status.failure);
  ask(self, topology.links(), status.links, status.failure);
  ask(self, topology.remote_lanes(), status.remote_lanes, status.failure);
  ask(self, topology.lane_host(), status.lane_host, status.failure);
}

std::vector<messages::Recovery> recoveries_of(caf::actor_system& system,
                                              const Topology& topology) {
  messages::Recoveries answer;
  if (const auto supervisor = topology.supervisor()) {
    const LoggerReturn logger_return;
    caf::scoped_actor self{system};
    self->request(supervisor, patience, messages::ListRecoveries{})
      .receive(
        [&answer](messages::Recoveries& list) { answer = std::move(list); },
        [](const caf::error&) {});
  }
  return std::move(answer.recoveries);
}

} // namespace millrace::node
