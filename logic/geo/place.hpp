#pragma once

#include <cstdint>
#include <string>

namespace millrace::logic::geo {

/// What a geolocation database says of a network. Immutable once published;
/// shared by all events from that network. What each event needs lies in the
/// first two cache lines.
struct alignas(64) Place {
  double latitude = 0.0; ///< degrees
  double longitude = 0.0; ///< degrees
  bool has_coordinates = false;
  std::uint32_t asn = 0; ///< autonomous system number, 0 where unknown

  /// The place as a JSON object, ready to be copied into an output record:
  /// {"country":"US","region":"..","city":"..","latitude":..,"longitude":..,
  /// "asn":..}; members that are unknown are left out; "{}" when all are.
  std::string json;

  std::string country; ///< ISO 3166-1 alpha-2, empty where unknown
};

/// A place as it is read. What no event needs but as text is not kept.
struct DetailedPlace : Place {
  std::string region;
  std::string city;
  std::string asn_organization;
};

/// Fills `place.json` from the other members.
void render_json(DetailedPlace& place);

/// Great-circle distance in kilometres (haversine, mean Earth radius
/// 6371.0088 km). Degrees in.
double distance_km(double latitude_a, double longitude_a, double latitude_b,
                   double longitude_b) noexcept;

} // namespace millrace::logic::geo
