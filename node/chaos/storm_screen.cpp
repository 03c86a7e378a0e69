#include "node/chaos/storm_screen.hpp"

#include "messages/supervision.hpp"
#include "node/chaos/fault_list.hpp"
#include "node/chaos/storm_report.hpp"

#include <algorithm>
#include <cstdio>

namespace millrace::node::chaos {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds line_interval{5'000};
constexpr milliseconds rate_interval{1'000};
constexpr const char* clear_line = "\r\033[K";

/// "  12.345 s  "
std::string time_of(milliseconds elapsed) {
  char text[32];
  std::snprintf(text, sizeof text, "%9.3f s  ",
                static_cast<double>(elapsed.count()) / 1e3);
  return text;
}

std::string line_of(const StormMoment& moment, std::int64_t rate) {
  return std::to_string(moment.elapsed.count() / 1'000)
         + " s: " + std::to_string(moment.faults) + " of "
         + std::to_string(moment.planned) + " faults, "
         + std::to_string(moment.recoveries) + " recoveries, finished "
         + std::to_string(moment.finished) + " (" + std::to_string(rate)
         + "/s), lag " + std::to_string(moment.lag);
}

} // namespace

void StormScreen::show(const StormMoment& moment) {
  if (const auto passed = moment.elapsed - last_elapsed_;
      passed >= rate_interval) {
    const auto finished = std::max<std::int64_t>(
      moment.finished - last_finished_, 0);
    rate_ = finished * 1'000 / passed.count();
    last_elapsed_ = moment.elapsed;
    last_finished_ = moment.finished;
  }
  if (style_.terminal) {
    out_ << clear_line << line_of(moment, rate_) << std::flush;
    line_drawn_ = true;
  } else if (moment.elapsed >= next_line_) {
    out_ << line_of(moment, rate_) << std::endl;
    next_line_ = moment.elapsed + line_interval;
  }
}

void StormScreen::note(const FaultOutcome& outcome) {
  if (!style_.timeline)
    return;
  const auto order = logic::faults::to_string(outcome.fault.order);
  say(time_of(outcome.at) + order
      + (outcome.refusal.empty()
           ? ""
           : "  (not possible: " + outcome.refusal + ')'));
}

void StormScreen::note(const messages::Recovery& recovery,
                       milliseconds elapsed) {
  if (style_.timeline)
    say(time_of(elapsed) + recovery.actor + " is back after "
        + readable(recovery.total) + ", of it back-off "
        + readable(recovery.waited) + "; cause: " + recovery.cause);
}

void StormScreen::say(const std::string& text) {
  close();
  out_ << text << std::endl;
}

void StormScreen::close() {
  if (line_drawn_)
    out_ << clear_line << std::flush;
  line_drawn_ = false;
}

} // namespace millrace::node::chaos
