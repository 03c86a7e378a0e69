#define CAF_SUITE dead_letter_text

#include "logic/dead_letters/dead_letter_text.hpp"

#include "logic/dead_letters/masked_value.hpp"
#include "tests/logic/dead_letters/dead_letter_sample.hpp"

#include "caf/test/dsl.hpp"

using namespace millrace::logic;
using millrace::tests::SampleLetter;

namespace {

bool says(const std::string& text, std::string_view words) {
  if (text.find(words) != std::string::npos)
    return true;
  CAF_MESSAGE("not in: " << text);
  return false;
}

} // namespace

CAF_TEST(a_line_has_place_time_reason_stage_source_replays_and_detail) {
  SampleLetter sample;
  append_replay_history(sample.before, {.replays = 2});
  const auto line = list_line(sample.letter());
  CAF_CHECK_EQUAL(line,
                  "0:7         2025-11-30T14:00:00.123Z  missing_field      "
                  "validator         user-login/2/229          2        "
                  "required \"app_version\" is absent\n");
  CAF_CHECK_EQUAL(list_head().find("detail"), line.find("required"));
}

CAF_TEST(a_line_of_somebody_else_says_so) {
  SampleLetter sample;
  sample.by_a_node = false;
  CAF_CHECK(says(list_line(sample.letter()), "not written by a node"));
}

CAF_TEST(no_header_breaks_a_line_or_a_terminal) {
  SampleLetter sample;
  sample.detail = "a\nb\x1b[31mc\xff";
  const auto line = list_line(sample.letter());
  CAF_CHECK_EQUAL(line.find('\n'), line.size() - 1);
  CAF_CHECK_EQUAL(line.find('\x1b'), std::string::npos);
  CAF_CHECK_EQUAL(line.find('\xff'), std::string::npos);
}

CAF_TEST(a_description_says_why_and_masks_what_is_personal) {
  SampleLetter sample;
  sample.value = R"({"user_id":"b22a51d5-1","ip":"10.20.30.40",)"
                 R"("app_version":"2.3.0","note":"Anna lives here"})";
  append_header(sample.before, "trace", "secret-of-anna");
  append_replay_history(sample.before, {.replays = 1,
                                        .reason = "not_json",
                                        .source = "user-login/2/12",
                                        .time_ms = sample.time_ms});
  const auto text = describe(sample.letter(), {});
  CAF_CHECK(says(text, "why        a required member is absent, null or empty "
                       "(missing_field): required \"app_version\" is absent"));
  CAF_CHECK(says(text, "source     topic user-login, partition 2, offset 229"));
  CAF_CHECK(says(text, "replayed   1 time, first given up at "
                       "2025-11-30T14:00:00.123Z (not_json), then at "
                       "user-login/2/12"));
  CAF_CHECK(says(text, "trace = \"se***\""));
  CAF_CHECK(says(text, "millrace.stage = \"validator\""));
  CAF_CHECK(says(text, R"({"user_id":"b2***","ip":"10.20.***",)"
                       R"("app_version":"2.3.0","note":"An***"})"));
  for (const auto* secret : {"b22a51d5", "30.40", "lives", "of-anna", "4711"})
    CAF_CHECK_EQUAL(text.find(secret), std::string::npos);
  const auto open = describe(sample.letter(), {.unmasked = true});
  CAF_CHECK(says(open, *sample.value));
  CAF_CHECK(says(open, "trace = \"secret-of-anna\""));
}

CAF_TEST(bytes_that_are_no_text_are_shown_as_hex_on_request) {
  SampleLetter sample;
  sample.value = std::string{"\x00\xff{\"user", 8};
  auto text = describe(sample.letter(), {});
  CAF_CHECK(says(text, "8 bytes, not text (--unmasked shows them as hex)"));
  CAF_CHECK_EQUAL(text.find("user\""), std::string::npos);
  text = describe(sample.letter(), {.unmasked = true});
  CAF_CHECK(says(text, "    00000000  00 ff 7b 22 75 73 65 72                  "
                       "        ..{\"user\n"));
}

CAF_TEST(of_a_long_value_the_beginning_is_shown) {
  SampleLetter sample;
  sample.value = "\"" + std::string(99, 'x') + "\xC3\xA4\"";
  const auto text = describe(sample.letter(),
                             {.unmasked = true, .value_bytes = 101});
  CAF_CHECK(says(text, "103 bytes, the first 100 of them (--bytes)"));
}

CAF_TEST(what_is_left_out_is_said) {
  SampleLetter reference;
  reference.reference = true;
  CAF_CHECK(says(describe(reference.letter(), {}),
                 "value      left out by the node, as the record did not fit "
                 "its topic: 22 bytes"));
  SampleLetter tombstone;
  tombstone.value.reset();
  tombstone.key.reset();
  CAF_CHECK(says(describe(tombstone.letter(), {}), "value      null"));
  CAF_CHECK(says(describe(tombstone.letter(), {}), "key        null"));
  SampleLetter made;
  made.key = "user-login/2/229";
  CAF_CHECK(says(describe(made.letter(), {}), "made by the node"));
}

CAF_TEST(masking_holds_for_broken_texts) {
  CAF_CHECK_EQUAL(masked_value(R"({"user_id":"anna-louise)"),
                  R"({"user_id":"an***")");
  CAF_CHECK_EQUAL(masked_value("anna-louise, 0170-555"), "***, ***");
  CAF_CHECK_EQUAL(masked_value(R"({user_id: anna-louise})"), "{***: ***}");
  CAF_CHECK_EQUAL(masked_value(R"({"anna@example.org": true, "a": 17})"),
                  R"({"an***": true, "a": ***})");
  CAF_CHECK_EQUAL(masked_value(R"({"b22a51d5-44aa": {"line_2": true}})"),
                  R"({"b2***": {"line_2": true}})");
  CAF_CHECK_EQUAL(masked_value(R"({"timestamp": 17, "success": false,)"),
                  R"({"timestamp": 17, "success": false,)");
  CAF_CHECK_EQUAL(masked_value(R"({"app_version":"1","x":"anna-louise"})"),
                  R"({"app_version":"1","x":"an***"})");
  CAF_CHECK_EQUAL(masked_value("\"anna-louise\\"), "\"an***\"");
}
