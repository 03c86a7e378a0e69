#define CAF_SUITE link_config

#include "adapters/links/link_config.hpp"

#include "caf/test/dsl.hpp"

#include "adapters/links/tls_files.hpp"
#include "tests/adapters/links/certificate_folder.hpp"

#include <fstream>
#include <string>

using namespace millrace;
using namespace millrace::adapters::links;
using tests::CertificateFolder;

namespace {

/// Whether there is exactly one fault, which says all of that.
bool objects(const LinkConfig& config, const std::vector<std::string>& words) {
  const auto faults = check(config);
  for (const auto& fault : faults)
    CAF_MESSAGE(fault.text);
  if (faults.size() != 1)
    return false;
  for (const auto& word : words)
    if (faults.front().text.find(word) == std::string::npos)
      return false;
  return true;
}

LinkConfig plain() {
  LinkConfig config;
  config.enabled = true;
  config.listen = "127.0.0.1:9110";
  config.peers = {"127.0.0.1:9111", "localhost:9112"};
  return config;
}

} // namespace

CAF_TEST(without_tls_only_this_machine_is_linked) {
  CAF_CHECK(check(plain()).empty());
  auto config = plain();
  config.listen = "0.0.0.0:9110";
  CAF_CHECK(objects(config, {"link.listen", "millrace certificates"}));
  config = plain();
  config.peers.emplace_back("dns:nodes:9110");
  CAF_CHECK(objects(config, {"link.peers", "dns:nodes:9110"}));
}

CAF_TEST(what_is_off_is_not_checked) {
  LinkConfig config;
  config.peers = {"nonsense"};
  CAF_CHECK(check(config).empty());
}

CAF_TEST(all_three_files_or_none) {
  CertificateFolder folder{{"a"}};
  auto config = plain();
  config.ca_file = folder.file("ca.crt");
  CAF_CHECK(objects(config, {"link.certificate_file, link.key_file is not"}));
}

CAF_TEST(addresses_and_serials_that_cannot_be_read_are_named) {
  auto config = plain();
  config.peers = {"127.0.0.1"};
  CAF_CHECK(objects(config, {"link.peers", "has no port"}));
  config = plain();
  config.advertise = "node:0";
  CAF_CHECK(objects(config, {"link.advertise"}));
  config = plain();
  config.deny_serials = {"0x1A:2b", "zz"};
  CAF_CHECK(objects(config, {"link.deny_serials", "'zz'"}));
  CertificateFolder folder{{"a"}};
  config = plain();
  config.deny_file = folder.file("absent");
  CAF_CHECK(objects(config, {"link.deny_file", "absent", "cannot be read"}));
  std::ofstream{config.deny_file} << "12 # one\n\nzz\n";
  CAF_CHECK(objects(config, {"link.deny_file", "line 3"}));
}

CAF_TEST(each_fault_of_a_file_names_it_and_what_to_do) {
  CertificateFolder folder{{"a", "b"}};
  CertificateFolder other{{"a"}};
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream{folder.file(name)} << text;
    return folder.file(name);
  };
  auto config = folder.config("a");
  config.certificate_file = folder.file("nowhere.crt");
  CAF_CHECK(
    objects(config, {"link.certificate_file", "nowhere.crt", "No such file"}));
  config = folder.config("a");
  config.key_file = folder.path();
  CAF_CHECK(objects(config, {"link.key_file", "is no file"}));
  config = folder.config("a");
  config.ca_file = write("empty.crt", "");
  CAF_CHECK(objects(config, {"link.ca_file", "holds no certificate"}));
  config.ca_file = write("cut.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n");
  CAF_CHECK(objects(config, {"link.ca_file", "cut.crt", "damaged"}));
  config = folder.config("a");
  config.key_file = write("bad.key", "-----BEGIN PRIVATE KEY-----\nAA==\n"
                                     "-----END PRIVATE KEY-----\n");
  CAF_CHECK(objects(config, {"link.key_file", "no key that can be read"}));
  config = folder.config("a");
  config.key_file = folder.file("b.key");
  CAF_CHECK(objects(config, {"link.key_file", "is not the key of"}));
  config = folder.config("a");
  config.ca_file = other.file("ca.crt");
  CAF_CHECK(objects(config, {"link.certificate_file", "the CA in link.ca_file "
                                                      "must be the one"}));
}

CAF_TEST(a_certificate_out_of_date_is_refused) {
  CertificateFolder folder{{"a"}};
  folder.issue({"old"}, std::chrono::hours{-1});
  CAF_CHECK(objects(folder.config("old"), {"expired", "issue a new one"}));
}

CAF_TEST(serial_numbers_are_compared_whatever_their_form) {
  CAF_CHECK_EQUAL(normal_serial("0x00ab:CD 1"), "ABCD1");
  CAF_CHECK_EQUAL(normal_serial("g"), "");
  CAF_CHECK_EQUAL(normal_serial(""), "");
}
