#pragma once

#include "actors/delivery/delivery_config.hpp"
#include "actors/telemetry/metrics.hpp"
#include "logic/core/log.hpp"
#include "logic/delivery/insight_publisher.hpp"
#include "logic/delivery/outbox.hpp"
#include "logic/delivery/record_sink.hpp"
#include "logic/delivery/transaction_cycle.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace millrace::actors {

/// What a producer does besides where `delivery.guarantee` is exactly_once:
/// its transactions, and the insights that go with them.
class TransactionalDelivery {
public:
  using TimePoint = logic::Outbox::TimePoint;
  using News = logic::TransactionCycle::News;

  TransactionalDelivery(const DeliveryConfig& config, Metrics& metrics,
                        logic::Log& log);

  logic::TransactionCycle& cycle() noexcept { return cycle_; }

  /// Whether records may be sent now. Begins a transaction where there is
  /// something for one.
  bool may_send(logic::RecordSink& sink, bool records, TimePoint now);

  /// Keeps an insight for the transaction that is open, or the next.
  void add_insight(std::shared_ptr<const std::string> json);
  void send_insights(logic::InsightPublisher& publisher,
                     logic::RecordSink& sink, TimePoint now,
                     std::int64_t wall_ms);

  /// After publisher and outbox have taken the reports in.
  News advance(const logic::DeliveryReports& reports, logic::Outbox& outbox,
               logic::InsightPublisher& publisher, logic::RecordSink& sink,
               TimePoint now);

  /// The sink is another one now.
  void start_over(logic::Outbox& outbox, logic::InsightPublisher& publisher,
                  TimePoint now);

  /// Whether nothing is open and nothing waits for a transaction.
  bool idle() const noexcept {
    return cycle_.idle() && waiting_.empty() && !cycle_.has_offsets();
  }

private:
  using Insights = std::deque<std::shared_ptr<const std::string>>;

  void keep_insights(logic::InsightPublisher& publisher);

  Metrics& metrics_;
  logic::Log& log_;
  logic::TransactionCycle cycle_;
  Insights waiting_; ///< to be sent
  Insights sent_; ///< in the transaction that is open
};

} // namespace millrace::actors
