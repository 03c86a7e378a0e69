#include "node/faults/fault_injector.hpp"

#include "logic/core/actor_table.hpp"

#include "messages/faults.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace millrace::node {

namespace {

using logic::faults::FaultKind;
using logic::faults::FaultOrder;

constexpr std::chrono::seconds answer_wait{5};

std::optional<std::uint32_t> number_of(std::string_view actor) {
  const auto blank = actor.find(' ');
  std::uint32_t number = 0;
  if (blank == std::string_view::npos
      || std::from_chars(actor.data() + blank + 1, actor.data() + actor.size(),
                         number)
             .ec
           != std::errc{})
    return std::nullopt;
  return number;
}

} // namespace

FaultInjector::FaultInjector(
  caf::actor_system& system, std::shared_ptr<Topology> topology,
  std::shared_ptr<adapters::faults::ClientFaults> client_faults)
  : system_(system), topology_(std::move(topology)),
    client_faults_(std::move(client_faults)) {}

logic::Result<std::uint32_t> FaultInjector::inject(const FaultOrder& order) {
  std::uint32_t obeying = 1;
  switch (order.kind) {
    case FaultKind::crash:
      obeying = order.after_batches == 0 ? order_actors(order)
                                         : arm_gates(order);
      break;
    case FaultKind::hang:
      obeying = order_actors(order);
      break;
    case FaultKind::corrupt_answer:
      obeying = arm_next_gates(order);
      break;
    case FaultKind::slow:
    case FaultKind::die_on_match:
    case FaultKind::throw_on_match:
    case FaultKind::drop_credit:
    case FaultKind::exhaust_credit:
      obeying = arm_gates(order);
      break;
    case FaultKind::fail_deliveries:
      client_faults_->fail_deliveries(order.count);
      break;
    case FaultKind::lose_reports:
      client_faults_->lose_reports(order.count);
      break;
    case FaultKind::fence_producer:
      client_faults_->fence_producer();
      break;
    case FaultKind::fail_commits:
      client_faults_->fail_commits(order.count);
      break;
    case FaultKind::broker_down:
      return logic::Error{logic::ErrorCode::unsupported,
                          "a node has no broker to take down; millrace chaos "
                          "does"};
  }
  if (obeying == 0)
    return logic::Error{logic::ErrorCode::not_found,
                        "nobody here is meant by \"" + to_string(order)
                          + "\"; millrace status lists the actors"};
  return obeying;
}

std::uint32_t FaultInjector::order_actors(const FaultOrder& order) {
  const auto supervisor = topology_->supervisor();
  if (!supervisor)
    return 0;
  std::uint32_t count = 0;
  caf::scoped_actor self{system_};
  self->request(supervisor, answer_wait, messages::PassOnFault{order})
    .receive([&count](std::uint32_t obeying) { count = obeying; },
             [](const caf::error&) {});
  return count;
}

std::uint32_t FaultInjector::arm_gates(const FaultOrder& order,
                                       std::optional<std::uint32_t> lane) {
  std::uint32_t count = 0;
  for (const auto& [actor, gate] : topology_->gates())
    if (is_meant(order, actor)) {
      ++count;
      caf::anon_send(gate, messages::ArmGate{order, lane});
    }
  return count;
}

/// A stage's answer is spoilt on its way to whoever comes after it. A detector
/// answers questions, which its own gate does in its place.
std::uint32_t FaultInjector::arm_next_gates(const FaultOrder& order) {
  const auto stage = logic::actor_kind_of(logic::kind_name(order.target));
  if (!stage || logic::traits_of(*stage).group != logic::ActorGroup::lane)
    return arm_gates(order);
  const auto lane = number_of(order.target);
  const auto next = logic::next_in_lane(*stage);
  auto moved = order;
  moved.target = lane ? logic::actor_name(next, *lane)
                      : std::string{logic::name_of(next)};
  return arm_gates(moved, lane);
}

} // namespace millrace::node
