#define CAF_SUITE place

#include "logic/geo/place.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <limits>
#include <string>

using namespace millrace::logic::geo;

namespace {

std::string rendered(DetailedPlace place) {
  render_json(place);
  return place.json;
}

DetailedPlace at(double latitude, double longitude) {
  DetailedPlace place;
  place.has_coordinates = true;
  place.latitude = latitude;
  place.longitude = longitude;
  return place;
}

} // namespace

CAF_TEST(a_place_is_rendered_with_all_its_members) {
  DetailedPlace place = at(38.7223, -9.1393);
  place.country = "PT";
  place.region = "Lisbon";
  place.city = "Lisbon";
  place.asn = 64512;
  place.asn_organization = "Example Net 1";
  CAF_CHECK_EQUAL(rendered(place),
                  R"({"country":"PT","region":"Lisbon","city":"Lisbon",)"
                  R"("latitude":38.7223,"longitude":-9.1393,"asn":64512,)"
                  R"("asn_organization":"Example Net 1"})");
}

CAF_TEST(unknown_members_are_left_out) {
  CAF_CHECK_EQUAL(rendered({}), "{}");
  DetailedPlace place;
  place.city = "Cairo";
  CAF_CHECK_EQUAL(rendered(place), R"({"city":"Cairo"})");
  CAF_CHECK_EQUAL(rendered(at(0, 0)), R"({"latitude":0,"longitude":0})");
}

CAF_TEST(names_are_escaped) {
  DetailedPlace place;
  place.city = "a\"b\\c\n\x01";
  place.region = "Zürich";
  const auto value = boost::json::parse(rendered(place));
  CAF_CHECK_EQUAL(std::string{value.at("city").as_string()}, place.city);
  CAF_CHECK_EQUAL(std::string{value.at("region").as_string()}, place.region);
}

CAF_TEST(bytes_that_are_not_utf8_do_not_reach_the_output) {
  DetailedPlace place;
  place.city = "M\xfcnchen";
  const auto value = boost::json::parse(rendered(place));
  CAF_CHECK_EQUAL(std::string{value.at("city").as_string()},
                  "M\xef\xbf\xbdnchen");
}

CAF_TEST(impossible_coordinates_are_left_out) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CAF_CHECK_EQUAL(rendered(at(nan, 1)), "{}");
  CAF_CHECK_EQUAL(rendered(at(1, nan)), "{}");
  CAF_CHECK_EQUAL(rendered(at(infinity, 1)), "{}");
  CAF_CHECK_EQUAL(rendered(at(90.5, 1)), "{}");
  CAF_CHECK_EQUAL(rendered(at(1, -180.5)), "{}");
}

CAF_TEST(tiny_coordinates_are_still_short_json_numbers) {
  CAF_CHECK_EQUAL(rendered(at(-0.0, 1e-300)),
                  R"({"latitude":0,"longitude":0})");
  CAF_CHECK_EQUAL(rendered(at(0.00001, -180)),
                  R"({"latitude":0.00001,"longitude":-180})");
  const std::string json = rendered(at(0.1 + 0.2, -123.456789012345678));
  const auto value = boost::json::parse(json);
  CAF_CHECK_EQUAL(value.at("latitude").as_double(), 0.1 + 0.2);
  CAF_CHECK_EQUAL(value.at("longitude").as_double(), -123.456789012345678);
}

CAF_TEST(distances_follow_the_great_circle) {
  const auto near_km = [](double actual, double expected) {
    return std::abs(actual - expected) < 1.0;
  };
  CAF_CHECK_EQUAL(distance_km(10, 20, 10, 20), 0.0);
  // A quarter and a half of the meridian of a sphere of 6371.0088 km.
  CAF_CHECK(near_km(distance_km(0, 0, 90, 0), 10'007.557));
  CAF_CHECK(near_km(distance_km(0, 0, 0, 180), 20'015.115));
  CAF_CHECK(near_km(distance_km(90, 0, -90, 123), 20'015.115));
  // Across the date line, and a known pair.
  CAF_CHECK(near_km(distance_km(0, 179.5, 0, -179.5), 111.195));
  CAF_CHECK(near_km(distance_km(51.5074, -0.1278, 48.8566, 2.3522), 343.557));
  CAF_CHECK_EQUAL(distance_km(1, 2, 3, 4), distance_km(3, 4, 1, 2));
}
