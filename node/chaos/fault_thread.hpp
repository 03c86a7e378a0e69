#pragma once

#include "logic/core/result.hpp"
#include "logic/faults/fault_storm.hpp"
#include "node/chaos/poison_planter.hpp"
#include "node/demo/broker_process.hpp"
#include "node/node.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace millrace::node::chaos {

/// A fault whose time has come.
struct FaultOutcome {
  logic::faults::TimedFault fault;
  std::chrono::milliseconds at{0}; ///< when it was really done
  std::uint32_t obeyed = 0; ///< actors, or 1 for the broker
  std::string refusal; ///< why it was not possible, else empty
};

/// Does the faults of a list at their times, on a thread of its own, so that
/// none waits for whoever watches a node in trouble.
class FaultThread {
public:
  /// All of it must outlive this object; the planter is used by its thread
  /// alone until `done`.
  struct Parts {
    Node& node;
    demo::BrokerProcess& broker;
    PoisonPlanter& planter;
  };

  FaultThread(std::vector<logic::faults::TimedFault> faults, Parts parts,
              std::chrono::steady_clock::time_point begin);

  FaultThread(const FaultThread&) = delete;
  FaultThread& operator=(const FaultThread&) = delete;
  ~FaultThread();

  /// Leaves out what is still to come, but brings the broker back.
  void stop();

  /// Whether all faults are done, or it stopped, and the broker is back.
  bool done() const;

  /// What happened since the last call, oldest first.
  std::vector<FaultOutcome> take_outcomes();

  /// Why the storm means nothing, for example because the broker is gone;
  /// empty while it does.
  std::string breakdown() const;

private:
  using TimePoint = std::chrono::steady_clock::time_point;

  void run();
  void run_faults();
  bool wait_until(TimePoint time);
  void obey(const logic::faults::TimedFault& fault);
  logic::Result<std::uint32_t> obey(const logic::faults::FaultOrder& order);
  logic::Result<std::uint32_t>
  take_broker_down(const logic::faults::FaultOrder& order);
  void bring_broker_up();
  void break_down(const std::string& why);

  std::vector<logic::faults::TimedFault> faults_;
  Parts parts_;
  TimePoint begin_;
  std::optional<TimePoint> broker_up_at_; ///< while it is down

  mutable std::mutex mutex_; ///< guards what follows
  std::condition_variable stopped_;
  std::vector<FaultOutcome> outcomes_;
  std::string breakdown_;
  bool stop_ = false;
  bool done_ = false;

  std::thread thread_; ///< last: it uses all of the above
};

} // namespace millrace::node::chaos
