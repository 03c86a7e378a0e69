#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace millrace::adapters::links {

/// How long the certificates of a PEM file are valid.
struct CertificateExpiry {
  std::chrono::sys_seconds first; ///< of a chain: it ends with this
  std::chrono::sys_seconds last; ///< of authorities: none is left after this
};

/// Nothing where the file cannot be read or holds no certificate.
std::optional<CertificateExpiry> expiry_of(const std::string& path);

} // namespace millrace::adapters::links
