#pragma once

#include "logic/core/ids.hpp"
#include "logic/supervision/spec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace::logic::supervision {

/// A leaf of the tree: 0, 1, 2, ... in the order in which they start.
using ChildId = StrongNumber<struct ChildTag, std::uint32_t>;

/// Tells an answer to this ping from a late one to an earlier ping.
using PingNumber = StrongNumber<struct PingTag, std::uint64_t>;

/// How an incarnation came to its end.
enum class Ending : std::uint8_t { normal, failure };

/// What is to be done now, in this order. Of every incarnation started, the
/// end is to be reported, whether or not it was asked to stop.
struct Step {
  enum class Kind : std::uint8_t {
    start, ///< the child, as the given incarnation
    stop, ///< ask that incarnation to end; its end is not waited for
    ping, ///< ask that incarnation to answer with the ping's number
    give_up ///< the root failed; the stops of all came before
  };

  Kind kind = Kind::start;
  ChildId child;
  Incarnation incarnation; ///< 1 or more, but 0 when giving up
  PingNumber ping; ///< of a ping
  std::string text = {}; ///< why, of a stop and of giving up
  bool hung = false; ///< of a stop: it gives no sign of life

  friend bool operator==(const Step&, const Step&) = default;
};

/// How a member of the tree fares.
enum class State : std::uint8_t {
  stopped, ///< not started yet, stopped, or ended and not to be restarted
  running, ///< of a group: it looks after its members
  waiting, ///< to be restarted
  given_up ///< its group failed and is not restarted
};

/// A member and all below it, for people to look at.
struct Status {
  std::string name;
  std::optional<ChildId> child; ///< none: a group
  State state = State::stopped;
  Incarnation incarnation; ///< of a child: the last one started, or 0
  std::uint64_t restarts = 0; ///< since the tree was started
  std::string last_error; ///< of the last failure, however long ago
  std::optional<TimePoint> down_since; ///< while it was started but is not up
  std::optional<TimePoint> restart_due; ///< while waiting, unless its group is
  std::uint32_t hung = 0; ///< former incarnations that hang, with those below
  std::vector<Status> members; ///< of a group, in the order of its spec
};

} // namespace millrace::logic::supervision
