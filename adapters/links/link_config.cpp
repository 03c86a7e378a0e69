#include "adapters/links/link_config.hpp"

#include "adapters/links/tls_files.hpp"
#include "logic/links/endpoint.hpp"

#include <algorithm>
#include <utility>

namespace millrace::adapters::links {

namespace {

using logic::Error;
using logic::ErrorCode;

void add(std::vector<Error>& faults, std::string text) {
  faults.push_back({ErrorCode::invalid_config, std::move(text)});
}

void check_addresses(const LinkConfig& config, std::vector<Error>& faults) {
  using namespace logic::links;
  if (const auto listen = parse_endpoint(config.listen, 0); !listen)
    add(faults, "link.listen: " + listen.error().text);
  else if (!config.has_tls() && !is_loopback(listen->host))
    add(faults,
        "link.listen: without TLS only this machine may be listened to, not "
          + config.listen
          + "; set link.ca_file, link.certificate_file and link.key_file "
            "(`millrace certificates` makes them), or listen on 127.0.0.1");
  if (!config.advertise.empty())
    if (const auto advertise = parse_endpoint(config.advertise); !advertise)
      add(faults, "link.advertise: " + advertise.error().text);
  for (const auto& text : config.peers) {
    const auto peer = parse_peer_address(text);
    if (!peer)
      add(faults, "link.peers: " + peer.error().text);
    else if (!config.has_tls() && !is_loopback(peer->endpoint.host))
      add(faults, "link.peers: without TLS only nodes of this machine are "
                  "linked, not "
                    + text
                    + "; set link.ca_file, link.certificate_file and "
                      "link.key_file");
  }
}

/// True where there is something to look into.
bool check_that_all_are_there(const LinkConfig& config,
                              std::vector<Error>& faults) {
  struct File {
    const char* key;
    const std::string& path;
  };
  const File files[] = {{"link.ca_file", config.ca_file},
                        {"link.certificate_file", config.certificate_file},
                        {"link.key_file", config.key_file}};
  std::string given;
  std::string missing;
  for (const auto& [key, path] : files) {
    auto& list = path.empty() ? missing : given;
    list.append(list.empty() ? "" : ", ").append(key);
  }
  if (!given.empty() && !missing.empty())
    add(faults, "mutual TLS needs all of link.ca_file, link.certificate_file "
                "and link.key_file; "
                  + missing + " is not set");
  return missing.empty();
}

void check_serials(const LinkConfig& config, std::vector<Error>& faults) {
  for (const auto& text : config.deny_serials)
    if (normal_serial(text).empty())
      add(faults, "link.deny_serials: '" + text
                    + "' is no serial number in hexadecimal, as `millrace "
                      "certificates` and openssl print it");
  if (const auto rules = PeerRules::read(config); !rules)
    faults.push_back(rules.error());
}

} // namespace

void describe(logic::SettingVisitor& visitor, LinkConfig& config) {
  visitor.section("link", "Links between the nodes of a group, over mutual TLS "
                          "with a private CA; see docs/linking.md.");
  visitor.setting(
    {.name = "enabled", .help = "Whether to link with the other nodes."},
    &config.enabled);
  visitor.setting({.name = "listen",
                   .help = "Address and port of this node's door, host:port. "
                           "Port 0 takes any free one and logs which.",
                   .required = true},
                  &config.listen);
  visitor.setting({.name = "advertise",
                   .help = "The host:port that others reach it by, where it "
                           "differs from link.listen."},
                  &config.advertise);
  visitor.setting(
    {.name = "peers",
     .help = "The other nodes: host:port, or dns:NAME:PORT for all addresses "
             "behind a name, which is resolved again every few seconds. This "
             "node itself among them does no harm."},
    &config.peers);
  visitor.setting({.name = "ca_file",
                   .help = "The CA that certificates of peers must be signed "
                           "by, PEM. Without it, a certificate and a key only "
                           "this machine is linked."},
                  &config.ca_file);
  visitor.setting({.name = "certificate_file",
                   .help = "This node's certificate, PEM; intermediate ones "
                           "may follow. A changed file is used for new "
                           "connections, without a restart."},
                  &config.certificate_file);
  visitor.setting({.name = "key_file",
                   .help = "The key of the certificate, PEM, without a "
                           "passphrase."},
                  &config.key_file);
  visitor.setting({.name = "peer_names",
                   .help = "Names that a peer's certificate must have one of, "
                           "as a DNS name or IP address in it or its common "
                           "name; * stands for one label at the front. Empty: "
                           "any of the CA."},
                  &config.peer_names);
  visitor.setting({.name = "deny_serials",
                   .help = "Serial numbers of certificates that are refused "
                           "though the CA signed them, hexadecimal."},
                  &config.deny_serials);
  visitor.setting({.name = "deny_file",
                   .help = "A file of further such serial numbers, one a line, "
                           "# before a remark. A changed file is used for new "
                           "connections, without a restart."},
                  &config.deny_file);
}

std::vector<logic::Error> check(const LinkConfig& config) {
  std::vector<Error> faults;
  if (!config.enabled)
    return faults;
  check_addresses(config, faults);
  check_serials(config, faults);
  if (check_that_all_are_there(config, faults))
    std::ranges::move(check_tls_files(config), std::back_inserter(faults));
  return faults;
}

} // namespace millrace::adapters::links
