#include "logic/supervision/supervision_tree.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::logic::supervision {

void SupervisionTree::on_answer(ChildId child, Incarnation incarnation,
                                PingNumber ping) {
  if (!is_current(child, incarnation))
    return;
  if (auto& heartbeat = std::get<Child>(node_of(child).role).heartbeat)
    heartbeat->answered(ping);
}

SupervisionTree::Steps SupervisionTree::advance(TimePoint now) {
  Steps steps;
  if (phase_ != Phase::live)
    return steps;
  handle_hangs(now, steps);
  for (Index index = 0; index != nodes_.size(); ++index) {
    const auto due = nodes_[index].restart_due;
    if (due && *due <= now)
      start_below(index, now, steps);
  }
  send_pings(now, steps);
  return steps;
}

/// A child whose sibling fails in the same call is stopped with it, and is
/// no failure of its own.
void SupervisionTree::handle_hangs(TimePoint now, Steps& steps) {
  const auto silent = look_for_silence(now);
  for (const auto index : silent) {
    auto& node = nodes_[index];
    const auto deadline = std::get<Child>(node.role).heartbeat->deadline();
    node.last_error = "did not answer for " + std::to_string(deadline.count())
                      + " ms";
  }
  const auto hanging = hung() + silent.size();
  if (hanging > heartbeat_.max_hung) {
    fail(0,
         std::to_string(hanging) + (hanging == 1 ? " hangs (" : " hang (")
           + std::to_string(heartbeat_.max_hung)
           + " allowed): " + hung_names(silent),
         now, steps);
    return;
  }
  for (const auto index : silent)
    if (nodes_[index].state == State::running)
      fail(index, nodes_[index].last_error, now, steps);
}

std::vector<SupervisionTree::Index>
SupervisionTree::look_for_silence(TimePoint now) {
  for (auto& [incarnation, leaving] : leaving_)
    if (!leaving.silence.too_long())
      leaving.silence.look(now);
  std::vector<Index> silent;
  for (const auto index : children_) {
    auto& heartbeat = std::get<Child>(nodes_[index].role).heartbeat;
    if (!heartbeat || nodes_[index].state != State::running)
      continue;
    heartbeat->look(now);
    if (heartbeat->silent_too_long())
      silent.push_back(index);
  }
  return silent;
}

std::string
SupervisionTree::hung_names(const std::vector<Index>& silent) const {
  std::string names;
  const auto add = [&names](const std::string& name) {
    names += (names.empty() ? "" : ", ") + name;
  };
  for (const auto& [incarnation, leaving] : leaving_)
    if (leaving.silence.too_long())
      add(name(leaving.child));
  for (const auto index : silent)
    add(nodes_[index].name);
  return names;
}

void SupervisionTree::send_pings(TimePoint now, Steps& steps) {
  for (const auto index : children_) {
    auto& child = std::get<Child>(nodes_[index].role);
    if (nodes_[index].state != State::running || !child.heartbeat
        || !child.heartbeat->ping_due(now))
      continue;
    last_ping_ = PingNumber{last_ping_.value + 1};
    child.heartbeat->asked(last_ping_, now);
    steps.push_back(
      {Step::Kind::ping, child.id, child.incarnation, last_ping_});
  }
}

std::optional<TimePoint> SupervisionTree::next_due() const {
  std::optional<TimePoint> next;
  if (phase_ != Phase::live)
    return next;
  const auto consider = [&next](TimePoint due) {
    next = std::min(next.value_or(due), due);
  };
  for (const auto& node : nodes_) {
    if (node.restart_due)
      consider(*node.restart_due);
    const auto* child = std::get_if<Child>(&node.role);
    if (child != nullptr && child->heartbeat && node.state == State::running)
      consider(child->heartbeat->next_due());
  }
  for (const auto& [incarnation, leaving] : leaving_)
    if (!leaving.silence.too_long())
      consider(leaving.silence.next_look());
  return next;
}

std::uint32_t SupervisionTree::hung() const noexcept {
  return static_cast<std::uint32_t>(
    std::ranges::count_if(leaving_, [](const auto& entry) {
      return entry.second.silence.too_long();
    }));
}

std::uint32_t SupervisionTree::hung(ChildId child) const noexcept {
  return static_cast<std::uint32_t>(
    std::ranges::count_if(leaving_, [child](const auto& entry) {
      return entry.second.child == child && entry.second.silence.too_long();
    }));
}

const std::string& SupervisionTree::name(ChildId child) const {
  return node_of(child).name;
}

const SupervisionTree::Node*
SupervisionTree::group_named(std::string_view group) const {
  const auto found = std::ranges::find_if(nodes_, [group](const Node& node) {
    return node.name == group && std::holds_alternative<Group>(node.role);
  });
  return found == nodes_.end() ? nullptr : &*found;
}

std::vector<ChildId> SupervisionTree::below(std::string_view group) const {
  std::vector<ChildId> found;
  const auto* top = group_named(group);
  if (top == nullptr)
    return found;
  for (const auto* node = top; node != nodes_.data() + top->end; ++node)
    if (const auto* child = std::get_if<Child>(&node->role))
      found.push_back(child->id);
  return found;
}

bool SupervisionTree::is_current(ChildId child, Incarnation incarnation) const {
  const auto& node = node_of(child);
  return node.state == State::running
         && std::get<Child>(node.role).incarnation == incarnation;
}

SupervisionTree::Node& SupervisionTree::node_of(ChildId child) {
  assert(child.value < children_.size());
  return nodes_[children_[child.value]];
}

const SupervisionTree::Node& SupervisionTree::node_of(ChildId child) const {
  assert(child.value < children_.size());
  return nodes_[children_[child.value]];
}

Status SupervisionTree::status() const {
  return status_of(0);
}

Status SupervisionTree::status_of(Index index) const {
  const auto& node = nodes_[index];
  Status status;
  status.name = node.name;
  status.state = node.state;
  status.restarts = node.restarts;
  status.last_error = node.last_error;
  status.down_since = node.down_since;
  status.restart_due = node.restart_due;
  if (const auto* child = std::get_if<Child>(&node.role)) {
    status.child = child->id;
    status.incarnation = child->incarnation;
    status.hung = hung(child->id);
    return status;
  }
  for (auto member = index + 1; member != node.end;
       member = nodes_[member].end) {
    status.members.push_back(status_of(member));
    status.hung += status.members.back().hung;
  }
  return status;
}

} // namespace millrace::logic::supervision
