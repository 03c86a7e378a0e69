#include "node/fault_injector.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace millrace::node {

namespace {

using logic::faults::FaultKind;
using logic::faults::FaultOrder;

constexpr std::chrono::seconds answer_wait{5};

void crash() {
  throw std::runtime_error{"fault on purpose: crash"};
}

/// A stage's answer is garbled on its way to whoever comes after it.
std::string_view kind_after(std::string_view kind) {
  if (kind == "validator")
    return "enricher";
  if (kind == "enricher")
    return "encoder";
  return "producer"; // after an encoder
}

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
  std::shared_ptr<adapters::sabotage::Sabotage> sabotage)
  : system_(system), topology_(std::move(topology)),
    sabotage_(std::move(sabotage)) {}

logic::Result<std::uint32_t> FaultInjector::inject(const FaultOrder& order) {
  const auto sleep = [duration = order.duration] {
    std::this_thread::sleep_for(duration);
  };
  std::uint32_t obeying = 1;
  switch (order.kind) {
    case FaultKind::crash:
      obeying = order.after_batches == 0 ? order_actors(order, crash)
                                         : arm_gates(order, crash);
      break;
    case FaultKind::hang:
      obeying = order_actors(order, sleep);
      break;
    case FaultKind::slow:
      obeying = arm_gates(order, sleep);
      break;
    case FaultKind::corrupt_answer:
      obeying = order.target.starts_with("anomaly_detector")
                  ? arm_gates(order)
                  : arm_next_gate(order);
      break;
    case FaultKind::die_on_match:
      obeying = arm_gates(order, [] { std::raise(SIGKILL); });
      break;
    case FaultKind::throw_on_match:
    case FaultKind::drop_credit:
    case FaultKind::exhaust_credit:
      obeying = arm_gates(order);
      break;
    case FaultKind::fail_deliveries:
      sabotage_->fail_deliveries(order.count);
      break;
    case FaultKind::lose_reports:
      sabotage_->lose_reports(order.count);
      break;
    case FaultKind::fence_producer:
      sabotage_->fence_producer();
      break;
    case FaultKind::fail_commits:
      sabotage_->fail_commits(order.count);
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

std::uint32_t FaultInjector::order_actors(const FaultOrder& order,
                                          std::function<void()> act) {
  const auto supervisor = topology_->supervisor();
  if (!supervisor)
    return 0;
  std::uint32_t count = 0;
  caf::scoped_actor self{system_};
  self
    ->request(supervisor, answer_wait,
              messages::PassOnFault{[order](const std::string& actor) {
                                      return is_meant(order, actor);
                                    },
                                    std::move(act)})
    .receive([&count](std::uint32_t obeying) { count = obeying; },
             [](const caf::error&) {});
  return count;
}

std::uint32_t FaultInjector::arm_gates(const FaultOrder& order,
                                       std::function<void()> act) {
  std::uint32_t count = 0;
  for (const auto& [actor, gate] : topology_->gates())
    if (is_meant(order, actor)) {
      ++count;
      caf::anon_send(gate, messages::ArmGate{order, act, std::nullopt});
    }
  return count;
}

std::uint32_t FaultInjector::arm_next_gate(const FaultOrder& order) {
  auto next = order;
  const auto number = number_of(order.target);
  next.target = kind_after(
    std::string_view{order.target}.substr(0, order.target.find(' ')));
  if (number && next.target != "producer")
    next.target += ' ' + std::to_string(*number);
  std::uint32_t count = 0;
  for (const auto& [actor, gate] : topology_->gates())
    if (is_meant(next, actor)) {
      ++count;
      caf::anon_send(gate, messages::ArmGate{next, {}, number});
    }
  return count;
}

} // namespace millrace::node
