#define CAF_SUITE dead_letter_json

#include "logic/dead_letters/dead_letter_json.hpp"

#include "logic/core/base64.hpp"
#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

#include <boost/json/parse.hpp>

using namespace millrace::logic;
using millrace::tests::SampleLetter;

namespace {

boost::json::object line_of(SampleLetter& sample) {
  std::string text;
  append_json_line(text, sample.letter());
  CAF_REQUIRE_EQUAL(text.find('\n'), text.size() - 1);
  return boost::json::parse(text).as_object();
}

} // namespace

CAF_TEST(a_line_has_all_that_a_dead_letter_is) {
  SampleLetter sample;
  sample.value = "{\"a\":\"\xC3\xA4\",\n \x01}";
  append_header(sample.before, "trace", "abc");
  append_header(sample.before, "trace", std::nullopt);
  append_header(sample.before, "bytes", std::string{"\x00\xff", 2});
  const auto line = line_of(sample);
  CAF_CHECK_EQUAL(line.at("partition").as_int64(), 0);
  CAF_CHECK_EQUAL(line.at("offset").as_int64(), 7);
  CAF_CHECK_EQUAL(line.at("timestamp").as_int64(), sample.timestamp_ms);
  CAF_CHECK_EQUAL(std::string{line.at("reason").as_string()}, "missing_field");
  CAF_CHECK_EQUAL(line.at("source").as_object().at("offset").as_int64(), 229);
  CAF_CHECK_EQUAL(std::string{line.at("key").as_string()}, *sample.key);
  CAF_CHECK_EQUAL(std::string{line.at("value").as_string()}, *sample.value);
  const auto& headers = line.at("headers").as_array();
  CAF_CHECK_EQUAL(
    std::string{headers.at(0).as_object().at("value").as_string()}, "abc");
  CAF_CHECK(headers.at(1).as_object().at("value").is_null());
  CAF_CHECK_EQUAL(
    std::string{headers.at(2).as_object().at("value_base64").as_string()},
    "AP8=");
}

CAF_TEST(null_empty_and_binary_are_told_apart) {
  SampleLetter sample;
  sample.key.reset();
  sample.value = "";
  auto line = line_of(sample);
  CAF_CHECK(line.at("key").is_null());
  CAF_CHECK(line.at("value").as_string().empty());
  sample.value = std::string{"\xff\x00{", 3};
  line = line_of(sample);
  CAF_CHECK(!line.contains("value"));
  CAF_CHECK_EQUAL(std::string{line.at("value_base64").as_string()}, "/wB7");
  sample.value.reset();
  CAF_CHECK(line_of(sample).at("value").is_null());
}

CAF_TEST(base64_is_that_of_the_rfc) {
  const auto of = [](std::string_view bytes) {
    std::string text;
    append_base64(text, bytes);
    return text;
  };
  CAF_CHECK_EQUAL(of(""), "");
  CAF_CHECK_EQUAL(of("f"), "Zg==");
  CAF_CHECK_EQUAL(of("fo"), "Zm8=");
  CAF_CHECK_EQUAL(of("foo"), "Zm9v");
  CAF_CHECK_EQUAL(of("foobar"), "Zm9vYmFy");
}
