#define CAF_SUITE certificate_authority

#include "adapters/links/certificate_authority.hpp"

#include "caf/test/dsl.hpp"

#include "adapters/links/link_config.hpp"
#include "tests/adapters/links/certificate_folder.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::adapters::links;
using tests::CertificateFolder;

namespace {

std::string content(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

} // namespace

CAF_TEST(a_new_folder_gets_a_ca_and_what_it_signs_is_accepted) {
  CertificateFolder folder{{"node-1", "node-2"}};
  for (const std::string node : {"node-1", "node-2"})
    CAF_CHECK(check(folder.config(node)).empty());
  CAF_CHECK_NOT_EQUAL(folder.serial(0), folder.serial(1));
  CAF_CHECK_EQUAL(folder.serial(0).size(), 32u);
}

CAF_TEST(keys_are_for_their_owner_only) {
  CertificateFolder folder{{"node-1"}};
  CAF_CHECK_EQUAL(mode_of(folder.file("ca.key")), 0600u);
  CAF_CHECK_EQUAL(mode_of(folder.file("node-1.key")), 0600u);
  CAF_CHECK_EQUAL(mode_of(folder.file("node-1.crt")), 0644u);
  CAF_CHECK_EQUAL(mode_of(folder.path()), 0700u);
}

CAF_TEST(the_same_ca_signs_further_nodes) {
  CertificateFolder folder{{"node-1"}};
  const auto ca = content(folder.file("ca.crt"));
  CAF_CHECK(!folder.issue({"node-2"}).made_ca);
  CAF_CHECK_EQUAL(content(folder.file("ca.crt")), ca);
  CAF_CHECK(check(folder.config("node-2")).empty());
}

CAF_TEST(nothing_is_written_over_and_then_nothing_is_made) {
  CertificateFolder folder{{"node-1"}};
  const auto key = content(folder.file("node-1.key"));
  const auto again = issue_certificates(
    {folder.path(), {"node-2", "node-1"}, {}});
  CAF_REQUIRE(!again.has_value());
  CAF_CHECK(again.error().text.find("node-1.crt exists") != std::string::npos);
  CAF_CHECK_EQUAL(content(folder.file("node-1.key")), key);
  CAF_CHECK(content(folder.file("node-2.crt")).empty());
}

CAF_TEST(names_that_lead_elsewhere_are_refused) {
  CertificateFolder folder{{"node-1"}};
  for (const std::string name :
       {"", "../x", "a/b", "ca", ".hidden", "-x", "a b", "a,DNS:b"}) {
    const auto made = issue_certificates({folder.path(), {name}, {}});
    CAF_REQUIRE(!made.has_value());
    CAF_CHECK(made.error().code == logic::ErrorCode::invalid_argument);
  }
  CAF_CHECK(
    !issue_certificates({folder.path(), {"node-3"}, {"x,DNS:y"}}).has_value());
}
