#define CAF_SUITE provenance

#include "logic/records/provenance.hpp"

#include "caf/test/dsl.hpp"

#include "logic/records/record_headers.hpp"

#include <string>

using namespace millrace::logic;

namespace {

const Provenance somewhere{"user-login", PartitionId{3}, Offset{1234567890123}};

bool is_somewhere(std::string_view object) {
  return parse_source_member(object) == somewhere;
}

} // namespace

CAF_TEST(a_note_is_read_as_it_was_written) {
  DeadLetterNote note;
  note.source = somewhere;
  note.reason = Reason::invalid_address;
  note.detail = "\"ip\" is no address";
  note.stage = "validator";
  note.attempts = 4;
  note.time_ms = 1'720'000'000'123;
  note.node = "node-1";
  std::string headers;
  append_dead_letter_note(headers, note);
  const auto read = read_dead_letter_note(headers);
  CAF_REQUIRE(read.has_value());
  CAF_CHECK(read->source == somewhere);
  CAF_CHECK(read->reason == note.reason);
  CAF_CHECK_EQUAL(std::string{read->detail}, std::string{note.detail});
  CAF_CHECK_EQUAL(std::string{read->stage}, std::string{note.stage});
  CAF_CHECK_EQUAL(read->attempts, 4U);
  CAF_CHECK_EQUAL(read->time_ms, note.time_ms);
  CAF_CHECK_EQUAL(std::string{read->node}, std::string{note.node});
}

CAF_TEST(of_repeated_headers_the_last_counts) {
  std::string headers;
  append_provenance(headers, {"elsewhere", PartitionId{0}, Offset{1}});
  append_header(headers, "trace", "kept");
  append_provenance(headers, somewhere);
  CAF_CHECK(read_provenance(headers) == somewhere);
}

CAF_TEST(of_headers_that_are_carried_over_ours_are_left_out) {
  std::string before;
  append_header(before, "trace", "kept");
  append_header(before, header_name::reason, "forged");
  append_header(before, "millrace.of_somebody_else", "kept, too");
  append_header(before, "trace", std::nullopt);
  append_provenance(before, somewhere);
  std::string headers;
  append_carried_over(headers, before);
  std::string expected;
  append_header(expected, "trace", "kept");
  append_header(expected, "millrace.of_somebody_else", "kept, too");
  append_header(expected, "trace", std::nullopt);
  CAF_CHECK_EQUAL(headers, expected);
}

CAF_TEST(incomplete_or_senseless_headers_are_no_provenance) {
  CAF_CHECK(!read_provenance(""));
  std::string headers;
  append_header(headers, header_name::source_topic, "user-login");
  append_header(headers, header_name::source_partition, "3");
  CAF_CHECK(!read_provenance(headers));
  for (const auto* offset : {"", "-1", "1x", " 1", "99999999999999999999"}) {
    auto complete = headers;
    append_header(complete, header_name::source_offset, offset);
    CAF_CHECK(!read_provenance(complete));
  }
  append_header(headers, header_name::source_offset, std::nullopt);
  CAF_CHECK(!read_provenance(headers));
}

CAF_TEST(a_note_needs_a_reason_that_is_known) {
  std::string headers;
  append_provenance(headers, somewhere);
  CAF_CHECK(!read_dead_letter_note(headers));
  append_header(headers, header_name::reason, "bad luck");
  CAF_CHECK(!read_dead_letter_note(headers));
  append_header(headers, header_name::reason, "poison");
  const auto note = read_dead_letter_note(headers);
  CAF_REQUIRE(note.has_value());
  CAF_CHECK(note->reason == Reason::poison);
}

CAF_TEST(a_source_member_is_read_as_it_was_written) {
  std::string json;
  append_source_member(json, somewhere);
  const std::string name = "\"source\":";
  CAF_REQUIRE(json.starts_with(name));
  CAF_CHECK(is_somewhere(json.substr(name.size())));
}

CAF_TEST(a_source_member_may_be_spaced_and_ordered_otherwise) {
  CAF_CHECK(is_somewhere(
    R"( { "offset" : 1234567890123 , "partition" : 3, "topic" : "user-login" } )"));
}

CAF_TEST(another_source_member_is_no_provenance) {
  for (const auto* object :
       {"", "{}", "null", "\"web\"", "[1]",
        R"({"topic":"user-login","partition":3})",
        R"({"topic":"user-login","partition":3,"offset":-1})",
        R"({"topic":"user-login","partition":3,"offset":"1"})",
        R"({"topic":"user-login","partition":3.5,"offset":1})",
        R"({"topic":"user-login","partition":99999999999,"offset":1})",
        R"({"topic":7,"partition":3,"offset":1})",
        R"({"topic":"user-login","partition":3,"offset":1,"more":1})",
        R"({"topic":"user-login","partition":3,"offset":1} x)",
        R"({"topic":"user-login","partition":3,"offset":1)"})
    if (parse_source_member(object))
      CAF_FAIL("accepted: " << object);
}
