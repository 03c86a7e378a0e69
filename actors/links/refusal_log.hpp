#pragma once

#include "actors/telemetry/metrics.hpp"
#include "logic/core/log.hpp"
#include "logic/core/log_limiter.hpp"
#include "logic/core/wall_clock.hpp"
#include "logic/links/refusal.hpp"
#include "messages/links.hpp"

#include <memory>
#include <string>
#include <vector>

namespace millrace::actors {

/// Who is not linked and why, for log, metrics and status. What is tried again
/// and again is told once in ten minutes for each address and reason.
class RefusalLog {
public:
  using Time = logic::LogLimiter::Time;

  RefusalLog(logic::LogPtr log, std::shared_ptr<Metrics> metrics,
             std::shared_ptr<const logic::WallClock> clock)
    : log_(std::move(log)), metrics_(std::move(metrics)),
      clock_(std::move(clock)) {}

  /// A link or a connection that was refused, by whichever side.
  void note(const std::string& address, const logic::links::Refusal& refusal,
            Time now);
  /// Nobody answers there.
  void note_unreachable(const std::string& address, const std::string& error,
                        Time now);
  /// There is a link now.
  void forget(const std::string& address);

  /// Those of whom there was something to tell, the latest last.
  const std::vector<messages::UnlinkedStatus>& latest() const noexcept {
    return latest_;
  }

private:
  void remember(const std::string& address, std::string reason,
                const std::string& text);

  logic::LogPtr log_;
  std::shared_ptr<Metrics> metrics_;
  std::shared_ptr<const logic::WallClock> clock_;
  logic::LogLimiter limiter_{
    {.interval = std::chrono::minutes{10}, .burst = 1, .max_messages = 128}};
  std::vector<messages::UnlinkedStatus> latest_;
};

} // namespace millrace::actors
