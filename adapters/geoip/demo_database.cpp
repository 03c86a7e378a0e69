#include "adapters/geoip/demo_database.hpp"

#include "adapters/geoip/mmdb_writer.hpp"
#include "logic/geo/demo_cities.hpp"

#include <cstddef>
#include <cstdint>

namespace millrace::adapters::geoip {

namespace {

using logic::geo::AddressFamily;
using logic::geo::DemoCity;
using logic::geo::IpAddress;

/// 2026-01-01, so that the bytes are always the same.
constexpr std::uint64_t build_time_s = 1'767'225'600;

MmdbValue record_of(const DemoCity& city) {
  MmdbMap record{
    {"country", MmdbMap{{"iso_code", city.country}}},
    {"city", MmdbMap{{"names", MmdbMap{{"en", city.city}}}}},
    {"location",
     MmdbMap{{"latitude", city.latitude}, {"longitude", city.longitude}}},
    {"autonomous_system_number", city.asn},
    {"autonomous_system_organization", city.asn_organization},
  };
  if (!city.region.empty())
    record.push_back(
      {"subdivisions",
       MmdbArray{MmdbMap{{"names", MmdbMap{{"en", city.region}}}}}});
  return record;
}

IpAddress network_v4(const DemoCity& city) {
  IpAddress network;
  network.family = AddressFamily::v4;
  for (std::size_t i = 0; i < 4; ++i)
    network.bytes[i] = static_cast<std::uint8_t>(city.network_v4
                                                 >> (24 - 8 * i));
  return network;
}

IpAddress network_v6(const DemoCity& city) {
  IpAddress network;
  network.family = AddressFamily::v6;
  for (std::size_t i = 0; i < 8; ++i)
    network.bytes[i] = static_cast<std::uint8_t>(city.network_v6
                                                 >> (56 - 8 * i));
  return network;
}

logic::Result<MmdbWriter> demo_writer() {
  MmdbWriter writer{{.database_type = "millrace-demo-City",
                     .description = "Invented networks for demonstrations",
                     .build_time_s = build_time_s}};
  for (const DemoCity& city : logic::geo::demo_cities()) {
    const MmdbValue record = record_of(city);
    if (auto done = writer.insert(network_v4(city), city.prefix_v4, record);
        !done)
      return done.error();
    if (city.network_v6 == 0)
      continue;
    if (auto done = writer.insert(network_v6(city), logic::geo::demo_prefix_v6,
                                  record);
        !done)
      return done.error();
  }
  return writer;
}

} // namespace

logic::Result<std::string> demo_database_bytes() {
  const auto writer = demo_writer();
  if (!writer)
    return writer.error();
  return writer->to_bytes();
}

logic::Result<void> write_demo_database(const std::string& path) {
  const auto writer = demo_writer();
  if (!writer)
    return writer.error();
  return writer->write_file(path);
}

} // namespace millrace::adapters::geoip
