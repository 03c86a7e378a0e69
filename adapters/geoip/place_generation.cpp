#include "adapters/geoip/place_generation.hpp"

#include <utility>

namespace millrace::adapters::geoip {

namespace {

constexpr int first_slots_log2 = 10;

} // namespace

PlaceGeneration::PlaceGeneration()
  : shift_(64 - first_slots_log2), slots_(std::size_t{1} << first_slots_log2) {}

const logic::geo::Place* PlaceGeneration::add(const PlaceKey& key,
                                              std::uint64_t hash,
                                              logic::geo::Place place) {
  // At most half full, so that probing stays short and always ends.
  if (2 * (size_ + 1) > slots_.size())
    grow();
  const logic::geo::Place* stored = nullptr;
  if (place.json != "{}")
    stored = &places_.emplace_back(std::move(place));
  insert({key, stored}, hash);
  ++size_;
  return stored;
}

void PlaceGeneration::insert(const Slot& slot, std::uint64_t hash) noexcept {
  std::size_t i = index_of(hash);
  while (!slots_[i].key.unknown())
    i = (i + 1) & (slots_.size() - 1);
  slots_[i] = slot;
}

void PlaceGeneration::grow() {
  const std::vector<Slot> old = std::exchange(
    slots_, std::vector<Slot>(slots_.size() * 2));
  --shift_;
  for (const Slot& slot : old)
    if (!slot.key.unknown())
      insert(slot, slot.key.hash());
}

} // namespace millrace::adapters::geoip
