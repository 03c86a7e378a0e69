#include "adapters/geoip/table_lookup.hpp"

#include "adapters/geoip/place_reader.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace millrace::adapters::geoip {

namespace {

using logic::geo::AddressFamily;
using logic::geo::IpAddress;
using logic::geo::Place;

/// Enough to hide the memory's latency, and its state fits the first cache.
constexpr std::size_t group_size = 64;
constexpr std::size_t cache_line = 64;

std::uint64_t load_half(const std::uint8_t* bytes) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i)
    value = value << 8 | bytes[i];
  return value;
}

/// Asks for what every event needs of a place: it may have been decoded long
/// ago, and is read soon.
[[gnu::always_inline]] inline void prefetch(const Place* place) noexcept {
  __builtin_prefetch(place);
  __builtin_prefetch(reinterpret_cast<const char*>(place) + cache_line);
}

} // namespace

/// The addresses of one family among `group_size` neighbours.
struct TableLookup::Group {
  std::size_t count = 0;
  std::array<std::uint8_t, group_size> index; ///< in the caller's span
  std::array<std::uint64_t, group_size> high; ///< v4 fills the upper half
  std::array<std::uint64_t, group_size> low;
  std::array<PlaceKey, group_size> keys;

  void add(std::size_t at, const IpAddress& address) noexcept {
    index[count] = static_cast<std::uint8_t>(at);
    if (address.family == AddressFamily::v4) {
      high[count] = std::uint64_t{address.v4()} << 32;
      low[count] = 0;
    } else {
      high[count] = load_half(address.bytes.data());
      low[count] = load_half(address.bytes.data() + 8);
    }
    keys[count] = {};
    ++count;
  }

  bool bit(std::size_t i, int depth) const noexcept {
    return ((depth < 64 ? high[i] >> (63 - depth) : low[i] >> (127 - depth))
            & 1)
           != 0;
  }

  /// Fills part `part` of every key from one source. All addresses descend
  /// one level per round; those that arrived drop out.
  void descend(const FamilySource& source, std::size_t part,
               int address_bits) noexcept {
    const MmdbTree& tree = *source.tree;
    const PrefixTable& table = *source.table;
    for (std::size_t i = 0; i < count; ++i)
      __builtin_prefetch(&table[high[i]]);
    std::array<MmdbTree::Record, group_size> records;
    std::array<std::uint8_t, group_size> waiting;
    std::size_t waiting_count = 0;
    for (std::size_t i = 0; i < count; ++i) {
      records[i] = table[high[i]];
      if (tree.is_node(records[i])) {
        tree.prefetch(records[i]);
        waiting[waiting_count++] = static_cast<std::uint8_t>(i);
      }
    }
    int depth = table.prefix_bits();
    for (; waiting_count > 0 && depth < address_bits; ++depth) {
      std::size_t still = 0;
      for (std::size_t w = 0; w < waiting_count; ++w) {
        const std::size_t i = waiting[w];
        records[i] = tree.child(records[i], bit(i, depth));
        if (tree.is_node(records[i])) {
          tree.prefetch(records[i]);
          waiting[still++] = static_cast<std::uint8_t>(i);
        }
      }
      waiting_count = still;
    }
    for (std::size_t i = 0; i < count; ++i)
      keys[i].parts[part] = tree.data_key(records[i]);
  }
};

TableLookup::TableLookup(std::shared_ptr<const SnapshotSlot> slot,
                         std::size_t cache_places)
  : slot_(std::move(slot)), cache_places_(cache_places),
    generation_(std::make_shared<PlaceGeneration>()) {}

std::shared_ptr<const void>
TableLookup::locate(std::span<const IpAddress> addresses,
                    std::span<const Place*> places) {
  assert(addresses.size() == places.size());
  refresh(addresses.size());
  for (std::size_t at = 0; at < addresses.size(); at += group_size) {
    const std::size_t count = std::min(group_size, addresses.size() - at);
    locate_group(addresses.subspan(at, count), places.subspan(at, count));
  }
  return generation_;
}

/// Between batches only: all places of a batch come from one generation, so
/// that one pin keeps them.
void TableLookup::refresh(std::size_t addresses) {
  // Read before the snapshot: one published in between is noticed next time.
  const std::uint64_t version = slot_->version();
  const bool replaced = version != version_;
  if (replaced) {
    snapshot_ = slot_->get();
    version_ = version;
  }
  const bool full = generation_->size() > 0
                    && generation_->size() + addresses > cache_places_;
  if (replaced || full)
    generation_ = std::make_shared<PlaceGeneration>();
}

void TableLookup::locate_group(std::span<const IpAddress> addresses,
                               std::span<const Place*> places) {
  Group v4;
  Group v6;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    places[i] = nullptr;
    if (addresses[i].family == AddressFamily::v4)
      v4.add(i, addresses[i]);
    else if (addresses[i].family == AddressFamily::v6)
      v6.add(i, addresses[i]);
  }
  if (v4.count > 0) {
    for (std::size_t s = 0; s < snapshot_->v4().size(); ++s)
      v4.descend(snapshot_->v4()[s], s, 32);
    resolve(v4, false, places);
  }
  if (v6.count > 0) {
    for (std::size_t s = 0; s < snapshot_->v6().size(); ++s)
      v6.descend(snapshot_->v6()[s], s, 128);
    for (std::size_t i = 0; i < v6.count; ++i)
      if (!v6.keys[i].unknown())
        v6.keys[i].mark_v6();
    resolve(v6, true, places);
  }
}

void TableLookup::resolve(const Group& group, bool v6,
                          std::span<const Place*> places) {
  std::array<std::uint64_t, group_size> hashes;
  for (std::size_t i = 0; i < group.count; ++i) {
    hashes[i] = group.keys[i].hash();
    generation_->prefetch(hashes[i]);
  }
  const auto sources = v6 ? snapshot_->v6() : snapshot_->v4();
  for (std::size_t i = 0; i < group.count; ++i) {
    const PlaceKey& key = group.keys[i];
    if (key.unknown())
      continue;
    const auto [found, place] = generation_->find(key, hashes[i]);
    places[group.index[i]] = found ? place
                                   : decode(key, hashes[i], sources, v6);
    if (found)
      prefetch(place);
  }
}

const Place* TableLookup::decode(const PlaceKey& key, std::uint64_t hash,
                                 std::span<const FamilySource> sources,
                                 bool v6) {
  PlaceKey offsets = key;
  if (v6)
    offsets.parts[0] &= 0x7fff'ffffU;
  logic::geo::DetailedPlace place;
  for (std::size_t s = 0; s < sources.size(); ++s)
    if (offsets.parts[s] != 0)
      add_record(sources[s].tree->data(), offsets.parts[s] - 1, place);
  logic::geo::render_json(place);
  return generation_->add(key, hash, std::move(static_cast<Place&>(place)));
}

} // namespace millrace::adapters::geoip
