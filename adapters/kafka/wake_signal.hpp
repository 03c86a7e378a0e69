#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace millrace::adapters::kafka {

/// Passes "something arrived" from librdkafka's threads to an owner, once
/// until the owner looks. Must outlive the queues that it is connected to.
class WakeSignal {
public:
  void set(std::function<void()> wake) {
    const std::lock_guard lock{mutex_};
    wake_ = std::move(wake);
  }

  void connect(rd_kafka_queue_t* queue) {
    rd_kafka_queue_cb_event_enable(queue, &WakeSignal::on_event, this);
  }

  static void disconnect(rd_kafka_queue_t* queue) {
    rd_kafka_queue_cb_event_enable(queue, nullptr, nullptr);
  }

  /// The owner is about to look: what comes from now on wakes it again.
  void rearm() noexcept { pending_.store(false); }

  void raise() {
    if (pending_.exchange(true))
      return;
    const std::lock_guard lock{mutex_};
    if (wake_)
      wake_();
    else
      pending_.store(false);
  }

private:
  /// Runs under the queue's lock: no call into librdkafka is allowed here.
  static void on_event(rd_kafka_t*, void* self) {
    static_cast<WakeSignal*>(self)->raise();
  }

  std::mutex mutex_;
  std::function<void()> wake_;
  std::atomic<bool> pending_{false};
};

} // namespace millrace::adapters::kafka
