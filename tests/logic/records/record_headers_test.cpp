#define CAF_SUITE record_headers

#include "logic/records/record_headers.hpp"

#include "caf/test/dsl.hpp"

#include <string>
#include <string_view>

using namespace millrace::logic;
using namespace std::string_literals;

CAF_TEST(headers_come_back_in_order_with_repeats_and_nulls) {
  std::string encoded;
  append_header(encoded, "a", "1");
  append_header(encoded, "b", std::nullopt);
  append_header(encoded, "a", ""s);
  append_header(encoded, "", "\0x"s);
  std::string_view rest = encoded;
  auto header = take_header(rest);
  CAF_REQUIRE(header.has_value());
  CAF_CHECK(header->name == "a" && header->value == "1");
  header = take_header(rest);
  CAF_REQUIRE(header.has_value());
  CAF_CHECK(header->name == "b" && !header->value);
  header = take_header(rest);
  CAF_REQUIRE(header.has_value());
  CAF_CHECK(header->name == "a" && header->value == "");
  header = take_header(rest);
  CAF_REQUIRE(header.has_value());
  CAF_CHECK(header->name.empty() && header->value == "\0x"s);
  CAF_CHECK(!take_header(rest));
}

CAF_TEST(the_last_header_of_a_name_counts) {
  std::string encoded;
  append_header(encoded, "a", "1");
  append_header(encoded, "b", "2");
  append_header(encoded, "a", "3");
  CAF_CHECK(last_header(encoded, "a") == "3");
  CAF_CHECK(last_header(encoded, "b") == "2");
  CAF_CHECK(!last_header(encoded, "c"));
  append_header(encoded, "a", std::nullopt);
  CAF_CHECK(!last_header(encoded, "a"));
  CAF_CHECK(!last_header({}, "a"));
}

CAF_TEST(a_run_that_is_cut_anywhere_is_never_overrun) {
  std::string encoded;
  append_header(encoded, "name", "value");
  append_header(encoded, "other", "text");
  for (std::size_t length = 0; length != encoded.size(); ++length) {
    // A copy of its own, so that a sanitizer sees the end of the run.
    const std::string cut = encoded.substr(0, length);
    std::string_view rest = cut;
    int taken = 0;
    while (take_header(rest))
      ++taken;
    CAF_CHECK(taken <= 1);
    CAF_CHECK(rest.empty());
  }
}

CAF_TEST(lengths_that_lie_end_the_run) {
  std::string_view rest;
  const std::string huge("\xFF\xFF\xFF\x7Fname", 8);
  rest = huge;
  CAF_CHECK(!take_header(rest));
  CAF_CHECK(rest.empty());
  // A null name is no header.
  const std::string null_name("\xFF\xFF\xFF\xFF\0\0\0\0", 8);
  rest = null_name;
  CAF_CHECK(!take_header(rest));
  CAF_CHECK(rest.empty());
}
