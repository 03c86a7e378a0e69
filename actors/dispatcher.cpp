#include "actors/dispatcher.hpp"

#include "logic/footprint.hpp"
#include "logic/offset_ledger.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace millrace::actors {

namespace {

class DispatcherState {
public:
  static inline const char* name = "dispatcher";

  DispatcherState(DispatcherActor::pointer self, DispatcherParts parts)
    : self_(self), parts_(std::move(parts)) {}

  DispatcherActor::behavior_type make_behavior() {
    return {
      [this](const messages::AttachLane& order) { attach(order); },
      [this](messages::DispatchBatch& order) { take_in(order); },
      [this](const messages::BatchFinished& report) { finish(report.ticket); },
      [this](const messages::BatchFailed& report) { try_again(report); },
      [this](const messages::ForgetPartitions& order) { forget(order); },
      [this](messages::ReportStatus) {
        return messages::DispatcherStatus{in_flight_.size(), redispatched_};
      },
    };
  }

private:
  struct InFlight {
    logic::BatchTicket ticket; ///< of the latest try
    logic::RecordBatchPtr batch;
  };

  struct Lane {
    ValidatorActor validator;
    std::size_t bytes = 0; ///< dealt to it and not finished
  };

  void attach(const messages::AttachLane& order) {
    if (lanes_.size() <= order.lane)
      lanes_.resize(order.lane + 1);
    lanes_[order.lane].validator = caf::actor_cast<ValidatorActor>(
      order.validator);
  }

  void take_in(messages::DispatchBatch& order) {
    consumer_ = caf::actor_cast<ConsumerActor>(self_->current_sender());
    const auto& batch = *order.batch;
    logic::BatchTicket ticket;
    ticket.id = logic::BatchId{next_id_++};
    ticket.partition = batch.partition();
    ticket.epoch = batch.epoch();
    ticket.read_at = order.read_at;
    auto& ledger = ledgers_[{ticket.partition, ticket.epoch}];
    ticket.sequence = ledger.open(batch.last_offset());
    auto& entry = in_flight_
                    .emplace(ticket.id,
                             InFlight{ticket, std::move(order.batch)})
                    .first->second;
    auto& metrics = *parts_.surroundings.metrics;
    metrics.batches_in_flight.Increment();
    metrics.bytes_in_flight.Increment(
      static_cast<double>(entry.batch->payload_bytes()));
    deal(entry);
  }

  void deal(InFlight& entry) {
    const auto lane = std::ranges::min_element(lanes_, {}, &Lane::bytes);
    auto& ticket = entry.ticket;
    ticket.lane = static_cast<std::uint32_t>(lane - lanes_.begin());
    ticket.oldest_unfinished
      = ledgers_[{ticket.partition, ticket.epoch}].oldest_unfinished();
    lane->bytes += entry.batch->payload_bytes();
    self_->send(lane->validator, messages::ValidateBatch{ticket, entry.batch});
  }

  void finish(const logic::BatchTicket& ticket) {
    const auto found = in_flight_.find(ticket.id);
    if (found == in_flight_.end())
      return; // an earlier try came through as well
    const auto entry = found->second;
    remove(found);
    const auto ledger = ledgers_.find({ticket.partition, ticket.epoch});
    const auto next = ledger->second.finish(entry.ticket.sequence);
    self_->send(consumer_,
                messages::BatchSettled{ticket.partition, ticket.epoch, next,
                                       logic::footprint_bytes(*entry.batch)});
  }

  void try_again(const messages::BatchFailed& report) {
    const auto found = in_flight_.find(report.ticket.id);
    if (found == in_flight_.end()
        || found->second.ticket.attempt != report.ticket.attempt)
      return; // finished or dispatched again already
    auto& entry = found->second;
    const auto& batch = *entry.batch;
    parts_.surroundings.metrics->count_error(report.stage,
                                             logic::ErrorCode::stage_failed);
    parts_.surroundings.log->warn("dispatcher", "a stage failed a batch",
                                  {{"stage", report.stage},
                                   {"error", report.text},
                                   {"topic", batch.topic()},
                                   {"partition", batch.partition()},
                                   {"first_offset", batch.first_offset()},
                                   {"last_offset", batch.last_offset()},
                                   {"attempt", report.ticket.attempt + 1}});
    if (entry.ticket.attempt >= parts_.retry_limit) {
      self_->quit(caf::make_error(logic::ErrorCode::stage_failed,
                                  report.stage + " failed the batch at offset "
                                    + std::to_string(batch.first_offset().value)
                                    + " of partition "
                                    + std::to_string(batch.partition().value)
                                    + " on every try: " + report.text));
      return;
    }
    release_lane(entry);
    ++entry.ticket.attempt;
    ++redispatched_;
    parts_.surroundings.metrics->redispatches.Increment();
    deal(entry);
  }

  void forget(const messages::ForgetPartitions& order) {
    for (const auto& partition : order.partitions) {
      ledgers_.erase(partition);
      for (auto entry = in_flight_.begin(); entry != in_flight_.end();) {
        const auto current = entry++;
        const auto& ticket = current->second.ticket;
        if (ticket.partition != partition.partition
            || ticket.epoch != partition.epoch)
          continue;
        // The credit comes back, the offsets do not count any more.
        self_->send(consumer_,
                    messages::BatchSettled{
                      ticket.partition, ticket.epoch, std::nullopt,
                      logic::footprint_bytes(*current->second.batch)});
        remove(current);
      }
    }
  }

  using InFlightMap = std::map<logic::BatchId, InFlight>;

  void remove(InFlightMap::iterator entry) {
    release_lane(entry->second);
    auto& metrics = *parts_.surroundings.metrics;
    metrics.batches_in_flight.Decrement();
    metrics.bytes_in_flight.Decrement(
      static_cast<double>(entry->second.batch->payload_bytes()));
    in_flight_.erase(entry);
  }

  void release_lane(const InFlight& entry) {
    lanes_[entry.ticket.lane].bytes -= entry.batch->payload_bytes();
  }

  DispatcherActor::pointer self_;
  DispatcherParts parts_;
  ConsumerActor consumer_;
  std::vector<Lane> lanes_;
  InFlightMap in_flight_;
  std::map<logic::PartitionEpoch, logic::OffsetLedger> ledgers_;
  std::uint64_t next_id_ = 0;
  std::uint64_t redispatched_ = 0;
};

} // namespace

DispatcherActor spawn_dispatcher(caf::actor_system& system,
                                 DispatcherParts parts) {
  return system.spawn<DispatcherActor::stateful_impl<DispatcherState>>(
    std::move(parts));
}

} // namespace millrace::actors
