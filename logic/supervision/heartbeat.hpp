#pragma once

#include "logic/supervision/step.hpp"

#include <chrono>
#include <optional>

namespace millrace::logic::supervision {

/// How long a question has been left unanswered, measured by one who may
/// have slept meanwhile: if the whole machine was suspended, whoever was
/// asked could not answer either. So it is to be looked at every quarter of
/// the deadline; a gap of more than half the deadline between two looks is
/// taken for a suspension and counts as a quarter. Hence one look is never
/// enough to find a silence too long, and who was asked just before a
/// suspension has three quarters of the deadline after it.
class Silence {
public:
  /// `deadline` is above 0.
  Silence(std::chrono::milliseconds deadline, TimePoint asked)
    : deadline_(deadline), seen_(asked) {}

  /// To be called by `next_look()`, or more often.
  void look(TimePoint now) noexcept;

  TimePoint next_look() const noexcept;

  bool too_long() const noexcept { return lasted_ >= deadline_; }

private:
  using Duration = TimePoint::duration;

  Duration deadline_;
  TimePoint seen_;
  Duration lasted_{0};
};

/// Asks one child again and again whether it still lives; at most one ping
/// is under way. If it is looked at in time, a hang is found within twice
/// the deadline, whatever the interval.
class Heartbeat {
public:
  /// Both above 0. The interval is cut to the deadline.
  Heartbeat(std::chrono::milliseconds interval,
            std::chrono::milliseconds deadline);

  /// A new incarnation was started.
  void begin(TimePoint now);

  bool ping_due(TimePoint now) const noexcept;

  void asked(PingNumber ping, TimePoint now);

  /// Answers to other pings than the one under way are ignored.
  void answered(PingNumber ping) noexcept;

  void look(TimePoint now) noexcept;

  bool silent_too_long() const noexcept;

  /// When to ask or to look again.
  TimePoint next_due() const noexcept;

  /// The silence of one that is asked to stop: it goes on if a ping is under
  /// way and begins now if not.
  Silence silence(TimePoint now) const;

  std::chrono::milliseconds deadline() const noexcept { return deadline_; }

private:
  struct Ping {
    PingNumber number;
    Silence silence;
  };

  std::chrono::milliseconds interval_;
  std::chrono::milliseconds deadline_;
  TimePoint next_ping_;
  std::optional<Ping> under_way_;
};

} // namespace millrace::logic::supervision
