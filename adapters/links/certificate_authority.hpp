#pragma once

#include "logic/core/result.hpp"

#include <chrono>
#include <string>
#include <vector>

/// A private CA for trials: whoever runs an organisation's own has it sign.
namespace millrace::adapters::links {

struct CertificateRequest {
  std::string folder; ///< where `ca.crt` and `ca.key` are, or will be
  /// A node each: its name in the certificate and of its files.
  std::vector<std::string> nodes;
  /// Names and addresses that every certificate gets besides its node's name.
  std::vector<std::string> further_names;
  std::chrono::hours validity{std::chrono::days{365}};
};

/// What was made of a node.
struct IssuedCertificate {
  std::string node;
  std::string certificate_file;
  std::string key_file;
  std::string serial; ///< capital hexadecimal
};

struct IssuedCertificates {
  std::string ca_file;
  bool made_ca = false; ///< there was none before
  std::vector<IssuedCertificate> nodes;
};

/// Makes a certificate and a key for each node, and the CA where the folder
/// holds none: EC on P-256, SHA-256, for both ends of a link. Keys are
/// readable by their owner only. Files that exist are never written over: then
/// nothing is made at all. Errors name the file or the name that is wrong.
logic::Result<IssuedCertificates>
issue_certificates(const CertificateRequest& request);

} // namespace millrace::adapters::links
