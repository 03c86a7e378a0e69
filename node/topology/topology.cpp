#include "node/topology/topology.hpp"

#include "actors/supervision/fault_gate.hpp"
#include "adapters/privacy/keyed_pseudonyms.hpp"
#include "node/topology/supervised_topology.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace millrace::node {

using logic::supervision::ChildSpec;
using logic::supervision::GroupSpec;
using logic::supervision::Member;
using logic::supervision::Restart;
using logic::supervision::Strategy;

namespace {

constexpr std::chrono::milliseconds longest_window{86'400'000};

} // namespace

SupervisedTopology::SupervisedTopology(caf::actor_system& system,
                                       TopologyParameters parameters)
  : system_(system), parameters_(std::move(parameters)),
    config_(parameters_.config), registrations_(shape()),
    lanes_(shape().lanes) {
  parameters_.surroundings.pseudonyms
    = adapters::privacy::make_keyed_pseudonyms(config_.privacy.pseudonym_key);
  if (shape().worker)
    std::apply(
      [](auto&... places) {
        ((places = std::make_shared<typename std::remove_reference_t<
            decltype(places)>::element_type>()),
         ...);
      },
      host_places_);
  for (std::uint32_t number = 0; number != shape().detectors; ++number)
    detector_marks_.push_back(std::make_shared<actors::WorkMark>());
  model_.put(parameters_.model);
  if (config_.fault_injection.enabled)
    place_gates();
  describe_starts();
  actors::SupervisorParameters supervision;
  supervision.tree = tree();
  supervision.heartbeat = {
    config_.supervision.heartbeat_interval,
    static_cast<std::uint32_t>(config_.supervision.max_hung)};
  supervision.seed = std::hash<std::string>{}(parameters_.node);
  supervision.starts = std::move(starts_);
  supervision.on_give_up = parameters_.on_give_up;
  supervision.surroundings = around();
  supervision.own_thread = parameters_.supervisor_thread;
  supervisor_ = actors::spawn_supervisor(system_, std::move(supervision));
}

logic::NodeShape SupervisedTopology::shape() const {
  logic::NodeShape shape;
  shape.worker = config_.node.is_worker();
  shape.lanes = parameters_.workers;
  shape.detectors = config_.detection.enabled && !shape.worker
                      ? parameters_.workers
                      : 0;
  shape.insights = config_.insights.enabled;
  shape.trainer = shape.detectors != 0 && !parameters_.model;
  shape.links = parameters_.links.has_value();
  shape.state_keeper = parameters_.state_store != nullptr;
  return shape;
}

// -- Who supervises whom ------------------------------------------------------

GroupSpec SupervisedTopology::tree() const {
  std::vector<Member> members;
  const auto add = [&](std::string name, std::vector<Member> group_members) {
    if (!group_members.empty())
      members.emplace_back(group(std::move(name), std::move(group_members)));
  };
  for (const auto& traits : logic::group_table)
    if (traits.per_lane)
      for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
        add(logic::numbered(traits.name, lane), members_of(traits, lane));
    else
      add(std::string{traits.name}, members_of(traits, 0));
  auto root = group("node", std::move(members));
  // A group takes most of its window to fail, so that of the root must hold
  // many of those.
  root.intensity.window *= std::max<std::int64_t>(
    1, config_.supervision.restart_limit);
  root.intensity.window = std::min(root.intensity.window, longest_window);
  return root;
}

std::vector<Member>
SupervisedTopology::members_of(const logic::GroupTraits& group,
                               std::uint32_t lane) const {
  std::vector<Member> members;
  if (group.group == logic::ActorGroup::background)
    for (const auto& [name, task] : parameters_.background)
      members.emplace_back(
        ChildSpec{.name = name, .restart = Restart::transient});
  auto kinds = logic::actor_table;
  if (group.last_first)
    std::ranges::reverse(kinds);
  for (const auto& traits : kinds) {
    if (traits.group != group.group)
      continue;
    if (group.per_lane) {
      members.emplace_back(child(traits.kind, lane));
      continue;
    }
    const auto count = logic::count_of(traits.kind, shape());
    for (std::uint32_t number = 0; number != count; ++number)
      members.emplace_back(child(traits.kind, number));
  }
  return members;
}

ChildSpec SupervisedTopology::child(logic::ActorKind kind,
                                    std::uint32_t number) const {
  ChildSpec spec{.name = logic::actor_name(kind, number)};
  switch (logic::traits_of(kind).patience) {
    case logic::Patience::working:
      spec.hang_deadline = config_.supervision.hang_deadline;
      break;
    case logic::Patience::client:
      spec.hang_deadline = config_.supervision.client_hang_deadline;
      break;
    case logic::Patience::unlimited:
      break;
  }
  return spec;
}

GroupSpec SupervisedTopology::group(std::string name,
                                    std::vector<Member> members) const {
  const auto& timing = config_.supervision;
  return {.name = std::move(name),
          .strategy = Strategy::one_for_one,
          .intensity = {static_cast<std::uint32_t>(timing.restart_limit),
                        timing.restart_window},
          .back_off = {timing.restart_backoff, timing.restart_backoff_max},
          .members = std::move(members)};
}

// -- Faults on purpose --------------------------------------------------------

void SupervisedTopology::place_gates() {
  const auto dispatcher
    = shape().worker
        ? place<logic::ActorKind::dispatcher>()
        : registrations_.at<logic::ActorKind::dispatcher>().registered;
  registrations_.for_each([&]<logic::ActorKind kind>(const std::string& name,
                                                     std::uint32_t,
                                                     auto& registration) {
    auto gate = actors::spawn_fault_gate(
      system_,
      {name,
       [registered = registration.registered] {
         return caf::actor_cast<caf::strong_actor_ptr>(registered->current());
       },
       dispatcher, around().fault_effects});
    registration.address
      = std::make_shared<actors::RegisteredActor<actors::ActorOf<kind>>>();
    registration.address->assign(caf::actor_cast<actors::ActorOf<kind>>(gate));
    if constexpr (kind == logic::ActorKind::lane_host)
      put_host_in_places(gate);
    gates_.emplace_back(name, std::move(gate));
  });
}

// -- The end ------------------------------------------------------------------

std::vector<actors::EnricherActor> SupervisedTopology::enrichers() const {
  std::vector<actors::EnricherActor> result;
  for (const auto& each : registrations_.all<logic::ActorKind::enricher>())
    if (auto enricher = each.registered->current())
      result.push_back(std::move(enricher));
  return result;
}

void SupervisedTopology::release() {
  for (const auto& [name, gate] : std::exchange(gates_, {}))
    caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
  registrations_.for_each([]<logic::ActorKind>(const std::string&,
                                               std::uint32_t,
                                               auto& registration) {
    registration.registered->assign({});
    registration.address->assign({});
  });
  if (shape().worker)
    std::apply([](auto&... places) { (places->assign({}), ...); },
               host_places_);
  if (parameters_.links)
    parameters_.links->release();
  supervisor_ = nullptr;
}

std::shared_ptr<Topology> spawn_topology(caf::actor_system& system,
                                         TopologyParameters parameters) {
  return std::make_shared<SupervisedTopology>(system, std::move(parameters));
}

} // namespace millrace::node
