#pragma once

#include "actors/links/door.hpp"
#include "actors/links/link_keeper.hpp"
#include "actors/telemetry/metrics.hpp"
#include "messages/links.hpp"
#include "messages/status.hpp"
#include "messages/wire/type_ids.hpp"
#include "tests/simulation/virtual_clock.hpp"
#include "tests/support/memory_log.hpp"

#include "caf/test/dsl.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace millrace::tests {

/// Doors by address, in one actor system: whom nobody hides is found at once.
class SimulatedNetwork final : public actors::LinkTransport {
public:
  using Endpoint = logic::links::Endpoint;

  std::map<Endpoint, caf::actor> doors;
  std::set<Endpoint> silent; ///< take calls and never answer
  std::vector<Endpoint> dialled;
  std::set<std::uint64_t> admitted;
  int hung_up = 0;

  void dial(const Endpoint& endpoint,
            const actors::LinksActor& keeper) override {
    dialled.push_back(endpoint);
    if (silent.contains(endpoint))
      return;
    messages::DialEnded ended{endpoint, nullptr, false, {}, {}};
    if (const auto found = doors.find(endpoint); found != doors.end())
      ended.door = caf::actor_cast<caf::strong_actor_ptr>(found->second);
    else
      ended.error = "nobody there";
    caf::anon_send(keeper, std::move(ended));
  }
  void admit(std::uint64_t actor) override { admitted.insert(actor); }
  void expel(std::uint64_t actor) override { admitted.erase(actor); }
  void hang_up(const caf::strong_actor_ptr&) override { ++hung_up; }
  std::string address_of(const caf::strong_actor_ptr&) override {
    return "10.9.9.9:40000";
  }
};

/// What somebody was told of the links.
struct Witness {
  std::vector<messages::LinkUp> ups;
  std::vector<messages::LinkDown> downs;
  std::vector<messages::PeerOwners> owners;
  std::map<std::uint64_t, std::size_t> credit; ///< by incarnation, the last
};

inline caf::behavior witness_of(caf::event_based_actor*, Witness* witness) {
  return {
    [witness](messages::LinkUp& up) { witness->ups.push_back(up); },
    [witness](messages::LinkDown& down) { witness->downs.push_back(down); },
    [witness](messages::PeerOwners& heard) {
      witness->owners.push_back(heard);
    },
    [witness](const messages::PeerCredit& heard) {
      witness->credit[heard.incarnation] = heard.bytes;
    },
  };
}

/// The part of a node that links.
struct LinkedNode {
  logic::links::NodeIdentity identity;
  logic::links::Endpoint endpoint;
  std::shared_ptr<prometheus::Registry> registry
    = std::make_shared<prometheus::Registry>();
  std::shared_ptr<MemoryLog> log = std::make_shared<MemoryLog>();
  actors::RegisteredActorPtr<actors::LinksActor> keeper
    = std::make_shared<actors::RegisteredActor<actors::LinksActor>>();
  caf::actor door;
  caf::actor watcher;
  Witness seen;
  std::uint64_t starts = 0;
};

/// Several of them on virtual time.
struct LinkedNodes : test_coordinator_fixture<> {
  std::shared_ptr<SimulatedNetwork> network
    = std::make_shared<SimulatedNetwork>();
  std::shared_ptr<VirtualClock> clock = std::make_shared<VirtualClock>(
    1'730'000'000'000);
  std::map<std::string, std::unique_ptr<LinkedNode>> nodes;
  bool all_begin = false; ///< whatever their addresses, each dials at once

  ~LinkedNodes() override {
    for (const auto& [name, node] : nodes)
      stop(*node);
    run();
  }

  /// A node named by a letter; its address and incarnation follow it.
  LinkedNode& add(const std::string& name) {
    auto& node
      = *nodes.emplace(name, std::make_unique<LinkedNode>()).first->second;
    node.endpoint = {"10.0.0." + std::to_string(name[0] - 'a' + 1), 9110};
    node.identity.cluster = "logins";
    node.identity.name = name;
    node.identity.version = "0.4.0";
    node.identity.advertised = to_string(node.endpoint);
    node.door = actors::spawn_door(sys, node.keeper);
    node.watcher = sys.spawn(witness_of, &node.seen);
    network->doors[node.endpoint] = node.door;
    return node;
  }

  /// Starts its keeper, the first or a further one, with all others as peers.
  void start(LinkedNode& node) {
    std::vector<logic::links::DialPlan::Target> targets;
    for (const auto& [name, other] : nodes)
      if (other.get() != &node)
        targets.push_back(
          {other->endpoint, all_begin || node.endpoint < other->endpoint});
    ++node.starts;
    node.keeper->assign(actors::spawn_link_keeper(
      sys, {.self = node.identity,
            .draw_incarnation =
              [&node] {
                return std::uint64_t{node.starts} << 8U
                       | static_cast<std::uint64_t>(node.identity.name[0]);
              },
            .transport = network,
            .door = node.door,
            .targets = [targets] { return targets; },
            .watchers = {[&node] { return node.watcher; }},
            .router = {},
            .max_links = 4,
            .answered_bytes = 1'200,
            .surroundings = {node.log,
                             std::make_shared<actors::Metrics>(node.registry),
                             clock, nullptr}}));
  }

  /// As the process's end does.
  void stop(LinkedNode& node) {
    if (auto keeper = node.keeper->current())
      caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
    node.keeper->assign({});
    for (auto* actor : {&node.door, &node.watcher})
      if (*actor)
        caf::anon_send_exit(std::exchange(*actor, {}),
                            caf::exit_reason::user_shutdown);
    network->doors.erase(node.endpoint);
  }

  void start_all(const std::string& names) {
    for (const char name : names)
      add(std::string{name});
    for (const auto& [name, node] : nodes)
      start(*node);
    pass(std::chrono::seconds{4});
  }

  LinkedNode& operator[](const std::string& name) { return *nodes.at(name); }

  /// All that is to be done now; the fixture's own would let time pass.
  void run() { sched.run(); }

  void pass(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds step{50};
    run();
    for (; time.count() > 0; time -= step) {
      sched.advance_time(step);
      clock->advance(step);
      run();
    }
  }

  messages::LinksStatus status(LinkedNode& node) {
    messages::LinksStatus answer;
    auto handle = self->request(node.keeper->current(), caf::infinite,
                                messages::ReportStatus{});
    run();
    handle.receive(
      [&answer](messages::LinksStatus& report) { answer = std::move(report); },
      [](const caf::error& error) { CAF_FAIL("no status: " << error); });
    return answer;
  }

  /// The names of those that a node is linked with.
  std::string linked(LinkedNode& node) {
    std::string names;
    for (const auto& link : status(node).links)
      names += link.node.name;
    return names;
  }
};

} // namespace millrace::tests
