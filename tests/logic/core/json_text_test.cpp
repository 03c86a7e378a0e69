#define CAF_SUITE json_text

#include "logic/core/json_text.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

using namespace millrace::logic;
using namespace std::string_literals;

namespace {

std::string escaped(std::string_view text) {
  std::string json;
  append_json_escaped(json, text);
  return json;
}

bool valid(std::string_view text) {
  return find_invalid_utf8(text) == std::string_view::npos;
}

std::string encoded(unsigned point) {
  auto byte = [](unsigned value) { return static_cast<char>(value); };
  if (point < 0x80)
    return {byte(point)};
  if (point < 0x800)
    return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000)
    return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)),
            byte(0x80 | (point & 0x3F))};
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)),
          byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
}

} // namespace

CAF_TEST(texts_are_escaped_as_rfc_8259_says) {
  CAF_CHECK_EQUAL(escaped("plain / text"), "plain / text");
  CAF_CHECK_EQUAL(escaped("\"\\\b\f\n\r\t"), R"(\"\\\b\f\n\r\t)");
  CAF_CHECK_EQUAL(escaped("\0\x1F\x7F"s), R"(\u0000\u001f\u007f)");
  CAF_CHECK_EQUAL(escaped("Zo\xC3\xAB \xF0\x9F\x98\x80"),
                  "Zo\xC3\xAB \xF0\x9F\x98\x80");
}

CAF_TEST(bytes_that_are_no_utf8_become_replacement_characters) {
  CAF_CHECK_EQUAL(escaped("a\xFF"
                          "b"),
                  "a\xEF\xBF\xBD"
                  "b");
  CAF_CHECK_EQUAL(escaped("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

CAF_TEST(every_character_survives_escaping_and_parsing) {
  int differences = 0;
  for (unsigned point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF)
      continue;
    const std::string text = encoded(point);
    if (point > 0x2FFF && point % 61 != 0)
      continue; // a sample of the large planes
    boost::json::error_code code;
    const auto parsed = boost::json::parse("\"" + escaped(text) + "\"", code);
    if (code || parsed.as_string() != text)
      ++differences;
  }
  CAF_CHECK_EQUAL(differences, 0);
}

CAF_TEST(utf8_is_checked_character_by_character) {
  int faults = 0;
  for (unsigned point = 0; point <= 0x10FFFF; ++point)
    if (valid(encoded(point)) == (point >= 0xD800 && point <= 0xDFFF))
      ++faults;
  CAF_CHECK_EQUAL(faults, 0);
}

CAF_TEST(overlong_surrogate_cut_and_stray_bytes_are_found) {
  CAF_CHECK(!valid("\xC0\x80"));
  CAF_CHECK(!valid("\xC1\xBF"));
  CAF_CHECK(!valid("\xE0\x9F\xBF"));
  CAF_CHECK(!valid("\xF0\x8F\xBF\xBF"));
  CAF_CHECK(!valid("\xED\xA0\x80"));
  CAF_CHECK(!valid("\xF4\x90\x80\x80"));
  CAF_CHECK(!valid("\xF5\x80\x80\x80"));
  CAF_CHECK(!valid("\xC3"));
  CAF_CHECK(!valid("\xF0\x9F\x98"));
  CAF_CHECK(!valid("\x80"));
  CAF_CHECK_EQUAL(find_invalid_utf8("abc\xC3\xA9\xFFxyz"), 5u);
}

CAF_TEST(control_characters_are_found) {
  CAF_CHECK(!has_control_character(""));
  CAF_CHECK(!has_control_character("plain \xC2\xA0 \xC3\x80"));
  CAF_CHECK(has_control_character("a\tb"));
  CAF_CHECK(has_control_character("\0"s));
  CAF_CHECK(has_control_character("\x7F"));
  CAF_CHECK(has_control_character("\xC2\x80"));
  CAF_CHECK(has_control_character("\xC2\x9F"));
}

CAF_TEST(quoted_values_are_cut_between_characters) {
  CAF_CHECK_EQUAL(quoted("a\"b"), R"("a\"b")");
  CAF_CHECK_EQUAL(quoted("abcdef", 6), R"("abcdef")");
  CAF_CHECK_EQUAL(quoted("abcdef", 5), R"("abcde...")");
  CAF_CHECK_EQUAL(quoted("ab\xE2\x82\xAC"
                         "cd",
                         4),
                  R"("ab...")");
  CAF_CHECK_EQUAL(quoted("ab\xE2\x82\xAC"
                         "cd",
                         5),
                  "\"ab\xE2\x82\xAC...\"");
}
