#pragma once

#include "adapters/geoip/geoip_config.hpp"
#include "logic/core/result.hpp"
#include "logic/enrichment/geo_lookup.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace::adapters::geoip {

/// What is known of one open file, for logs and the status page.
struct GeoFileInfo {
  std::string path;
  std::string database_type; ///< as the file names itself
  std::uint64_t build_time_s = 0; ///< seconds since 1970, 0 where absent
  std::size_t file_bytes = 0;
  bool answers_v4 = false;
  bool answers_v6 = false;
};

/// Owns the open geolocation files and replaces them while lookups go on.
/// All methods may be called from any thread; `reload_if_changed` reads
/// whole files and takes a tenth of a second for 130 MB.
class GeoDatabase {
public:
  /// Opens every file; with none, the database is empty and every address
  /// unknown. The error names the file, what is wrong, and what to do.
  static logic::Result<std::unique_ptr<GeoDatabase>>
  open(const GeoipConfig& config);

  ~GeoDatabase();
  GeoDatabase(const GeoDatabase&) = delete;
  GeoDatabase& operator=(const GeoDatabase&) = delete;

  /// Opens all files anew if one of them changed on disk (inode, size or
  /// modification time). True: lookups answer from the new files from their
  /// next call on. An error leaves the old files in use, and is returned once
  /// for each change.
  logic::Result<bool> reload_if_changed();

  /// A lookup for one caller. It stays valid after the database is gone and
  /// then answers from the last files.
  std::unique_ptr<logic::GeoLookup> make_lookup() const;

  /// The files in use, in the order of the configuration.
  std::vector<GeoFileInfo> files() const;

private:
  struct Shared;

  explicit GeoDatabase(std::unique_ptr<Shared> shared);

  std::unique_ptr<Shared> shared_;
};

} // namespace millrace::adapters::geoip
