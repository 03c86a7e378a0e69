#pragma once

#include "adapters/links/certificate_authority.hpp"
#include "adapters/links/link_config.hpp"
#include "tests/support/temporary_folder.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace millrace::tests {

/// A CA and certificates of nodes in a folder that goes with this object.
class CertificateFolder {
public:
  explicit CertificateFolder(const std::vector<std::string>& nodes) {
    for (const auto& issued : issue(nodes).nodes)
      serials_.push_back(issued.serial);
  }

  adapters::links::IssuedCertificates
  issue(const std::vector<std::string>& nodes,
        std::chrono::hours validity = std::chrono::days{1},
        const std::vector<std::string>& further = {}) {
    auto issued = adapters::links::issue_certificates(
      {path(), nodes, further, validity});
    if (!issued)
      throw std::runtime_error(issued.error().text);
    return *issued;
  }

  std::string path() const { return folder_ / "pki"; }
  std::string file(const std::string& name) const {
    return path() + "/" + name;
  }

  /// Of the nodes given at first.
  const std::string& serial(std::size_t index) const {
    return serials_.at(index);
  }

  /// Settings of a node on a loopback port.
  adapters::links::LinkConfig
  config(const std::string& node,
         const std::string& listen = "127.0.0.1:0") const {
    adapters::links::LinkConfig config;
    config.enabled = true;
    config.listen = listen;
    config.ca_file = file("ca.crt");
    config.certificate_file = file(node + ".crt");
    config.key_file = file(node + ".key");
    return config;
  }

private:
  TemporaryFolder folder_;
  std::vector<std::string> serials_;
};

} // namespace millrace::tests
