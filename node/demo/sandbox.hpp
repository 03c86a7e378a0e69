#pragma once

#include "logic/core/result.hpp"
#include "node/config/load_config.hpp"
#include "node/demo/broker_process.hpp"
#include "node/demo/temporary_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace millrace::node::demo {

/// Whether nobody set that key, so that a command may choose its value.
bool is_default(const SettingsReport& report, const std::string& key);

/// Chooses a value for a key that nobody set.
template <class T>
void prefer(const SettingsReport& report, const std::string& key, T& target,
            std::type_identity_t<T> value) {
  if (is_default(report, key))
    target = std::move(value);
}

struct SandboxOptions {
  std::string purpose; ///< "demo"; becomes part of its folder's name
  std::uint64_t retention_mib = 256; ///< kept of each partition
};

/// Where a node can run without any surroundings: an embedded broker as a
/// process of its own with the node's topics, and a GeoIP database.
class Sandbox {
public:
  static constexpr int partitions = 12; ///< of each topic but the insights'

  /// Makes one and sets in `loaded` what leads there, and what suits a run on
  /// one machine where nobody set it.
  static logic::Result<std::unique_ptr<Sandbox>>
  open(LoadedConfig& loaded, const SandboxOptions& options);

  BrokerProcess& broker() noexcept { return *broker_; }
  const std::filesystem::path& folder() const noexcept {
    return folder_.path();
  }

private:
  explicit Sandbox(const std::string& purpose) : folder_(purpose) {}

  logic::Result<void> fill(LoadedConfig& loaded, const SandboxOptions& options);

  TemporaryFolder folder_;
  std::unique_ptr<BrokerProcess> broker_;
};

} // namespace millrace::node::demo
