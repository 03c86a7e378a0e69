#pragma once

#include "logic/core/back_off.hpp"
#include "logic/supervision/heartbeat.hpp"
#include "logic/supervision/restart_intensity.hpp"
#include "logic/supervision/spec.hpp"
#include "logic/supervision/step.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace millrace::logic::supervision {

/// Decides who is started, stopped and restarted when children end or hang,
/// after the supervisors of Erlang/OTP ("OTP Design Principles", chapter
/// "Supervisor Behaviour", and supervisor.erl). Whoever holds it executes the
/// steps in order, reports what happens, and calls advance() at next_due().
///
/// As in OTP: a group that restarts its members together starts those that
/// had ended normally too, but no temporary ones; a group started again
/// starts all it has and has forgotten its restarts; a group with too many
/// restarts stops its members and is a failed member of its parent.
/// Unlike in OTP: a restart waits, for a back-off with jitter that grows with
/// the restarts in the window of the group; the end of what is stopped is
/// not waited for; and children are asked whether they live.
///
/// A child asked to stop that does not end within its hang deadline hangs
/// too, as does one that leaves a ping unanswered.
///
/// Not thread-safe; time is given, must not go back, and randomness comes
/// from the seed.
class SupervisionTree {
public:
  using Steps = std::vector<Step>;

  /// The names of groups differ from each other.
  SupervisionTree(const GroupSpec& root, HeartbeatConfig heartbeat,
                  std::uint64_t seed);

  /// Starts everything in order; nothing after stop(). To be called once.
  Steps start(TimePoint now);

  /// An incarnation ended, or could not be started. The end of the child's
  /// current one is answered by its restart policy; a former one is only
  /// noted, since it no longer hangs. `error` says why, for people.
  Steps on_ended(ChildId child, Incarnation incarnation, Ending ending,
                 std::string error, TimePoint now);

  /// A ping was answered. Late answers are ignored.
  void on_answer(ChildId child, Incarnation incarnation, PingNumber ping);

  /// Restarts and pings that are due, and what follows from hangs found.
  Steps advance(TimePoint now);

  /// When to call advance() next; changes with every other call. None when
  /// nothing is to come.
  std::optional<TimePoint> next_due() const;

  /// Stops all, the last started first. Nothing is started any more.
  Steps stop(TimePoint now);

  /// Whether nothing will be started any more: stopped or given up.
  bool over() const noexcept { return phase_ == Phase::over; }

  /// The whole tree, for people.
  Status status() const;

  /// Former incarnations that hang.
  std::uint32_t hung() const noexcept;

  std::size_t children() const noexcept { return children_.size(); }
  const std::string& name(ChildId child) const;
  /// All children below a group, in the order in which they start; none if
  /// no group has that name.
  std::vector<ChildId> below(std::string_view group) const;
  bool is_current(ChildId child, Incarnation incarnation) const;

private:
  /// Of a node. The nodes stand in the order of a walk that visits a group
  /// before its members, so that all below a node, and a node with all its
  /// later siblings, are ranges.
  using Index = std::size_t;
  using Range = std::pair<Index, Index>;

  struct Child {
    ChildId id;
    Incarnation incarnation;
    std::optional<Heartbeat> heartbeat;
  };

  struct Group {
    Strategy strategy = Strategy::one_for_one;
    BackOff back_off;
    RestartIntensity intensity;
  };

  struct Node {
    std::string name;
    Restart restart = Restart::permanent;
    Index parent = 0; ///< its own index: the root
    Index end = 0; ///< one past the last node below it
    std::variant<Child, Group> role;
    State state = State::stopped;
    bool started = false; ///< ever
    std::uint64_t restarts = 0;
    std::string last_error = {};
    std::optional<TimePoint> down_since = {};
    std::optional<TimePoint> restart_due = {};
  };

  /// An incarnation that was asked to stop and has not ended.
  struct Leaving {
    ChildId child;
    Silence silence;
  };

  enum class Phase : std::uint8_t { fresh, live, over };

  void add_group(const GroupSpec& spec, Index parent);
  void add_child(const ChildSpec& spec, Index parent);
  Node& node_of(ChildId child);
  const Node& node_of(ChildId child) const;
  const Node* group_named(std::string_view group) const;

  void start_below(Index top, TimePoint now, Steps& steps);
  void start_child(Child& child, TimePoint now, Steps& steps);
  void stop_children(Range range, const std::string& reason, TimePoint now,
                     Steps& steps);
  void mark(Range range, State state, TimePoint now);
  void fail(Index failed, std::string error, TimePoint now, Steps& steps);
  void give_up(TimePoint now, Steps& steps);
  void restart_with(Index failed, std::uint32_t recent_restarts, TimePoint now,
                    Steps& steps);
  Range shared_fate(Index failed) const;
  std::chrono::milliseconds draw_wait(const BackOff& back_off,
                                      std::uint32_t recent_restarts);

  std::vector<Index> look_for_silence(TimePoint now);
  void handle_hangs(TimePoint now, Steps& steps);
  std::string hung_names(const std::vector<Index>& silent) const;
  void send_pings(TimePoint now, Steps& steps);
  std::uint32_t hung(ChildId child) const noexcept;

  Status status_of(Index index) const;

  HeartbeatConfig heartbeat_;
  std::mt19937_64 random_;
  std::vector<Node> nodes_;
  std::vector<Index> children_; ///< by ChildId
  std::map<Incarnation, Leaving> leaving_; ///< of children with a deadline
  Incarnation last_incarnation_;
  PingNumber last_ping_;
  Phase phase_ = Phase::fresh;
};

} // namespace millrace::logic::supervision
