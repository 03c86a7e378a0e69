#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <string>
#include <vector>

namespace millrace::node {

/// Section "node": who this node is among those of its group.
struct IdentityConfig {
  std::string name; ///< empty: the host's
  std::string role = "all";

  /// The name, or that of the host where none is set.
  std::string display_name() const;

  /// Computes for others and has no clients of Kafka.
  bool is_worker() const noexcept { return role == "worker"; }

  /// Computes only while no worker is linked.
  bool computes_in_reserve() const noexcept { return role == "ingest"; }
};

void describe(logic::SettingVisitor& visitor, IdentityConfig& config);

/// A name that fits into logs.
std::vector<logic::Error> check(const IdentityConfig& config);

} // namespace millrace::node
