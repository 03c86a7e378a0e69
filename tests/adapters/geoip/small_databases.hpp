#pragma once

#include "adapters/geoip/mmdb_writer.hpp"
#include "logic/enrichment/geo_lookup.hpp"
#include "logic/geo/ip_address.hpp"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// What the geoip tests share: small databases.
namespace millrace::adapters::geoip {

inline logic::geo::IpAddress address(std::string_view text) {
  const auto parsed = logic::geo::parse_ip(text);
  if (!parsed)
    throw std::runtime_error("no address: " + std::string{text});
  return *parsed;
}

inline void insert(MmdbWriter& writer, std::string_view network,
                   const MmdbValue& value) {
  const auto slash = network.find('/');
  const int bits = std::atoi(std::string{network.substr(slash + 1)}.c_str());
  if (!writer.insert(address(network.substr(0, slash)), bits, value))
    throw std::runtime_error("refused: " + std::string{network});
}

inline std::string bytes_of(const MmdbWriter& writer) {
  auto bytes = writer.to_bytes();
  if (!bytes)
    throw std::runtime_error(bytes.error().text);
  return *std::move(bytes);
}

inline MmdbValue country(std::string_view code) {
  return MmdbMap{{"country", MmdbMap{{"iso_code", code}}}};
}

/// One network, one country, both families.
inline std::string tiny_database(std::string_view network,
                                 std::string_view country_code) {
  MmdbWriter writer{{}};
  insert(writer, network, country(country_code));
  return bytes_of(writer);
}

/// The JSON of one address, "-" where nothing is known.
inline std::string located(logic::GeoLookup& lookup, std::string_view text) {
  const logic::geo::IpAddress wanted = address(text);
  const logic::geo::Place* place = nullptr;
  const auto pin = lookup.locate({&wanted, 1}, {&place, 1});
  return place == nullptr ? "-" : place->json;
}

} // namespace millrace::adapters::geoip
