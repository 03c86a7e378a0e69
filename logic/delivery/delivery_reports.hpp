#pragma once

#include "logic/core/result.hpp"
#include "logic/delivery/outgoing_record.hpp"
#include "logic/records/client_event.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// What may be done about a record that was not delivered.
enum class DeliveryFault : std::uint8_t {
  outage, ///< no broker answered: try again for as long as it takes
  transient, ///< a broker refused for now: try again, up to the limit
  record, ///< this record will never be taken
  fatal, ///< the client is dead (fenced, unauthorised): build it anew
  too_large, ///< never taken at this size
  timestamp, ///< never taken with this timestamp
};

/// Whose doing a failure is, as far as the broker says.
enum class Blame : std::uint8_t {
  record, ///< the record's own, or nobody's
  request, ///< of some record in the same request: nobody knows of which
  neighbour, ///< of another record in the same request
};

/// The enumerator's name.
constexpr std::string_view to_string(DeliveryFault fault) noexcept {
  switch (fault) {
    case DeliveryFault::outage:
      return "outage";
    case DeliveryFault::transient:
      return "transient";
    case DeliveryFault::record:
      return "record";
    case DeliveryFault::fatal:
      return "fatal";
    case DeliveryFault::too_large:
      return "too_large";
    case DeliveryFault::timestamp:
      return "timestamp";
  }
  return "unknown";
}

struct DeliveryFailure {
  SendToken token;
  DeliveryFault fault = DeliveryFault::transient;
  std::string text; ///< the client's own words, bounded, no record's bytes
  Blame blame = Blame::record;
  Destination destination = Destination::output;
  /// The client's name of the error, for a metric; lives for ever.
  std::string_view error = "unknown";
};

/// What became of a transaction.
struct TransactionReport {
  enum class Kind : std::uint8_t {
    committed,
    aborted, ///< and nothing of it is under way any more
    must_abort, ///< it cannot be committed
    /// Nobody can say whether it is committed: only the group's offsets can.
    unknown,
  };
  Kind kind = Kind::aborted;
  Error error; ///< why, of the last two
};

/// Reports since the last call: successes as counts per slot.
struct DeliveryReports {
  struct Delivered {
    std::uint32_t slot = 0;
    std::uint32_t count = 0;
    Destination destination = Destination::output;
  };
  std::vector<Delivered> delivered; ///< a slot may occur more than once
  std::vector<DeliveryFailure> failed;
  std::vector<ClientEvent> events; ///< fault, failed, recovered
  /// Behind all reports on the records of the transaction.
  std::vector<TransactionReport> transactions;
  void clear() {
    transactions.clear();
    delivered.clear();
    failed.clear();
    events.clear();
  }
};

} // namespace millrace::logic
