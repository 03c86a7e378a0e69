#pragma once

#include "adapters/geoip/geo_snapshot.hpp"
#include "adapters/geoip/place_generation.hpp"
#include "logic/enrichment/geo_lookup.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace millrace::adapters::geoip {

/// Finds the places of a batch through the prefix tables, 64 addresses
/// abreast, so that the waits for memory overlap. One caller.
class TableLookup final : public logic::GeoLookup {
public:
  /// `cache_places`: how many places a generation may hold before the next
  /// batch starts a new one. A batch of more addresses may exceed it.
  TableLookup(std::shared_ptr<const SnapshotSlot> slot,
              std::size_t cache_places);

  std::shared_ptr<const void>
  locate(std::span<const logic::geo::IpAddress> addresses,
         std::span<const logic::geo::Place*> places) override;

  /// Places (and nothings) that the current generation holds.
  std::size_t cached() const noexcept { return generation_->size(); }

private:
  struct Group;

  void refresh(std::size_t addresses);
  void locate_group(std::span<const logic::geo::IpAddress> addresses,
                    std::span<const logic::geo::Place*> places);
  void resolve(const Group& group, bool v6,
               std::span<const logic::geo::Place*> places);
  const logic::geo::Place* decode(const PlaceKey& key, std::uint64_t hash,
                                  std::span<const FamilySource> sources,
                                  bool v6);

  std::shared_ptr<const SnapshotSlot> slot_;
  std::size_t cache_places_;
  std::uint64_t version_ = 0;
  GeoSnapshotPtr snapshot_;
  std::shared_ptr<PlaceGeneration> generation_;
};

} // namespace millrace::adapters::geoip
