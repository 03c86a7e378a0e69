#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::logic {

/// Which member of an event says how the login ended, and in which words.
/// Declared with the settings of section `detection`, read by the validator.
struct OutcomeConfig {
  /// A path with dots; empty: `login_status`, and `success` where that does
  /// not tell.
  std::string member;
  /// Compared without regard to the case of ASCII letters.
  std::vector<std::string> success_values = {
    "success", "succeeded", "successful", "ok",
    "true",    "allowed",   "allow",      "granted"};
  std::vector<std::string> failure_values = {
    "failure", "failed",  "fail",     "denied",  "deny",
    "false",   "invalid", "rejected", "blocked", "unauthorized"};
};

/// Deepest path that `member` may be.
inline constexpr std::size_t max_outcome_depth = 8;

/// The names of the path, outermost first; empty for an empty path.
std::vector<std::string_view> outcome_path(std::string_view member);

void describe(SettingVisitor& visitor, OutcomeConfig& config);

/// Whether the path can be followed, and no value means both. Texts name the
/// settings in full.
std::vector<Error> check(const OutcomeConfig& config);

} // namespace millrace::logic
