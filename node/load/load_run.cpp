#include "node/load/load_run.hpp"

#include "logic/generation/send_schedule.hpp"

#include <algorithm>
#include <iomanip>

namespace millrace::node {

namespace {

using logic::generation::GeneratedBatch;
using logic::generation::LoginGenerator;
using logic::generation::SendSchedule;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::uint64_t batch_records = 1000;
constexpr std::chrono::seconds progress_interval{1};
/// Shorter waits than that only cost wake-ups; the intended times stay exact.
constexpr microseconds shortest_wait{1000};

std::int64_t wall_clock_ms() {
  return duration_cast<std::chrono::milliseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

/// One run of the generator against the clock.
class LoadRun {
public:
  LoadRun(LoginGenerator& generator, const LoadOptions& options, LoadSink& sink,
          const StopWaiter& wait_for_stop, std::ostream& log)
    : generator_(generator), options_(options), sink_(sink),
      wait_for_stop_(wait_for_stop), log_(log), schedule_(options.rate),
      start_(SteadyClock::now()), start_ms_(wall_clock_ms()),
      next_progress_(start_ + progress_interval) {}

  ExitCode run() {
    while (!complete()) {
      const auto due = std::min(schedule_.due(elapsed_us()), limit());
      if (due <= counts_.sent) {
        sink_.poll();
        if (wait_for_stop_(wait_for_next()))
          break;
      } else if (!send(std::min(due - counts_.sent, batch_records)))
        break;
      show_progress();
    }
    return close();
  }

  const LoadCounts& counts() const noexcept { return counts_; }

private:
  std::uint64_t limit() const noexcept {
    return options_.count == 0 ? SendSchedule::unlimited : options_.count;
  }

  bool complete() const noexcept {
    return exhausted_ || sink_.broken() || counts_.sent >= limit();
  }

  std::int64_t elapsed_us() const {
    return duration_cast<microseconds>(SteadyClock::now() - start_).count();
  }

  microseconds wait_for_next() const {
    const microseconds left{schedule_.intended_us(counts_.sent) - elapsed_us()};
    return std::max(left, shortest_wait);
  }

  /// False when the run is to end.
  bool send(std::uint64_t count) {
    if (options_.event_span.count() == 0)
      generator_.set_event_time(schedule_.paced() ? intended_ms(counts_.sent)
                                                  : wall_clock_ms());
    generator_.fill(batch_, count);
    exhausted_ = batch_.records().size() < count;
    const auto now_ms = wall_clock_ms();
    for (const auto& record : batch_.records()) {
      const LoadSink::Record outgoing{
        batch_.key(record), batch_.value(record),
        schedule_.paced() ? intended_ms(counts_.sent) : now_ms};
      while (!sink_.write(outgoing)) {
        sink_.make_room();
        if (sink_.broken() || wait_for_stop_(microseconds{0}))
          return false;
        show_progress();
      }
      ++counts_.sent;
      counts_.bad += record.bad ? 1U : 0U;
      counts_.without_device_type += record.has_device_type ? 0U : 1U;
    }
    sink_.poll();
    return !wait_for_stop_(microseconds{0});
  }

  std::int64_t intended_ms(std::uint64_t number) const {
    return start_ms_ + schedule_.intended_us(number) / 1000;
  }

  void show_progress() {
    const auto now = SteadyClock::now();
    if (options_.quiet || now < next_progress_)
      return;
    next_progress_ = now + progress_interval;
    log_ << "sent " << counts_.sent << ", delivered " << sink_.delivered()
         << ", failed " << sink_.failed() << std::endl;
  }

  ExitCode close() {
    const auto finished = sink_.finish();
    const double seconds = std::max(static_cast<double>(elapsed_us()) / 1e6,
                                    1e-6);
    log_ << "sent " << counts_.sent << " records in " << std::fixed
         << std::setprecision(1) << seconds << " s (" << std::setprecision(0)
         << static_cast<double>(counts_.sent) / seconds
         << "/s): " << counts_.bad << " bad on purpose, "
         << counts_.without_device_type << " without device_type; delivered "
         << sink_.delivered() << ", failed " << sink_.failed() << std::endl;
    if (finished)
      return ExitCode::success;
    log_ << "error: " << finished.error().text << std::endl;
    return ExitCode::failure;
  }

  LoginGenerator& generator_;
  const LoadOptions& options_;
  LoadSink& sink_;
  const StopWaiter& wait_for_stop_;
  std::ostream& log_;
  SendSchedule schedule_;
  SteadyClock::time_point start_;
  std::int64_t start_ms_ = 0;
  SteadyClock::time_point next_progress_;
  GeneratedBatch batch_;
  LoadCounts counts_;
  bool exhausted_ = false;
};

} // namespace

ExitCode run_load(LoginGenerator& generator, const LoadOptions& options,
                  LoadSink& sink, const StopWaiter& wait_for_stop,
                  std::ostream& log, LoadCounts* counts) {
  LoadRun run{generator, options, sink, wait_for_stop, log};
  const auto outcome = run.run();
  if (counts != nullptr)
    *counts = run.counts();
  return outcome;
}

} // namespace millrace::node
