#pragma once

#include "logic/delivery/delivery_reports.hpp"
#include "logic/delivery/outgoing_record.hpp"
#include "logic/delivery/timestamp_bounds.hpp"
#include "logic/intake/group_membership.hpp"
#include "logic/records/partition_offset.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace millrace::logic {

/// Of a sink that writes in transactions: whatever is sent between `begin` and
/// the end is seen by readers together, or not at all. How it ends is said by
/// `DeliveryReports::transactions`. None of these waits; the owner is woken.
class Transactions {
public:
  virtual ~Transactions() = default;

  /// False: not yet.
  virtual bool begin() = 0;

  /// Ends it, together with the group's offsets, as that member of it. To be
  /// called when nothing is queued.
  virtual void
  commit(std::vector<PartitionOffset> offsets, GroupMembershipPtr member)
    = 0;

  /// Gives up what was sent since `begin`.
  virtual void abort() = 0;
};

/// Writes to the output topics. All methods from one thread at a time.
class RecordSink {
public:
  virtual ~RecordSink() = default;

  /// As in `RecordSource`.
  virtual void on_ready(std::function<void()> wake) = 0;

  /// Queues records in order and returns how many were taken; fewer than
  /// given when the queue is full (try the rest after the next reports).
  /// A record that is refused at once comes back as a failed report.
  virtual std::size_t send(std::span<const OutgoingRecord> records) = 0;

  /// Moves what arrived since the last call into `reports` (cleared first).
  virtual void take_reports(DeliveryReports& reports) = 0;

  /// Bytes and records handed in and not yet reported.
  virtual std::size_t queued_records() const = 0;

  /// As far as it is known; without bounds elsewhere.
  virtual TimestampBounds timestamp_bounds(Destination /*destination*/) const {
    return {};
  }

  /// Null where each record stands for itself.
  virtual Transactions* transactions() { return nullptr; }

  /// Sends now what lingers. Hardly waits.
  virtual void hurry() = 0;

  /// Gives up what is queued and closes, within `deadline`. What became of
  /// it can be learnt by `take_reports` once more.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

} // namespace millrace::logic
