#pragma once

#include "logic/core/result.hpp"
#include "logic/core/settings.hpp"

#include <string>
#include <vector>

namespace millrace::adapters::links {

/// Section "link": how this node and the others of its group reach each other.
struct LinkConfig {
  bool enabled = false;
  std::string listen = "0.0.0.0:9110";
  std::string advertise; ///< "host:port"; empty: as `listen`
  std::vector<std::string> peers; ///< "host:port" or "dns:NAME:PORT"
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::vector<std::string> peer_names; ///< empty: any of the CA
  std::vector<std::string> deny_serials; ///< hexadecimal
  std::string deny_file; ///< of further ones, one a line

  bool has_tls() const {
    return !ca_file.empty() && !certificate_file.empty() && !key_file.empty();
  }
};

void describe(logic::SettingVisitor& visitor, LinkConfig& config);

/// Addresses that can be read, all three files of TLS or none, none only where
/// all of it stays on this machine, and files that fit each other.
std::vector<logic::Error> check(const LinkConfig& config);

} // namespace millrace::adapters::links
