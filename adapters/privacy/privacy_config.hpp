#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <string>
#include <vector>

namespace millrace::adapters::privacy {

/// Section `privacy`: what of people may be told.
struct PrivacyConfig {
  /// Empty: logs name nobody.
  std::string pseudonym_key;
};

void describe(logic::SettingVisitor& visitor, PrivacyConfig& config);

/// Whether the key is long enough to be one.
std::vector<logic::Error> check(const PrivacyConfig& config);

} // namespace millrace::adapters::privacy
