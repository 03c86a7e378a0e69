#define CAF_SUITE keyed_pseudonyms

#include "adapters/privacy/keyed_pseudonyms.hpp"

#include "adapters/privacy/privacy_config.hpp"

#include "caf/test/dsl.hpp"

#include <string>

using namespace millrace;
using adapters::privacy::make_keyed_pseudonyms;

CAF_TEST(a_pseudonym_is_the_beginning_of_a_keyed_hash) {
  // RFC 4231, test case 2.
  CAF_CHECK_EQUAL(
    make_keyed_pseudonyms("Jefe")->pseudonym_of("what do ya want for nothing?"),
    "5bdcc146bf60754e");
  // RFC 4231, test case 6: a key longer than a block.
  CAF_CHECK_EQUAL(
    make_keyed_pseudonyms(std::string(131, '\xAA'))
      ->pseudonym_of("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f");
}

CAF_TEST(it_depends_on_user_and_key_alone) {
  const auto first = make_keyed_pseudonyms(std::string(32, 'a'));
  const auto same = make_keyed_pseudonyms(std::string(32, 'a'));
  const auto other = make_keyed_pseudonyms(std::string(32, 'b'));
  CAF_CHECK_EQUAL(first->pseudonym_of("u-1"), same->pseudonym_of("u-1"));
  CAF_CHECK_NOT_EQUAL(first->pseudonym_of("u-1"), first->pseudonym_of("u-2"));
  CAF_CHECK_NOT_EQUAL(first->pseudonym_of("u-1"), other->pseudonym_of("u-1"));
  CAF_CHECK_EQUAL(first->pseudonym_of("").size(), 16u);
}

CAF_TEST(without_a_key_there_are_none) {
  CAF_CHECK(make_keyed_pseudonyms("") == nullptr);
}

CAF_TEST(a_key_that_can_be_guessed_is_refused) {
  adapters::privacy::PrivacyConfig config;
  CAF_CHECK(check(config).empty());
  config.pseudonym_key = std::string(32, 'a');
  CAF_CHECK(check(config).empty());
  config.pseudonym_key = "secret";
  CAF_REQUIRE_EQUAL(check(config).size(), 1u);
  CAF_CHECK(check(config).front().text.starts_with(
    "privacy.pseudonym_key has 6 bytes"));
  CAF_CHECK(check(config).front().text.find("secret") == std::string::npos);
}
