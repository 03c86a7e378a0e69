#pragma once

#include "logic/core/back_off.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// Who is supervised by whom, as data. Terms and meanings are those of
/// Erlang/OTP ("OTP Design Principles", chapter "Supervisor Behaviour");
/// where ours differ it is said.
namespace millrace::logic::supervision {

using TimePoint = std::chrono::steady_clock::time_point;

/// When a member that ended by itself is started again (OTP: `restart`).
enum class Restart : std::uint8_t {
  permanent, ///< always
  transient, ///< only after a failure
  temporary ///< never, not even when a sibling's failure stopped it
};

/// Who shares the fate of a failed member of a group (OTP: `strategy`).
enum class Strategy : std::uint8_t {
  one_for_one, ///< nobody
  rest_for_one, ///< those that start after it
  all_for_one ///< all of the group (OTP: `one_for_all`)
};

/// More than `restarts` within `window` are a failure of the group (OTP:
/// `intensity` and `period`). Since restarts wait, unlike those of OTP, a
/// single member reaches this only if the window has room for so many waits:
/// with `BackOff{}` and a window of a minute about 12 to 18 fit.
struct Intensity {
  std::uint32_t restarts = 20;
  std::chrono::milliseconds window{60'000};
};

/// A leaf: something that runs, and may end or hang.
struct ChildSpec {
  std::string name;
  Restart restart = Restart::permanent;
  /// How long it may leave a ping unanswered, above 0; none: it gets no pings.
  std::optional<std::chrono::milliseconds> hang_deadline = {};
};

struct Member;

/// A supervisor of OTP. A group never ends by itself, not even when all its
/// members have; it can only fail, so `transient` is as good as `permanent`.
/// (In OTP a supervisor that gives up ends with `shutdown`, which a
/// transient one is not restarted after; here it is a failure like others.)
struct GroupSpec {
  std::string name; ///< unlike that of any other group
  Strategy strategy = Strategy::one_for_one;
  Intensity intensity = {};
  BackOff back_off = {}; ///< the wait before its members are restarted
  Restart restart = Restart::permanent; ///< of the root: means nothing
  std::vector<Member> members; ///< in the order in which they start
};

/// What a group consists of; converts from both, so that a nested
/// initialisation reads like the tree:
///
///   GroupSpec{.name = "node",
///             .strategy = Strategy::rest_for_one,
///             .members = {ChildSpec{.name = "dispatcher"},
///                         GroupSpec{.name = "lanes", .members = {...}}}}
struct Member {
  Member(ChildSpec child) : spec(std::move(child)) {}
  Member(GroupSpec group) : spec(std::move(group)) {}

  std::variant<ChildSpec, GroupSpec> spec;
};

struct HeartbeatConfig {
  /// Between two pings to a child, above 0. A child with a shorter deadline
  /// is asked as often as its deadline says.
  std::chrono::milliseconds interval{1'000};
  /// More hung incarnations than this at once are a failure of the root: each
  /// holds a thread that cannot be had back.
  std::uint32_t max_hung = 2;
};

} // namespace millrace::logic::supervision
