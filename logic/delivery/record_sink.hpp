#pragma once

#include "logic/delivery/delivery_reports.hpp"
#include "logic/delivery/outgoing_record.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>

namespace millrace::logic {

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

  /// Sends now what lingers. Does not wait.
  virtual void hurry() = 0;

  /// Gives up what is queued and closes, within `deadline`. What became of
  /// it can be learnt by `take_reports` once more.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

} // namespace millrace::logic
