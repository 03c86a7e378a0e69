#pragma once

#include "messages/supervision.hpp"
#include "node/chaos/fault_thread.hpp"

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>

namespace millrace::node::chaos {

/// What the screen shows at one moment.
struct StormMoment {
  std::chrono::milliseconds elapsed{0};
  std::uint64_t faults = 0; ///< that were done so far, or tried
  std::uint64_t planned = 0;
  std::uint64_t recoveries = 0;
  std::int64_t finished = 0; ///< records
  std::int64_t lag = 0; ///< records
};

/// Shows how a storm goes: a line that is drawn over itself on a terminal, a
/// line every five seconds elsewhere; with a timeline also a line for each
/// fault and recovery.
class StormScreen {
public:
  struct Style {
    bool terminal = false;
    bool timeline = false;
  };

  StormScreen(std::ostream& out, Style style) : out_(out), style_(style) {}

  void show(const StormMoment& moment);
  void note(const FaultOutcome& outcome);
  void note(const messages::Recovery& recovery,
            std::chrono::milliseconds elapsed);

  /// A line that stays.
  void say(const std::string& text);

  /// Before anybody else prints.
  void close();

private:
  std::ostream& out_;
  Style style_;
  bool line_drawn_ = false;
  std::chrono::milliseconds next_line_{0};
  std::chrono::milliseconds last_elapsed_{0};
  std::int64_t last_finished_ = 0;
  std::int64_t rate_ = 0;
};

} // namespace millrace::node::chaos
