#pragma once

#include "logic/supervision/supervision_tree.hpp"

#include "caf/test/dsl.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace millrace::tests {

using namespace millrace::logic::supervision;
using millrace::logic::Incarnation;
using namespace std::chrono_literals;

/// Executes the steps of a tree in virtual time and notes them as words:
/// "+a" starts a, "-a" stops it, "!" gives up. Checks of every step what must
/// always hold. Children that are not mute answer their pings at once, the
/// others when answer() is called.
class Supervised {
public:
  explicit Supervised(const GroupSpec& root, HeartbeatConfig heartbeat = {},
                      std::uint64_t seed = 1)
    : tree(root, heartbeat, seed) {
    for (std::uint32_t id = 0; id != tree.children(); ++id)
      ids_.emplace(tree.name(ChildId{id}), ChildId{id});
  }

  SupervisionTree tree;
  TimePoint now{};
  std::set<std::string> mute;
  std::map<std::string, int> pings; ///< seen so far
  std::map<std::string, Step> last_stop;
  std::string give_up_text;

  std::string start() { return execute(tree.start(now)); }
  std::string stop() { return execute(tree.stop(now)); }
  std::string advance() { return execute(tree.advance(now)); }

  std::string end(const std::string& name, Ending ending = Ending::failure,
                  const std::string& error = "boom") {
    return end(name, running(name), ending, error);
  }

  std::string end(const std::string& name, Incarnation incarnation,
                  Ending ending = Ending::failure,
                  const std::string& error = "boom") {
    if (running(name) == incarnation)
      running_.erase(name);
    return execute(
      tree.on_ended(ids_.at(name), incarnation, ending, error, now));
  }

  /// Lets time pass, advancing whenever it is due.
  std::string wait(std::chrono::milliseconds time) {
    const auto until = now + time;
    std::string words;
    for (auto due = tree.next_due(); due && *due <= until;
         due = tree.next_due()) {
      CAF_REQUIRE(++turns_ < 1'000'000);
      now = std::max(now, *due);
      append(words, advance());
    }
    now = until;
    return words;
  }

  /// The mute answer what they were asked.
  void answer() {
    for (const auto& ping : std::exchange(unanswered_, {}))
      tree.on_answer(ping.child, ping.incarnation, ping.ping);
  }

  ChildId id(const std::string& name) const { return ids_.at(name); }

  /// None (0) while it does not run.
  Incarnation running(const std::string& name) const {
    const auto found = running_.find(name);
    return found == running_.end() ? Incarnation{} : found->second;
  }

  /// The status of a member anywhere in the tree.
  Status status(const std::string& name) const {
    const auto root = tree.status();
    const auto* found = find(root, name);
    CAF_REQUIRE(found != nullptr);
    return *found;
  }

  /// How long until the member is restarted.
  std::chrono::milliseconds wait_of(const std::string& name) const {
    const auto due = status(name).restart_due;
    CAF_REQUIRE(due.has_value());
    return std::chrono::duration_cast<std::chrono::milliseconds>(*due - now);
  }

private:
  static void append(std::string& words, const std::string& more) {
    if (!words.empty() && !more.empty())
      words += ' ';
    words += more;
  }

  static const Status* find(const Status& status, const std::string& name) {
    if (status.name == name)
      return &status;
    for (const auto& member : status.members)
      if (const auto* found = find(member, name))
        return found;
    return nullptr;
  }

  std::string execute(const std::vector<Step>& steps) {
    std::string words;
    for (const auto& step : steps) {
      CAF_REQUIRE(!over_);
      if (step.kind == Step::Kind::give_up) {
        give_up_text = step.text;
        append(words, "!");
        CAF_CHECK(running_.empty());
        over_ = true;
        continue;
      }
      const auto& name = tree.name(step.child);
      if (step.kind == Step::Kind::start) {
        CAF_REQUIRE_EQUAL(running_.count(name), 0u);
        CAF_REQUIRE(step.incarnation > last_);
        last_ = running_[name] = step.incarnation;
        append(words, "+" + name);
        continue;
      }
      CAF_REQUIRE(running(name) == step.incarnation);
      if (step.kind == Step::Kind::stop) {
        running_.erase(name);
        last_stop[name] = step;
        append(words, "-" + name);
      } else {
        ++pings[name];
        if (mute.contains(name))
          unanswered_.push_back(step);
        else
          tree.on_answer(step.child, step.incarnation, step.ping);
      }
    }
    return words;
  }

  std::map<std::string, ChildId> ids_;
  std::map<std::string, Incarnation> running_;
  std::vector<Step> unanswered_;
  Incarnation last_;
  bool over_ = false;
  int turns_ = 0;
};

} // namespace millrace::tests
