#include "adapters/kafka/delivery_fault.hpp"
#include "adapters/kafka/kafka_sink_client.hpp"
#include "logic/core/back_off.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::adapters::kafka {

namespace {

/// A client that is refused its transactional id is of no more use, and each
/// new one is a connection that somebody must authenticate.
constexpr logic::BackOff refused_id{std::chrono::seconds{1},
                                    std::chrono::seconds{4}};

} // namespace

/// All of it is sent again, whatever became of it.
void KafkaSink::give_up_reports(logic::DeliveryReports& reports) {
  reports.delivered.clear();
  reports.failed.clear();
}

bool KafkaSink::lacks_reason(const logic::DeliveryReports& reports) const {
  return transaction_ == Transaction::open && !reports.failed.empty()
         && std::ranges::all_of(reports.failed, [](const auto& failure) {
              return failure.blame == logic::Blame::neighbour;
            });
}

std::string KafkaSink::topic_names(
  const std::vector<logic::DeliveryFailure>& failed) const {
  std::set<std::string_view> names;
  for (const auto& failure : failed)
    names.insert(topics_->at(failure.destination).name);
  std::string text;
  for (const auto name : names)
    text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

/// Not a record was refused, but a partition or the transaction.
void KafkaSink::give_reason(logic::DeliveryReports& reports) {
  // It is not ready for another, and says why.
  const ErrorPtr error{rd_kafka_begin_transaction(client_.get())};
  if (!error || rd_kafka_error_txn_requires_abort(error.get()) == 0)
    return;
  const auto code = rd_kafka_error_code(error.get());
  auto cause = to_error(code, "writing in a transaction",
                        rd_kafka_error_string(error.get()));
  cause.text += "; written to in it: ";
  cause.text += topic_names(reports.failed);
  if (hints_at_topic(code))
    topics_->refresh();
  if (to_delivery_fault(code) == logic::DeliveryFault::outage)
    for (auto& failure : reports.failed) {
      failure.fault = logic::DeliveryFault::outage;
      failure.blame = logic::Blame::record;
      failure.text = cause.text;
      failure.error = rd_kafka_err2name(code);
    }
  reports.transactions.push_back(
    {logic::TransactionReport::Kind::must_abort, std::move(cause)});
}

bool KafkaSink::begin() {
  if (!client_ || transaction_ != Transaction::none || !prepared_)
    return false; // the outcome wakes the owner
  topics_->tick();
  if (!fits_topics() || !prepared_)
    return false; // and so does the answer
  if (const ErrorPtr error{rd_kafka_begin_transaction(client_.get())}) {
    failure_ = to_error(rd_kafka_error_code(error.get()),
                        "beginning a transaction",
                        rd_kafka_error_string(error.get()));
    prepared_ = false;
    wake_.raise();
    return false;
  }
  transaction_ = Transaction::open;
  return true;
}

void KafkaSink::commit(std::vector<logic::PartitionOffset> offsets,
                       logic::GroupMembershipPtr member) {
  if (!client_ || transaction_ != Transaction::open)
    return;
  transaction_ = Transaction::committing;
  thread_->give({TransactionThread::Order::Kind::commit, std::move(offsets),
                 std::move(member)});
}

void KafkaSink::abort() {
  if (!client_ || transaction_ == Transaction::none)
    return;
  transaction_ = Transaction::aborting;
  queued_ -= refused_.size();
  refused_.clear();
  thread_->give({TransactionThread::Order::Kind::abort});
}

void KafkaSink::on_outcome(const TransactionThread::Outcome& outcome,
                           logic::DeliveryReports& reports) {
  using Order = TransactionThread::Order::Kind;
  using Report = logic::TransactionReport::Kind;
  using Kind = TransactionThread::Outcome::Kind;
  if (outcome.kind == Kind::must_abort) {
    reports.transactions.push_back({Report::must_abort, outcome.error});
    return;
  }
  if (outcome.kind == Kind::dead)
    return on_dead(outcome, reports);
  if (outcome.order == Order::prepare) {
    prepared_ = true;
    refusals_ = 0;
    watch_->on_admitted(reports.events);
    return;
  }
  transaction_ = Transaction::none;
  reports.transactions.push_back(
    {outcome.order == Order::commit ? Report::committed : Report::aborted, {}});
}

void KafkaSink::on_dead(const TransactionThread::Outcome& outcome,
                        logic::DeliveryReports& reports) {
  using Order = TransactionThread::Order::Kind;
  auto error = outcome.error;
  if (outcome.order == Order::prepare
      && error.code == logic::ErrorCode::unauthorized) {
    ask_again_at_ = Clock::now() + refused_id.delay(++refusals_);
    watch_->on_refused(std::move(error), reports.events);
    return;
  }
  // The next client waits until it is let in, and so may this node.
  if (error.code == logic::ErrorCode::unauthorized)
    error.code = logic::ErrorCode::fatal_client;
  if (outcome.order == Order::commit)
    reports.transactions.push_back(
      {logic::TransactionReport::Kind::unknown, error});
  reports.events.push_back(
    {logic::ClientEvent::Kind::failed, {}, std::move(error)});
}

void KafkaSink::ask_again_when_due() {
  if (ask_again_at_ && Clock::now() >= *ask_again_at_)
    renew_client();
}

} // namespace millrace::adapters::kafka
