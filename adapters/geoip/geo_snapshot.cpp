#include "adapters/geoip/geo_snapshot.hpp"

#include <algorithm>

namespace millrace::adapters::geoip {

namespace {

using logic::Error;
using logic::ErrorCode;

Error about_file(const std::string& path, const Error& error) {
  std::string text = "geoip file " + path + " " + error.text;
  if (error.code == ErrorCode::not_found)
    text += "; correct geoip.files, or leave it empty to run without locations";
  return {error.code, std::move(text)};
}

} // namespace

logic::Result<std::shared_ptr<const GeoSource>>
GeoSource::load(const std::string& path, FileAccess access) {
  auto image = FileImage::load(path, access);
  if (!image)
    return about_file(path, image.error());
  auto tree = MmdbTree::parse(image->bytes());
  if (!tree)
    return about_file(path, tree.error());
  std::optional<PrefixTable> v4;
  std::optional<PrefixTable> v6;
  if (const auto root = tree->root_v4())
    v4.emplace(*tree, *root);
  if (const auto root = tree->root_v6())
    v6.emplace(*tree, *root);
  return std::make_shared<const GeoSource>(GeoSource{
    path, *std::move(image), *std::move(tree), std::move(v4), std::move(v6)});
}

logic::Result<GeoSnapshotPtr> GeoSnapshot::load(const GeoipConfig& config,
                                                const GeoSnapshot* previous) {
  const FileAccess access = config.access == "map" ? FileAccess::map
                                                   : FileAccess::memory;
  auto snapshot = std::make_shared<GeoSnapshot>();
  for (const std::string& path : config.files) {
    std::shared_ptr<const GeoSource> source;
    if (previous != nullptr) {
      const FileSignature now = signature_of(path);
      for (const auto& old : previous->sources_)
        if (old->path == path && old->image.signature() == now)
          source = old;
    }
    if (!source) {
      auto loaded = GeoSource::load(path, access);
      if (!loaded)
        return loaded.error();
      source = *std::move(loaded);
    }
    if (source->v4)
      snapshot->v4_.push_back({&source->tree, &*source->v4});
    if (source->v6)
      snapshot->v6_.push_back({&source->tree, &*source->v6});
    snapshot->sources_.push_back(std::move(source));
  }
  if (std::max(snapshot->v4_.size(), snapshot->v6_.size()) > max_family_sources)
    return Error{ErrorCode::invalid_config,
                 "geoip.files names more than "
                   + std::to_string(max_family_sources)
                   + " files that answer for one address family; leave some "
                     "out"};
  return GeoSnapshotPtr{std::move(snapshot)};
}

} // namespace millrace::adapters::geoip
