#pragma once

#include "adapters/geoip/mmdb_data.hpp"
#include "logic/geo/place.hpp"

#include <cstddef>

namespace millrace::adapters::geoip {

/// Fills what `place` does not know yet from the record at an offset; leaves
/// `place.json` alone. Knows the nested layout of GeoIP2 and GeoLite2 and the
/// flat ones of DB-IP and ip-location-db; other members are passed over, and
/// a broken record adds nothing. Region, city and coordinates are taken only
/// from a record whose country agrees with what is known.
void add_record(const MmdbData& data, std::size_t offset,
                logic::geo::DetailedPlace& place);

} // namespace millrace::adapters::geoip
