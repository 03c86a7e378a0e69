#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

/// Faults on purpose in the Kafka clients. They are put around the clients
/// where `fault_injection.enabled` is set and nowhere else, so that the
/// clients themselves know nothing of faults.
namespace millrace::adapters::faults {

/// How often something is still to go wrong. Any thread.
class Countdown {
public:
  void add(std::uint32_t count) noexcept { left_.fetch_add(count); }

  bool any() const noexcept { return left_.load() != 0; }

  /// Takes off as much as is left of `wanted` and returns it.
  std::uint32_t take(std::uint32_t wanted) noexcept {
    auto left = left_.load();
    for (;;) {
      const auto taken = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(left, wanted));
      if (taken == 0 || left_.compare_exchange_weak(left, left - taken))
        return taken;
    }
  }

private:
  std::atomic<std::uint64_t> left_{0};
};

/// Wakes the owner of a client for what the client has to say and for what is
/// added to it, once until the owner looks. Any thread.
class WakeRelay {
public:
  /// When this returns, whoever was woken before is woken no more.
  void set(std::function<void()> wake) {
    const std::lock_guard guard{mutex_};
    wake_ = std::move(wake);
    pending_.store(false);
  }

  /// The owner is about to look: what comes from now on wakes it again.
  void rearm() noexcept { pending_.store(false); }

  void raise() {
    if (pending_.exchange(true))
      return;
    const std::lock_guard guard{mutex_};
    if (wake_)
      wake_();
  }

private:
  std::mutex mutex_;
  std::function<void()> wake_; ///< under the mutex
  std::atomic<bool> pending_{false};
};

/// Between one client of the producer and its broker. Any thread.
class Fence {
public:
  explicit Fence(std::shared_ptr<WakeRelay> owner) : owner_(std::move(owner)) {}

  void shut() {
    shut_.store(true);
    owner_->raise();
  }

  bool is_shut() const noexcept { return shut_.load(); }

private:
  std::atomic<bool> shut_{false};
  std::shared_ptr<WakeRelay> owner_;
};

/// What is to go wrong next in the Kafka clients of a node. Outlives the
/// clients, which are built anew after a failure; orders of the same kind add
/// up. Any thread.
class ClientFaults {
public:
  /// The next `count` output records are not sent and are reported as failed
  /// for now.
  void fail_deliveries(std::uint32_t count) noexcept {
    failing_deliveries_.add(count);
  }

  /// The next `count` records that are delivered are never reported.
  void lose_reports(std::uint32_t count) noexcept { lost_reports_.add(count); }

  /// The next `count` commits fail.
  void fail_commits(std::uint32_t count) noexcept {
    failing_commits_.add(count);
  }

  /// The producer's client takes nothing more, and says that it is fenced as
  /// soon as all is reported that it had taken. The client built after it is
  /// healthy. While there is no open client, this befalls the next one.
  void fence_producer() {
    std::shared_ptr<Fence> fence;
    {
      const std::lock_guard guard{mutex_};
      fence = fence_.lock();
      fence_next_ = fence == nullptr;
    }
    if (fence)
      fence->shut();
  }

  // -- For the clients --------------------------------------------------------

  Countdown& failing_deliveries() noexcept { return failing_deliveries_; }
  Countdown& lost_reports() noexcept { return lost_reports_; }
  Countdown& failing_commits() noexcept { return failing_commits_; }

  /// The fence of a new client, which from now on is the producer's. The
  /// client drops it when it is closed.
  std::shared_ptr<Fence> add_fence(std::shared_ptr<WakeRelay> owner) {
    auto fence = std::make_shared<Fence>(std::move(owner));
    const std::lock_guard guard{mutex_};
    fence_ = fence;
    if (std::exchange(fence_next_, false))
      fence->shut();
    return fence;
  }

private:
  Countdown failing_deliveries_;
  Countdown lost_reports_;
  Countdown failing_commits_;
  std::mutex mutex_;
  std::weak_ptr<Fence> fence_; ///< under the mutex
  bool fence_next_ = false; ///< under the mutex
};

} // namespace millrace::adapters::faults
