#pragma once

#include "logic/detection/quiet_networks.hpp"
#include "logic/enrichment/geo_lookup.hpp"
#include "logic/records/enriched_batch.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Adds to events what their address and version say. Keeps scratch memory
/// between calls; not thread-safe.
class Enrichment {
public:
  /// `lookup` may be null: no place is ever known then. Without
  /// `quiet_networks` no network is quiet.
  Enrichment(std::vector<std::string> watched_versions,
             std::unique_ptr<GeoLookup> lookup,
             detection::QuietNetworksSource quiet_networks = {});

  EnrichedBatchPtr enrich(ValidatedBatchPtr batch);

  /// Public addresses found, and not found, since construction.
  std::uint64_t hits() const noexcept { return hits_; }
  std::uint64_t misses() const noexcept { return misses_; }

private:
  void locate(EnrichedBatch& batch);
  void mark_quiet(EnrichedBatch& batch, const ValidatedBatch& validated) const;
  bool watched(std::string_view version) const;

  std::vector<std::string> watched_versions_;
  std::unique_ptr<GeoLookup> lookup_;
  detection::QuietNetworksSource quiet_networks_;
  std::vector<geo::IpAddress> addresses_; ///< of the batch at hand
  std::vector<const geo::Place*> places_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

} // namespace millrace::logic
