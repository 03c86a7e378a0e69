#include "adapters/kafka/kafka_sink_client.hpp"

#include <utility>

namespace millrace::adapters::kafka {

/// All of it is sent again, whatever became of it.
void KafkaSink::give_up_reports(logic::DeliveryReports& reports) {
  reports.delivered.clear();
  reports.failed.clear();
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
  if (outcome.kind == Kind::dead) {
    if (outcome.order == Order::commit)
      reports.transactions.push_back({Report::unknown, outcome.error});
    reports.events.push_back(
      {logic::ClientEvent::Kind::failed, {}, outcome.error});
    return;
  }
  if (outcome.order == Order::prepare) {
    prepared_ = true;
    return;
  }
  transaction_ = Transaction::none;
  reports.transactions.push_back(
    {outcome.order == Order::commit ? Report::committed : Report::aborted, {}});
}

} // namespace millrace::adapters::kafka
