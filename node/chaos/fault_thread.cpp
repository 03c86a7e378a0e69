#include "node/chaos/fault_thread.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node::chaos {

namespace {

using logic::Error;
using logic::ErrorCode;
using logic::Result;
using logic::faults::FaultKind;
using logic::faults::FaultOrder;
using logic::faults::TimedFault;
using Clock = std::chrono::steady_clock;

/// The embedded cluster has one broker.
constexpr const char* down_order = "down 1";
constexpr const char* up_order = "up 1";

} // namespace

FaultThread::FaultThread(std::vector<TimedFault> faults, Parts parts,
                         TimePoint begin)
  : faults_(std::move(faults)), parts_(parts), begin_(begin),
    thread_([this] { run(); }) {}

FaultThread::~FaultThread() {
  stop();
  thread_.join();
}

void FaultThread::stop() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  stopped_.notify_all();
}

bool FaultThread::done() const {
  const std::lock_guard lock{mutex_};
  return done_;
}

std::vector<FaultOutcome> FaultThread::take_outcomes() {
  const std::lock_guard lock{mutex_};
  return std::exchange(outcomes_, {});
}

std::string FaultThread::breakdown() const {
  const std::lock_guard lock{mutex_};
  return breakdown_;
}

void FaultThread::run() {
  run_faults();
  const bool over = !broker_up_at_ || wait_until(*broker_up_at_);
  if (broker_up_at_)
    bring_broker_up();
  if (over)
    if (const auto flushed = parts_.planter.flush(); !flushed)
      break_down("the poison records could not be written: "
                 + flushed.error().text);
  const std::lock_guard lock{mutex_};
  done_ = true;
}

void FaultThread::run_faults() {
  for (const auto& fault : faults_) {
    const auto due = begin_ + fault.at;
    if (broker_up_at_ && *broker_up_at_ <= due) {
      wait_until(*broker_up_at_);
      bring_broker_up();
    }
    if (!wait_until(due))
      return;
    obey(fault);
  }
}

/// False when it is to stop.
bool FaultThread::wait_until(TimePoint time) {
  std::unique_lock lock{mutex_};
  stopped_.wait_until(lock, time, [this] { return stop_; });
  return !stop_;
}

void FaultThread::obey(const TimedFault& fault) {
  FaultOutcome outcome{fault, {}, 0, {}};
  outcome.at = std::chrono::duration_cast<std::chrono::milliseconds>(
    Clock::now() - begin_);
  const auto obeyed = obey(fault.order);
  if (!obeyed)
    outcome.refusal = obeyed.error().text;
  else if (*obeyed == 0)
    outcome.refusal = "nobody is there to obey";
  else
    outcome.obeyed = *obeyed;
  const std::lock_guard lock{mutex_};
  outcomes_.push_back(std::move(outcome));
}

Result<std::uint32_t> FaultThread::obey(const FaultOrder& order) {
  if (order.kind == FaultKind::broker_down)
    return take_broker_down(order);
  auto obeyed = parts_.node.inject(order);
  if (!obeyed || *obeyed == 0 || order.kind != FaultKind::throw_on_match)
    return obeyed;
  if (const auto planted = parts_.planter.plant(order.match); !planted)
    return planted.error();
  return obeyed;
}

Result<std::uint32_t> FaultThread::take_broker_down(const FaultOrder& order) {
  if (const auto down = parts_.broker.order(down_order); !down) {
    break_down(down.error().text);
    return down.error();
  }
  const auto up_at = Clock::now() + order.duration;
  broker_up_at_ = std::max(broker_up_at_.value_or(up_at), up_at);
  return 1U;
}

void FaultThread::bring_broker_up() {
  broker_up_at_.reset();
  if (const auto up = parts_.broker.order(up_order); !up)
    break_down(up.error().text);
}

void FaultThread::break_down(const std::string& why) {
  const std::lock_guard lock{mutex_};
  if (breakdown_.empty())
    breakdown_ = why;
}

} // namespace millrace::node::chaos
