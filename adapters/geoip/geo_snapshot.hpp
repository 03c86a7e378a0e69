#pragma once

#include "adapters/geoip/file_image.hpp"
#include "adapters/geoip/geoip_config.hpp"
#include "adapters/geoip/mmdb_tree.hpp"
#include "adapters/geoip/prefix_table.hpp"
#include "logic/core/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace::adapters::geoip {

/// One open file. Immutable.
struct GeoSource {
  std::string path;
  FileImage image;
  MmdbTree tree;
  std::optional<PrefixTable> v4; ///< present where the file answers for v4
  std::optional<PrefixTable> v6;

  /// The error names the file.
  static logic::Result<std::shared_ptr<const GeoSource>>
  load(const std::string& path, FileAccess access);
};

/// The part of a source that answers for one address family.
struct FamilySource {
  const MmdbTree* tree = nullptr;
  const PrefixTable* table = nullptr;
};

/// All files as they were at one moment. Immutable, shared by all lookups.
class GeoSnapshot {
public:
  static constexpr std::size_t max_family_sources = 4;

  /// Sources of `previous` whose file did not change are taken over.
  static logic::Result<std::shared_ptr<const GeoSnapshot>>
  load(const GeoipConfig& config, const GeoSnapshot* previous);

  std::span<const std::shared_ptr<const GeoSource>> sources() const noexcept {
    return sources_;
  }
  std::span<const FamilySource> v4() const noexcept { return v4_; }
  std::span<const FamilySource> v6() const noexcept { return v6_; }

private:
  std::vector<std::shared_ptr<const GeoSource>> sources_;
  std::vector<FamilySource> v4_;
  std::vector<FamilySource> v6_;
};

using GeoSnapshotPtr = std::shared_ptr<const GeoSnapshot>;

/// Hands the current snapshot from the database to its lookups. Any thread.
class SnapshotSlot {
public:
  explicit SnapshotSlot(GeoSnapshotPtr first) : current_(std::move(first)) {}

  void publish(GeoSnapshotPtr next) {
    const std::lock_guard lock{mutex_};
    current_ = std::move(next);
    version_.fetch_add(1, std::memory_order_release);
  }

  GeoSnapshotPtr get() const {
    const std::lock_guard lock{mutex_};
    return current_;
  }

  /// Rises with every `publish`: spares callers the lock when nothing changed.
  std::uint64_t version() const noexcept {
    return version_.load(std::memory_order_acquire);
  }

private:
  mutable std::mutex mutex_;
  GeoSnapshotPtr current_;
  std::atomic<std::uint64_t> version_{1};
};

} // namespace millrace::adapters::geoip
