#pragma once

#include "logic/core/result.hpp"

#include <string>

namespace millrace::adapters::geoip {

/// A city database of the demonstration's invented networks
/// (logic/geo/demo_cities.hpp) in the nested layout of GeoLite2-City, with
/// autonomous systems, both address families; always the same bytes.
logic::Result<std::string> demo_database_bytes();

/// Writes it to `path` by renaming, about 20 kB.
logic::Result<void> write_demo_database(const std::string& path);

} // namespace millrace::adapters::geoip
