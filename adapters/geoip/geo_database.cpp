#include "adapters/geoip/geo_database.hpp"

#include "adapters/geoip/geo_snapshot.hpp"
#include "adapters/geoip/table_lookup.hpp"

#include <cstddef>
#include <mutex>
#include <utility>

namespace millrace::adapters::geoip {

struct GeoDatabase::Shared {
  GeoipConfig config;
  std::shared_ptr<SnapshotSlot> slot;
  std::mutex reload;
  /// What was last tried, whether it could be opened or not.
  std::vector<FileSignature> tried;
};

namespace {

std::vector<FileSignature> signatures_of(const GeoipConfig& config) {
  std::vector<FileSignature> signatures;
  for (const std::string& path : config.files)
    signatures.push_back(signature_of(path));
  return signatures;
}

} // namespace

GeoDatabase::GeoDatabase(std::unique_ptr<Shared> shared)
  : shared_(std::move(shared)) {}

GeoDatabase::~GeoDatabase() = default;

logic::Result<std::unique_ptr<GeoDatabase>>
GeoDatabase::open(const GeoipConfig& config) {
  auto shared = std::make_unique<Shared>();
  shared->config = config;
  // Before the files are read: a change meanwhile is seen as one later.
  shared->tried = signatures_of(config);
  auto snapshot = GeoSnapshot::load(config, nullptr);
  if (!snapshot)
    return snapshot.error();
  shared->slot = std::make_shared<SnapshotSlot>(*std::move(snapshot));
  return std::unique_ptr<GeoDatabase>{new GeoDatabase{std::move(shared)}};
}

logic::Result<bool> GeoDatabase::reload_if_changed() {
  const std::lock_guard lock{shared_->reload};
  auto now = signatures_of(shared_->config);
  if (now == shared_->tried)
    return false;
  shared_->tried = std::move(now);
  const GeoSnapshotPtr current = shared_->slot->get();
  auto snapshot = GeoSnapshot::load(shared_->config, current.get());
  if (!snapshot)
    return snapshot.error();
  shared_->slot->publish(*std::move(snapshot));
  return true;
}

std::unique_ptr<logic::GeoLookup> GeoDatabase::make_lookup() const {
  return std::make_unique<TableLookup>(
    shared_->slot, static_cast<std::size_t>(shared_->config.cache_places));
}

std::vector<GeoFileInfo> GeoDatabase::files() const {
  std::vector<GeoFileInfo> files;
  for (const auto& source : shared_->slot->get()->sources())
    files.push_back({.path = source->path,
                     .database_type = source->tree.metadata().database_type,
                     .build_time_s = source->tree.metadata().build_time_s,
                     .file_bytes = source->image.bytes().size(),
                     .answers_v4 = source->v4.has_value(),
                     .answers_v6 = source->v6.has_value()});
  return files;
}

} // namespace millrace::adapters::geoip
