#include "node/topology.hpp"

#include "actors/fault_gate.hpp"
#include "node/topology_cast.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace millrace::node {

using logic::supervision::ChildSpec;
using logic::supervision::GroupSpec;
using logic::supervision::Member;
using logic::supervision::Restart;
using logic::supervision::Strategy;

constexpr std::chrono::milliseconds longest_window{86'400'000};

// -- Who supervises whom ------------------------------------------------------

GroupSpec Cast::tree() const {
  const auto& timing = config_.supervision;
  const auto working = timing.hang_deadline;
  const auto waiting = timing.client_hang_deadline;
  std::vector<Member> delivery{
    ChildSpec{.name = "dispatcher", .hang_deadline = working},
    ChildSpec{.name = "producer", .hang_deadline = waiting}};
  if (config_.insights.enabled)
    delivery.emplace_back(
      ChildSpec{.name = "insights", .hang_deadline = working});
  std::vector<Member> members{group("delivery", std::move(delivery))};
  if (!shards_.empty())
    members.emplace_back(group("detection", shard_members()));
  for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane)
    members.emplace_back(group(
      numbered("lane", lane),
      {ChildSpec{.name = numbered("encoder", lane), .hang_deadline = working},
       ChildSpec{.name = numbered("enricher", lane), .hang_deadline = working},
       ChildSpec{.name = numbered("validator", lane),
                 .hang_deadline = working}}));
  if (!parts_.background.empty())
    members.emplace_back(group("background", background_members()));
  members.emplace_back(
    group("intake", {ChildSpec{.name = "consumer", .hang_deadline = waiting}}));
  auto root = group("node", std::move(members));
  // A group takes most of its window to fail, so that of the root must hold
  // many of those.
  root.intensity.window *= std::max<std::int64_t>(1, timing.restart_limit);
  root.intensity.window = std::min(root.intensity.window, longest_window);
  return root;
}

std::vector<Member> Cast::shard_members() const {
  std::vector<Member> members;
  if (!parts_.model)
    members.emplace_back(ChildSpec{.name = "trainer"}); // a fit takes long
  for (std::uint32_t shard = 0; shard != shards_.size(); ++shard)
    members.emplace_back(
      ChildSpec{.name = numbered("anomaly_detector", shard),
                .hang_deadline = config_.supervision.hang_deadline});
  return members;
}

std::vector<Member> Cast::background_members() const {
  std::vector<Member> members;
  for (const auto& [name, task] : parts_.background)
    members.emplace_back(
      ChildSpec{.name = name, .restart = Restart::transient});
  return members;
}

GroupSpec Cast::group(std::string name, std::vector<Member> members) const {
  const auto& timing = config_.supervision;
  return {.name = std::move(name),
          .strategy = Strategy::one_for_one,
          .intensity = {static_cast<std::uint32_t>(timing.restart_limit),
                        timing.restart_window},
          .back_off = {timing.restart_backoff, timing.restart_backoff_max},
          .members = std::move(members)};
}

Cast::Cast(caf::actor_system& system, TopologyParts parts)
  : system_(system), parts_(std::move(parts)), config_(parts_.config),
    lanes_(parts_.workers) {
  if (config_.detection.enabled)
    shards_.resize(parts_.workers);
  model_.put(parts_.model);
  if (config_.fault_injection.enabled)
    place_gates();
  describe_starts();
  actors::SupervisorParts supervision;
  supervision.tree = tree();
  supervision.heartbeat = {
    config_.supervision.heartbeat_interval,
    static_cast<std::uint32_t>(config_.supervision.max_hung)};
  supervision.seed = std::hash<std::string>{}(parts_.node);
  supervision.starts = std::move(starts_);
  supervision.on_give_up = parts_.on_give_up;
  supervision.surroundings = around();
  supervision.own_thread = parts_.supervisor_thread;
  supervisor_ = actors::spawn_supervisor(system_, std::move(supervision));
}

// -- Faults on purpose --------------------------------------------------------

template <class Handle>
void Cast::guard_with_gate(const std::string& name, Post<Handle>& post) {
  auto gate = actors::spawn_fault_gate(
    system_, {name,
              [role = post.role] {
                return caf::actor_cast<caf::strong_actor_ptr>(role->holder());
              },
              dispatcher_.role});
  post.front = std::make_shared<actors::Role<Handle>>();
  post.front->fill(caf::actor_cast<Handle>(gate));
  gates_.emplace_back(name, std::move(gate));
}

void Cast::place_gates() {
  guard_with_gate("consumer", consumer_);
  guard_with_gate("dispatcher", dispatcher_);
  guard_with_gate("producer", producer_);
  if (config_.insights.enabled)
    guard_with_gate("insights", insights_);
  if (!shards_.empty() && !parts_.model)
    guard_with_gate("trainer", trainer_);
  for (std::uint32_t lane = 0; lane != lanes_.size(); ++lane) {
    guard_with_gate(numbered("validator", lane), lanes_[lane].validator);
    guard_with_gate(numbered("enricher", lane), lanes_[lane].enricher);
    guard_with_gate(numbered("encoder", lane), lanes_[lane].encoder);
  }
  for (std::uint32_t shard = 0; shard != shards_.size(); ++shard)
    guard_with_gate(numbered("anomaly_detector", shard),
                    shards_[shard].detector);
}

// -- The end ------------------------------------------------------------------

std::vector<actors::EnricherActor> Cast::enrichers() const {
  std::vector<actors::EnricherActor> result;
  for (const auto& lane : lanes_)
    if (auto enricher = lane.enricher.role->holder())
      result.push_back(std::move(enricher));
  return result;
}

void Cast::release() {
  for (const auto& [name, gate] : std::exchange(gates_, {}))
    caf::anon_send_exit(gate, caf::exit_reason::user_shutdown);
  vacate(consumer_);
  vacate(dispatcher_);
  vacate(producer_);
  vacate(insights_);
  vacate(trainer_);
  for (const auto& lane : lanes_) {
    vacate(lane.validator);
    vacate(lane.enricher);
    vacate(lane.encoder);
  }
  for (const auto& shard : shards_)
    vacate(shard.detector);
  supervisor_ = nullptr;
}

std::shared_ptr<Topology> spawn_topology(caf::actor_system& system,
                                         TopologyParts parts) {
  return std::make_shared<Cast>(system, std::move(parts));
}

} // namespace millrace::node
