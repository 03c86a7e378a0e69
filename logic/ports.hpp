#pragma once

#include "logic/geo/ip_address.hpp"
#include "logic/geo/place.hpp"
#include "logic/record_batch.hpp"
#include "logic/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The outside as the actors see it. Implementations live in `adapters/`;
/// tests bring their own. No method throws and none blocks for longer than
/// its documentation says.
namespace millrace::logic {

/// The time of day, milliseconds since 1970 (UTC). Any thread.
class WallClock {
public:
  virtual ~WallClock() = default;
  virtual std::int64_t now_ms() const = 0;
};

// -- Kafka: in ----------------------------------------------------------------

struct PartitionEpoch {
  PartitionId partition;
  AssignmentEpoch epoch;
  friend auto operator<=>(const PartitionEpoch&, const PartitionEpoch&)
    = default;
};

/// The next offset to read after what is finished, as Kafka commits it.
struct PartitionOffset {
  PartitionId partition;
  AssignmentEpoch epoch;
  Offset next;
};

/// A change that the source asks its owner to take note of.
struct SourceEvent {
  enum class Kind : std::uint8_t {
    assigned, ///< `partitions` now belong to this node, under a new epoch
    revoked, ///< `partitions` must be given back: finish, commit, `release`
    lost, ///< `partitions` are gone already: forget, then `release`
    uncommitted, ///< `error`: a commit that was not waited for has failed
    fault, ///< `error`: a passing trouble, for the log and readiness
    failed, ///< `error`: this client is dead and must be built anew
    recovered ///< the broker answers again after a fault
  };
  Kind kind = Kind::fault;
  std::vector<PartitionEpoch> partitions;
  Error error;
};

struct BatchLimits {
  std::size_t max_records = 1000;
  std::size_t max_bytes = 256 * 1024; ///< a single larger record still passes
};

/// How far a partition's reader is behind, as of the last fetch answer.
struct PartitionLag {
  PartitionId partition;
  Offset high_watermark;
};

/// Reads one topic in a consumer group. All methods from one thread at a
/// time (the owning actor's).
class RecordSource {
public:
  virtual ~RecordSource() = default;

  /// `wake` is called, from any thread, after something new can be taken;
  /// calls are collapsed until the next `take_*`. It must not call back.
  virtual void on_ready(std::function<void()> wake) = 0;

  /// Pending changes, oldest first. Never blocks.
  virtual std::vector<SourceEvent> take_events() = 0;

  /// Records of one partition, null when none are ready. Partitions take
  /// turns. Never blocks. `only` may refuse partitions (draining).
  virtual RecordBatchPtr
  take_batch(const BatchLimits& limits,
             const std::function<bool(PartitionId)>& accepts)
    = 0;

  /// Gives partitions back after `revoked` or `lost`.
  virtual void release(std::span<const PartitionEpoch> partitions) = 0;

  /// Commits; entries of partitions not held under that epoch are dropped.
  /// With `wait` zero it does not wait and a failure comes as a `fault`.
  virtual Result<void> commit(std::span<const PartitionOffset> offsets,
                              std::chrono::milliseconds wait)
    = 0;

  /// Last known high watermarks of the assigned partitions.
  virtual std::vector<PartitionLag> high_watermarks() = 0;

  /// Leaves the group; at most `deadline`.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

// -- Kafka: out ---------------------------------------------------------------

enum class Destination : std::uint8_t { output, dead_letters, insights };

inline constexpr std::size_t destination_count = 3;

/// Names a record to its sender: a slot of the sender's choosing and the
/// place in that slot.
struct SendToken {
  std::uint32_t slot = 0;
  std::uint32_t index = 0;
};

/// A record to send. `value` (but neither key nor headers) must stay valid
/// until the report.
struct OutgoingRecord {
  SendToken token;
  Destination destination = Destination::output;
  /// Source partition; the sink maps it to a partition of the destination
  /// as configured (modulo, or by key).
  PartitionId source_partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::string_view headers; ///< encoded, see record_headers.hpp
  std::int64_t timestamp_ms = -1;
};

/// What may be done about a record that was not delivered.
enum class DeliveryFault : std::uint8_t {
  outage, ///< no broker answered: try again for as long as it takes
  transient, ///< a broker refused for now: try again, up to the limit
  record, ///< this record will never be taken
  fatal, ///< the client is dead (fenced, unauthorised): build it anew
};

struct DeliveryFailure {
  SendToken token;
  DeliveryFault fault = DeliveryFault::transient;
  std::string text; ///< the client's own words
};

/// Reports since the last call: successes as counts per slot.
struct DeliveryReports {
  struct Delivered {
    std::uint32_t slot = 0;
    std::uint32_t count = 0;
  };
  std::vector<Delivered> delivered; ///< a slot may occur more than once
  std::vector<DeliveryFailure> failed;
  std::vector<SourceEvent> events; ///< fault, failed, recovered
  void clear() {
    delivered.clear();
    failed.clear();
    events.clear();
  }
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

  /// Sends now what lingers. Does not wait.
  virtual void hurry() = 0;

  /// Gives up what is queued and closes, within `deadline`. What became of
  /// it can be learnt by `take_reports` once more.
  virtual void close(std::chrono::milliseconds deadline) = 0;
};

// -- Geolocation --------------------------------------------------------------

/// Looks up addresses. One object per caller; not thread-safe, and the
/// database behind it may be replaced between calls.
class GeoLookup {
public:
  virtual ~GeoLookup() = default;

  /// Fills `places[i]` for `addresses[i]` (null where unknown) and returns
  /// what keeps these places alive. Equal spans.
  virtual std::shared_ptr<const void>
  locate(std::span<const geo::IpAddress> addresses,
         std::span<const geo::Place*> places)
    = 0;
};

} // namespace millrace::logic
