#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <string>
#include <vector>

namespace millrace::node {

/// Faults on purpose; see docs/fault-injection.md.
struct FaultInjectionConfig {
  bool enabled = false;
  bool force = false;
  std::string token;
  std::vector<std::string> orders;
};

void describe(logic::SettingVisitor& visitor, FaultInjectionConfig& config);

std::vector<logic::Error> check(const FaultInjectionConfig& config);

/// What speaks against faults on purpose with these brokers: all must be on
/// this machine, unless forced.
std::vector<logic::Error> check_brokers(const FaultInjectionConfig& config,
                                        const std::string& bootstrap_servers);

} // namespace millrace::node
