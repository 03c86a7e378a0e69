#pragma once

#include "logic/core/back_off.hpp"
#include "logic/links/endpoint.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace millrace::logic::links {

/// Whom to dial, and when. Both ends of a link know each other's addresses, and
/// two connections that cross undo each other: so of two nodes the one with
/// the lower address dials at once, and the other only when nothing came for a
/// while (it may be that the first does not know it). After a failure the wait
/// doubles and is drawn at random below that, so that nodes which lost each
/// other at one moment do not meet again at one moment. No clock, no thread.
class DialPlan {
public:
  using Time = std::chrono::steady_clock::time_point;

  struct Timing {
    BackOff back_off{std::chrono::milliseconds{200},
                     std::chrono::milliseconds{5'000}};
    /// Who refused us will hardly have changed its mind a moment later.
    std::chrono::milliseconds after_refusal{10'000};
    /// How long the one with the higher address waits to be dialled.
    std::chrono::milliseconds courtesy{1'500};
  };

  DialPlan(const Timing& timing, std::uint64_t seed)
    : timing_(timing), random_(seed) {}

  /// The addresses as of now: new ones are dialled, those that are gone are
  /// forgotten. `we_begin`: by our address it is on us to dial.
  struct Target {
    Endpoint endpoint;
    bool we_begin = true;
  };
  void set_targets(const std::vector<Target>& targets, Time now);

  /// Those to be dialled now; each counts as dialled until its outcome is said.
  std::vector<Endpoint> take_due(Time now);

  /// A link through this address is there, or one to the node behind it, by
  /// whoever dialled. `peer` says which.
  void linked(const Endpoint& endpoint, std::uint64_t peer);
  void failed(const Endpoint& endpoint, Time now);
  void refused(const Endpoint& endpoint, Time now);
  /// The address is our own.
  void is_self(const Endpoint& endpoint);
  /// The link to that peer is gone.
  void lost(std::uint64_t peer, Time now);

  /// When something is next due; nothing while all is linked or under way.
  std::optional<Time> next_due() const;

private:
  enum class State : std::uint8_t { waiting, dialled, linked, self };

  struct Entry {
    State state = State::waiting;
    Time due{};
    bool we_begin = true;
    std::uint32_t failures = 0;
    std::uint64_t peer = 0;
  };

  Entry* find(const Endpoint& endpoint);
  void wait(Entry& entry, std::chrono::milliseconds longest, Time now);
  std::uint64_t next_random();

  Timing timing_;
  std::uint64_t random_;
  std::map<Endpoint, Entry> entries_;
};

} // namespace millrace::logic::links
