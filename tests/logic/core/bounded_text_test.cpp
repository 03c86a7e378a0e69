#define CAF_SUITE bounded_text

#include "logic/core/bounded_text.hpp"
#include "logic/core/json_text.hpp"

#include "caf/test/dsl.hpp"

#include <random>
#include <string>

using namespace millrace::logic;

CAF_TEST(short_text_stays_as_it_is) {
  CAF_CHECK_EQUAL(bounded_text("Broker: Message size too large"),
                  "Broker: Message size too large");
  CAF_CHECK_EQUAL(bounded_text(""), "");
  CAF_CHECK_EQUAL(bounded_text("für 日本"), "für 日本");
}

CAF_TEST(long_text_is_cut_between_characters) {
  CAF_CHECK_EQUAL(bounded_text("123456789", 8), "12345...");
  CAF_CHECK_EQUAL(bounded_text("1234ü6789", 8), "1234...");
  CAF_CHECK_EQUAL(bounded_text("12345678", 8), "12345678");
  CAF_CHECK_EQUAL(bounded_text("12345678", 2), "..");
  CAF_CHECK_EQUAL(bounded_text(std::string(100'000, 'x')).size(),
                  max_fault_bytes);
}

CAF_TEST(control_characters_and_bytes_that_are_no_text_become_blanks) {
  CAF_CHECK_EQUAL(bounded_text("a\nb\x1b[2Jc"), "a b [2Jc");
  CAF_CHECK_EQUAL(bounded_text("a\xC2\x85z\x7F"), "a  z ");
  CAF_CHECK_EQUAL(bounded_text("\xFFok\xC3"), " ok ");
  CAF_CHECK_EQUAL(bounded_text(std::string_view{"a\0b", 3}), "a b");
}

CAF_TEST(whatever_comes_is_short_clean_text) {
  std::mt19937 random{7};
  for (int round = 0; round != 2'000; ++round) {
    std::string bytes(random() % 200, ' ');
    for (auto& byte : bytes)
      byte = static_cast<char>(random() % 256);
    const auto most = random() % 100;
    const auto text = bounded_text(bytes, most);
    CAF_REQUIRE(text.size() <= most);
    CAF_REQUIRE(find_invalid_utf8(text) == std::string::npos);
    CAF_REQUIRE(!has_control_character(text));
  }
}
