#include "logic/supervision/supervision_tree.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic::supervision {

namespace {

/// The error of a group, without its name, that has had too many restarts.
std::string exceeded_text(std::size_t failures, const Intensity& limit,
                          const std::string& member, const std::string& error) {
  return "gave up after " + std::to_string(failures)
         + (failures == 1 ? " failure" : " failures") + " within "
         + std::to_string(limit.window.count()) + " ms ("
         + std::to_string(limit.restarts) + " allowed); the last: " + member
         + ": " + error;
}

std::string error_of_end(Ending ending, std::string error) {
  if (!error.empty())
    return error;
  return ending == Ending::normal ? "ended without being asked to"
                                  : "failed and did not say why";
}

} // namespace

SupervisionTree::SupervisionTree(const GroupSpec& root,
                                 HeartbeatConfig heartbeat, std::uint64_t seed)
  : heartbeat_(heartbeat), random_(seed) {
  add_group(root, 0);
}

void SupervisionTree::add_group(const GroupSpec& spec, Index parent) {
  assert(group_named(spec.name) == nullptr);
  const auto index = nodes_.size();
  nodes_.push_back(
    {spec.name, spec.restart, parent, index + 1,
     Group{spec.strategy, spec.back_off, RestartIntensity{spec.intensity}}});
  for (const auto& member : spec.members)
    if (const auto* group = std::get_if<GroupSpec>(&member.spec))
      add_group(*group, index);
    else
      add_child(std::get<ChildSpec>(member.spec), index);
  nodes_[index].end = nodes_.size();
}

void SupervisionTree::add_child(const ChildSpec& spec, Index parent) {
  const auto index = nodes_.size();
  Child child;
  child.id = ChildId{static_cast<std::uint32_t>(children_.size())};
  if (spec.hang_deadline)
    child.heartbeat.emplace(heartbeat_.interval, *spec.hang_deadline);
  children_.push_back(index);
  nodes_.push_back({spec.name, spec.restart, parent, index + 1, child});
}

SupervisionTree::Steps SupervisionTree::start(TimePoint now) {
  assert(phase_ != Phase::live);
  Steps steps;
  if (phase_ != Phase::fresh)
    return steps;
  phase_ = Phase::live;
  start_below(0, now, steps);
  return steps;
}

void SupervisionTree::start_below(Index top, TimePoint now, Steps& steps) {
  for (auto index = top; index != nodes_[top].end; ++index) {
    auto& node = nodes_[index];
    if (node.started)
      ++node.restarts;
    node.started = true;
    node.state = State::running;
    node.down_since.reset();
    node.restart_due.reset();
    if (auto* group = std::get_if<Group>(&node.role))
      group->intensity.forget();
    else
      start_child(std::get<Child>(node.role), now, steps);
  }
}

void SupervisionTree::start_child(Child& child, TimePoint now, Steps& steps) {
  last_incarnation_ = Incarnation{last_incarnation_.value + 1};
  child.incarnation = last_incarnation_;
  if (child.heartbeat)
    child.heartbeat->begin(now);
  steps.push_back({Step::Kind::start, child.id, child.incarnation, {}});
}

SupervisionTree::Steps
SupervisionTree::on_ended(ChildId child, Incarnation incarnation, Ending ending,
                          std::string error, TimePoint now) {
  Steps steps;
  if (!is_current(child, incarnation)) {
    leaving_.erase(incarnation);
    return steps;
  }
  auto& node = node_of(child);
  node.state = State::stopped;
  node.down_since = now;
  if (ending == Ending::failure || node.restart == Restart::permanent) {
    fail(children_[child.value], error_of_end(ending, std::move(error)), now,
         steps);
  }
  return steps;
}

/// Restarts what shares the fate of `failed`, unless its group has had too
/// many restarts: then the group has failed, and so on up. Nobody is stopped
/// before it is clear how far up, so that all are stopped in reverse order.
void SupervisionTree::fail(Index failed, std::string error, TimePoint now,
                           Steps& steps) {
  for (;;) {
    auto& node = nodes_[failed];
    node.last_error = error;
    if (failed == 0) {
      give_up(now, steps);
      return;
    }
    if (node.restart == Restart::temporary) {
      const bool is_group = std::holds_alternative<Group>(node.role);
      const Range range{failed, node.end};
      stop_children(range, node.name + ": " + error, now, steps);
      mark(range, is_group ? State::given_up : State::stopped, now);
      return;
    }
    auto& intensity = std::get<Group>(nodes_[node.parent].role).intensity;
    const auto recent = intensity.add(now);
    if (!intensity.exceeded()) {
      restart_with(failed, recent, now, steps);
      return;
    }
    error = exceeded_text(recent, intensity.limit(), node.name, error);
    failed = node.parent;
  }
}

void SupervisionTree::give_up(TimePoint now, Steps& steps) {
  const auto text = nodes_[0].name + ": " + nodes_[0].last_error;
  stop_children({0, nodes_.size()}, text, now, steps);
  mark({0, nodes_.size()}, State::given_up, now);
  phase_ = Phase::over;
  steps.push_back({Step::Kind::give_up, {}, {}, {}, text});
}

void SupervisionTree::restart_with(Index failed, std::uint32_t recent_restarts,
                                   TimePoint now, Steps& steps) {
  const auto& cause = nodes_[failed];
  const auto& group = std::get<Group>(nodes_[cause.parent].role);
  const auto [first, last] = shared_fate(failed);
  TimePoint due = now + draw_wait(group.back_off, recent_restarts);
  // Some may wait already. None is started before its own time, nor are
  // those who share a fate started apart.
  for (auto index = first; index < last; index = nodes_[index].end)
    due = std::max(due, nodes_[index].restart_due.value_or(due));
  stop_children({first, last}, cause.name + ": " + cause.last_error, now,
                steps);
  for (auto index = first; index < last; index = nodes_[index].end) {
    auto& member = nodes_[index];
    const bool temporary = member.restart == Restart::temporary;
    mark({index, member.end}, temporary ? State::stopped : State::waiting, now);
    if (!temporary)
      member.restart_due = due;
  }
}

SupervisionTree::Range SupervisionTree::shared_fate(Index failed) const {
  const auto& node = nodes_[failed];
  const auto& parent = nodes_[node.parent];
  switch (std::get<Group>(parent.role).strategy) {
    case Strategy::rest_for_one:
      return {failed, parent.end};
    case Strategy::all_for_one:
      return {node.parent + 1, parent.end};
    case Strategy::one_for_one:
      break;
  }
  return {failed, node.end};
}

std::chrono::milliseconds
SupervisionTree::draw_wait(const BackOff& back_off,
                           std::uint32_t recent_restarts) {
  return jittered(back_off.delay(recent_restarts), random_());
}

void SupervisionTree::stop_children(Range range, const std::string& reason,
                                    TimePoint now, Steps& steps) {
  for (auto index = range.second; index != range.first; --index) {
    auto& node = nodes_[index - 1];
    const auto* child = std::get_if<Child>(&node.role);
    if (child == nullptr || node.state != State::running)
      continue;
    const bool hung = child->heartbeat && child->heartbeat->silent_too_long();
    steps.push_back(
      {Step::Kind::stop, child->id, child->incarnation, {}, reason, hung});
    if (child->heartbeat)
      leaving_.emplace(child->incarnation,
                       Leaving{child->id, child->heartbeat->silence(now)});
    node.state = State::stopped;
    node.down_since = now;
  }
}

void SupervisionTree::mark(Range range, State state, TimePoint now) {
  for (auto index = range.first; index != range.second; ++index) {
    auto& node = nodes_[index];
    if (node.state == State::running)
      node.down_since = now;
    if (state != State::stopped || node.state != State::given_up)
      node.state = state;
    node.restart_due.reset();
  }
}

SupervisionTree::Steps SupervisionTree::stop(TimePoint now) {
  Steps steps;
  if (phase_ == Phase::over)
    return steps;
  phase_ = Phase::over;
  stop_children({0, nodes_.size()}, {}, now, steps);
  mark({0, nodes_.size()}, State::stopped, now);
  return steps;
}

} // namespace millrace::logic::supervision
