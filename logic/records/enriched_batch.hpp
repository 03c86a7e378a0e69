#pragma once

#include "logic/geo/address_class.hpp"
#include "logic/geo/place.hpp"
#include "logic/records/validated_batch.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace millrace::logic {

/// What the enricher adds to one event.
struct Origin {
  /// Null where the address is unknown to the database, or not public.
  const geo::Place* place = nullptr;
  /// XXH3 of the user id: names the detector shard and the state's key.
  std::uint64_t user_hash = 0;
  /// Names the shard and the state's key of the address, see `hash_address`;
  /// 0 where there is no address or the event does not tell its outcome.
  std::uint64_t address_hash = 0;
  geo::AddressClass address_class = geo::AddressClass::unknown;
  bool watched = false; ///< app version on the watch list
  /// From a network (VPN, hosting, relay) that says nothing of where its users
  /// are.
  bool quiet = false;
};

/// A validated batch with its origins, `origins[i]` for `events[i]`.
/// Immutable once published.
struct EnrichedBatch {
  ValidatedBatchPtr validated;
  std::vector<Origin> origins;
  std::uint32_t watched = 0; ///< of the origins
  /// Keeps the places alive that `origins` point to.
  std::shared_ptr<const void> places;
};

using EnrichedBatchPtr = std::shared_ptr<const EnrichedBatch>;

} // namespace millrace::logic
