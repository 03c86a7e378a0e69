#include "adapters/kafka/transaction_thread.hpp"

#include "adapters/kafka/committed_place.hpp"

#include <string_view>
#include <utility>

namespace millrace::adapters::kafka {

namespace {

using Order = TransactionThread::Order;
using Outcome = TransactionThread::Outcome;

/// Of one call: what is not done then is resumed by the next.
constexpr int call_timeout_ms = 500;
constexpr std::chrono::milliseconds pause{100};

using MembershipPtr = Owned<rd_kafka_consumer_group_metadata_t,
                            rd_kafka_consumer_group_metadata_destroy>;

std::string_view attempted(Order::Kind kind) {
  switch (kind) {
    case Order::Kind::prepare:
      return "preparing for transactions";
    case Order::Kind::commit:
      return "committing a transaction";
    case Order::Kind::abort:
      return "aborting a transaction";
  }
  return {};
}

logic::Error describe(const rd_kafka_error_t* error, Order::Kind order) {
  return to_error(rd_kafka_error_code(error), attempted(order),
                  rd_kafka_error_string(error));
}

} // namespace

TransactionThread::TransactionThread(rd_kafka_t* client, std::string topic,
                                     std::function<void()> wake)
  : client_(client), topic_(std::move(topic)), wake_(std::move(wake)),
    thread_([this] { run(); }) {}

TransactionThread::~TransactionThread() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TransactionThread::give(Order order) {
  busy_ = true;
  {
    const std::lock_guard lock{mutex_};
    order_ = std::move(order);
  }
  changed_.notify_all();
}

std::optional<Outcome> TransactionThread::take_outcome() {
  const std::lock_guard lock{mutex_};
  if (outcome_)
    busy_ = false;
  return std::exchange(outcome_, std::nullopt);
}

void TransactionThread::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || order_; });
    if (stopping_)
      return;
    const auto order = *std::exchange(order_, std::nullopt);
    lock.unlock();
    auto outcome = carry_out(order);
    lock.lock();
    if (stopping_)
      return;
    outcome_ = std::move(outcome);
    lock.unlock();
    wake_();
    lock.lock();
  }
}

/// As long as trying again may help.
template <class Call>
ErrorPtr TransactionThread::insist(Call&& call) {
  while (true) {
    ErrorPtr error{call()};
    if (!error || rd_kafka_error_is_retriable(error.get()) == 0)
      return error;
    std::unique_lock lock{mutex_};
    if (changed_.wait_for(lock, pause, [this] { return stopping_; }))
      return error;
  }
}

Outcome TransactionThread::carry_out(const Order& order) {
  ErrorPtr error;
  switch (order.kind) {
    case Order::Kind::prepare:
      error = insist([this] {
        return rd_kafka_init_transactions(client_, call_timeout_ms);
      });
      break;
    case Order::Kind::commit:
      error = send_offsets(order);
      if (!error)
        error = insist([this] {
          return rd_kafka_commit_transaction(client_, call_timeout_ms);
        });
      break;
    case Order::Kind::abort:
      error = insist([this] {
        return rd_kafka_abort_transaction(client_, call_timeout_ms);
      });
      break;
  }
  if (!error)
    return {order.kind, Outcome::Kind::done, {}};
  const bool lives = order.kind == Order::Kind::commit
                     && rd_kafka_error_is_fatal(error.get()) == 0;
  return {order.kind, lives ? Outcome::Kind::must_abort : Outcome::Kind::dead,
          describe(error.get(), order.kind)};
}

ErrorPtr TransactionThread::send_offsets(const Order& order) {
  if (order.offsets.empty())
    return {};
  if (!order.member)
    return ErrorPtr{rd_kafka_error_new(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
                                       "no member of the group")};
  rd_kafka_consumer_group_metadata_t* read = nullptr;
  ErrorPtr error{rd_kafka_consumer_group_metadata_read(
    &read, order.member->metadata.data(), order.member->metadata.size())};
  if (error)
    return error;
  const MembershipPtr member{read};
  const PartitionListPtr list{
    rd_kafka_topic_partition_list_new(static_cast<int>(order.offsets.size()))};
  for (const auto& [partition, epoch, next] : order.offsets) {
    auto& entry = *rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(),
                                                     partition.value);
    const auto mark = order.member->marks.find(partition);
    set_place(entry, next,
              mark == order.member->marks.end() ? std::string{} : mark->second);
  }
  return insist([&] {
    return rd_kafka_send_offsets_to_transaction(client_, list.get(),
                                                member.get(), call_timeout_ms);
  });
}

} // namespace millrace::adapters::kafka
