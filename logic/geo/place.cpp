#include "logic/geo/place.hpp"

#include "logic/core/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

namespace millrace::logic::geo {

namespace {

constexpr double earth_radius_km = 6371.0088;
/// What members' names, a country, coordinates and a number take.
constexpr std::size_t fixed_bytes = 128;

void open_member(std::string& json, std::string_view name) {
  json += json.size() == 1 ? "\"" : ",\"";
  json += name;
  json += "\":";
}

void append_text(std::string& json, std::string_view name,
                 std::string_view text) {
  if (text.empty())
    return;
  open_member(json, name);
  json += '"';
  append_json_escaped(json, text);
  json += '"';
}

void append_degrees(std::string& json, std::string_view name, double degrees) {
  open_member(json, name);
  // Shortest text that reads back as the same number. Less than a tenth of
  // a millimetre counts as zero, so that fixed notation always fits.
  char text[64];
  const double number = std::abs(degrees) < 1e-9 ? 0.0 : degrees;
  const auto end = std::to_chars(text, text + sizeof text, number,
                                 std::chars_format::fixed);
  json.append(text, end.ptr);
}

constexpr double radians(double degrees) noexcept {
  return degrees * (std::numbers::pi / 180.0);
}

} // namespace

void render_json(DetailedPlace& place) {
  std::string json;
  // Each step of growth would be an allocation.
  json.reserve(place.region.size() + place.city.size()
               + place.asn_organization.size() + fixed_bytes);
  json = "{";
  append_text(json, "country", place.country);
  append_text(json, "region", place.region);
  append_text(json, "city", place.city);
  // The comparisons are false for NaN.
  if (place.has_coordinates && std::abs(place.latitude) <= 90.0
      && std::abs(place.longitude) <= 180.0) {
    append_degrees(json, "latitude", place.latitude);
    append_degrees(json, "longitude", place.longitude);
  }
  if (place.asn != 0) {
    open_member(json, "asn");
    json += std::to_string(place.asn);
  }
  append_text(json, "asn_organization", place.asn_organization);
  json += '}';
  place.json.assign(json); // many are kept, so without room to grow
}

double distance_km(double latitude_a, double longitude_a, double latitude_b,
                   double longitude_b) noexcept {
  const double sin_latitude = std::sin(radians(latitude_b - latitude_a) / 2.0);
  const double sin_longitude = std::sin(radians(longitude_b - longitude_a)
                                        / 2.0);
  const double chord = sin_latitude * sin_latitude
                       + std::cos(radians(latitude_a))
                           * std::cos(radians(latitude_b)) * sin_longitude
                           * sin_longitude;
  // Rounding may lift antipodes above one.
  return 2.0 * earth_radius_km * std::asin(std::sqrt(std::min(chord, 1.0)));
}

} // namespace millrace::logic::geo
