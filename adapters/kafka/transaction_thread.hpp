#pragma once

#include "adapters/kafka/client.hpp"
#include "logic/core/result.hpp"
#include "logic/delivery/delivery_reports.hpp"
#include "logic/intake/group_membership.hpp"
#include "logic/records/partition_offset.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace millrace::adapters::kafka {

/// Has a producing client begin to be transactional, commit and abort, which
/// wait for brokers, on a thread of its own; one order at a time. All methods
/// from one thread.
class TransactionThread {
public:
  struct Order {
    enum class Kind : std::uint8_t { prepare, commit, abort };
    Kind kind = Kind::prepare;
    std::vector<logic::PartitionOffset> offsets{}; ///< of a commit
    logic::GroupMembershipPtr member{};
  };

  /// How an order ended.
  struct Outcome {
    Order::Kind order = Order::Kind::prepare;
    enum class Kind : std::uint8_t { done, must_abort, dead } kind = Kind::done;
    logic::Error error; ///< where it is not done
  };

  /// `client` must outlive this. `topic` is the one that the offsets are of.
  /// `wake` is called from the thread after an outcome has come.
  TransactionThread(rd_kafka_t* client, std::string topic,
                    std::function<void()> wake);
  TransactionThread(const TransactionThread&) = delete;
  TransactionThread& operator=(const TransactionThread&) = delete;
  /// Gives up what it is at, within a second.
  ~TransactionThread();

  void give(Order order);
  bool busy() const noexcept { return busy_; }
  std::optional<Outcome> take_outcome();

private:
  void run();
  Outcome carry_out(const Order& order);
  ErrorPtr send_offsets(const Order& order);
  template <class Call>
  ErrorPtr insist(Call&& call);

  rd_kafka_t* client_;
  std::string topic_;
  std::function<void()> wake_;
  bool busy_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<Order> order_;
  std::optional<Outcome> outcome_;
  std::thread thread_;
};

} // namespace millrace::adapters::kafka
