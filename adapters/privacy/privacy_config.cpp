#include "adapters/privacy/privacy_config.hpp"

namespace millrace::adapters::privacy {

namespace {

/// As many as the hash has: RFC 2104, section 3, advises against fewer.
constexpr std::size_t min_key_bytes = 32;

} // namespace

void describe(logic::SettingVisitor& visitor, PrivacyConfig& config) {
  visitor.section("privacy", "What of people may be told.");
  visitor.setting(
    {.name = "pseudonym_key",
     .help = "Key of the pseudonyms by which log lines about the watch list "
             "and anomalies name users, 32 bytes or more (`openssl rand -hex "
             "32`). Empty: they name nobody.",
     .secret = true},
    &config.pseudonym_key);
}

std::vector<logic::Error> check(const PrivacyConfig& config) {
  const auto bytes = config.pseudonym_key.size();
  if (bytes == 0 || bytes >= min_key_bytes)
    return {};
  return {{logic::ErrorCode::invalid_config,
           "privacy.pseudonym_key has " + std::to_string(bytes)
             + " bytes, which can be guessed; give "
             + std::to_string(min_key_bytes)
             + " or more, for example of `openssl rand -hex 32`"}};
}

} // namespace millrace::adapters::privacy
