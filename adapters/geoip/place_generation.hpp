#pragma once

#include "adapters/geoip/geo_snapshot.hpp"
#include "logic/geo/place.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace millrace::adapters::geoip {

/// Names a place by where each source of a family keeps its part: one more
/// than the offset in the data section, 0 where a source knows nothing.
struct PlaceKey {
  std::array<std::uint32_t, GeoSnapshot::max_family_sources> parts{};

  bool unknown() const noexcept { return *this == PlaceKey{}; }

  /// The same offsets mean other places in the sources for v6. Files stay
  /// below 2 GiB, so that the first bit is free.
  void mark_v6() noexcept { parts[0] |= 0x8000'0000U; }

  std::uint64_t hash() const noexcept {
    const auto low = std::uint64_t{parts[0]} << 32 | parts[1];
    const auto high = std::uint64_t{parts[2]} << 32 | parts[3];
    // Multiply-and-fold mixing with odd constants of the golden ratio.
    std::uint64_t mixed = (low ^ (high * 0x9e37'79b9'7f4a'7c15ULL))
                          * 0xd6e8'feb8'6659'fd93ULL;
    mixed ^= mixed >> 32;
    return mixed * 0xd6e8'feb8'6659'fd93ULL;
  }

  friend bool operator==(const PlaceKey&, const PlaceKey&) = default;
};

/// Places decoded so far, each once. Owned by one lookup, which adds to it,
/// and by the batches that point into it: a place neither moves nor changes
/// once added. Only the owner may call anything.
class PlaceGeneration {
public:
  PlaceGeneration();

  /// Asks the processor for what `find` will read.
  void prefetch(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&slots_[index_of(hash)]);
  }

  struct Found {
    bool found = false;
    const logic::geo::Place* place = nullptr; ///< null: nothing is known
  };
  Found find(const PlaceKey& key, std::uint64_t hash) const noexcept {
    for (std::size_t i = index_of(hash);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.key == key)
        return {true, slot.place};
      if (slot.key.unknown())
        return {};
    }
  }

  /// For a key that is neither unknown nor there yet. A place whose JSON is
  /// "{}" is remembered as null.
  const logic::geo::Place* add(const PlaceKey& key, std::uint64_t hash,
                               logic::geo::Place place);

  /// Keys, those remembered as null among them.
  std::size_t size() const noexcept { return size_; }

private:
  /// Two fill a cache line, and none straddles two.
  struct alignas(32) Slot {
    PlaceKey key;
    const logic::geo::Place* place = nullptr;
  };

  std::size_t index_of(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(hash >> shift_);
  }
  void insert(const Slot& slot, std::uint64_t hash) noexcept;
  void grow();

  int shift_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::deque<logic::geo::Place> places_;
};

} // namespace millrace::adapters::geoip
