#define CAF_SUITE config_value

#include "node/config/setting_value.hpp"

#include "caf/test/dsl.hpp"

#include "node/config/quantity.hpp"
#include "node/config/words.hpp"

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::node;
using namespace std::chrono_literals;

namespace {

std::int64_t duration_ms(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? duration->count() : -1;
}

std::int64_t size_bytes(std::string_view text) {
  const auto size = parse_byte_size(text);
  return size ? static_cast<std::int64_t>(size->bytes) : -1;
}

RawValue text(std::string value) {
  return {RawValue::Kind::text, std::move(value), {}};
}

/// The fault of reading `value` into a copy of `target`'s member, or "".
template <class Member>
std::string
fault_of(const logic::Setting& setting, Member member, const RawValue& value) {
  const Member before = member;
  const auto read = read_value(setting, value, &member);
  CAF_CHECK(read || member == before);
  return read ? "" : read.error().text;
}

} // namespace

CAF_TEST(durations_are_numbers_with_units) {
  CAF_CHECK_EQUAL(duration_ms("500ms"), 500);
  CAF_CHECK_EQUAL(duration_ms("5s"), 5000);
  CAF_CHECK_EQUAL(duration_ms("1.5h"), 5'400'000);
  CAF_CHECK_EQUAL(duration_ms("2m"), 120'000);
  CAF_CHECK_EQUAL(duration_ms("2min"), 120'000);
  CAF_CHECK_EQUAL(duration_ms("1d"), 86'400'000);
  CAF_CHECK_EQUAL(duration_ms(" 0.1 S "), 100);
  CAF_CHECK_EQUAL(duration_ms("30000"), 30'000);
  CAF_CHECK_EQUAL(duration_ms("0"), 0);
}

CAF_TEST(what_is_no_duration_is_refused) {
  for (const auto* wrong : {"", "s", "5 parsecs", "-5s", "5s5", "0.5ms", "1e3s",
                            "nan", "1..5s", "99999999999999d", "0x10"})
    CAF_CHECK_EQUAL(duration_ms(wrong), -1);
}

CAF_TEST(sizes_are_numbers_with_units) {
  CAF_CHECK_EQUAL(size_bytes("65536"), 65536);
  CAF_CHECK_EQUAL(size_bytes("256MiB"), 256LL * 1024 * 1024);
  CAF_CHECK_EQUAL(size_bytes("256Mi"), 256LL * 1024 * 1024);
  CAF_CHECK_EQUAL(size_bytes("1GB"), 1'000'000'000);
  CAF_CHECK_EQUAL(size_bytes("1.5gib"), 1'610'612'736);
  CAF_CHECK_EQUAL(size_bytes("0.5 kB"), 500);
  CAF_CHECK_EQUAL(size_bytes("7B"), 7);
}

CAF_TEST(what_is_no_size_is_refused) {
  // 256m would be bytes for some tools, and millibytes for others.
  for (const auto* wrong : {"", "256m", "1.5", "-1", "MiB", "1PiB",
                            "99999999999999999999", "9000TiB", "1 2"})
    CAF_CHECK_EQUAL(size_bytes(wrong), -1);
}

CAF_TEST(durations_and_sizes_are_written_as_they_are_read) {
  for (const auto* written : {"0ms", "500ms", "5s", "90s", "2min", "36h"})
    CAF_CHECK_EQUAL(render_duration(*parse_duration(written)), written);
  for (const auto* written :
       {"0B", "999B", "1kB", "1KiB", "25MB", "256MiB", "3GiB", "1TB"})
    CAF_CHECK_EQUAL(render_byte_size(*parse_byte_size(written)), written);
}

CAF_TEST(lists_are_split_at_commas) {
  using Items = std::vector<std::string>;
  CAF_CHECK_EQUAL(*parse_list("a, b ,c"), (Items{"a", "b", "c"}));
  CAF_CHECK_EQUAL(*parse_list("debug=broker\\,topic,x"),
                  (Items{"debug=broker,topic", "x"}));
  CAF_CHECK_EQUAL(*parse_list("C:\\folder"), Items{"C:\\folder"});
  CAF_CHECK(parse_list("  ")->empty());
  CAF_CHECK(!parse_list("a,,b"));
  CAF_CHECK(!parse_list("a,"));
}

CAF_TEST(lists_are_written_as_they_are_read) {
  std::vector<std::string> items{"a,b", "back\\slash", "plain"};
  CAF_CHECK_EQUAL(*parse_list(render_value(&items)), items);
}

CAF_TEST(a_value_of_the_wrong_kind_is_refused_with_what_was_expected) {
  const logic::Setting plain{.name = "x", .help = ""};
  CAF_CHECK_EQUAL(fault_of(plain, std::int64_t{1}, text("many")),
                  "expected a whole number, got 'many'");
  CAF_CHECK_EQUAL(fault_of(plain, std::int64_t{1}, text("1.5")),
                  "expected a whole number, got '1.5'");
  CAF_CHECK_EQUAL(
    fault_of(plain, std::int64_t{1}, text("99999999999999999999")),
    "expected a whole number, got '99999999999999999999'");
  CAF_CHECK_EQUAL(fault_of(plain, 1.0, text("nan")),
                  "expected a number, got 'nan'");
  CAF_CHECK_EQUAL(fault_of(plain, 1.0, text("inf")),
                  "expected a number, got 'inf'");
  CAF_CHECK_EQUAL(fault_of(plain, true, text("maybe")),
                  "expected true or false, got 'maybe'");
  CAF_CHECK_EQUAL(fault_of(plain, 5ms, text("soon")),
                  "expected a duration such as 500ms, 5s or 1.5h, got 'soon'");
  CAF_CHECK_EQUAL(fault_of(plain, logic::ByteSize{1}, text("256m")),
                  "expected a size such as 65536, 256MiB or 1GB, got '256m'");
  CAF_CHECK_EQUAL(fault_of(plain, std::string{"a"},
                           RawValue{RawValue::Kind::list, "", {"b"}}),
                  "expected a text, got a list; write it as one text, with "
                  "commas if it has parts");
  CAF_CHECK_EQUAL(fault_of(plain, std::vector<std::string>{},
                           RawValue{RawValue::Kind::structure, "a map", {}}),
                  "expected a list of texts, got a map");
  CAF_CHECK_EQUAL(
    fault_of(plain, std::int64_t{1}, RawValue{RawValue::Kind::nothing, "", {}}),
    "expected a whole number, got no value (leave the key out to keep the "
    "default)");
}

CAF_TEST(a_value_out_of_range_is_refused_with_the_range) {
  const logic::Setting both{.name = "x", .help = "", .min = 1, .max = 100};
  CAF_CHECK_EQUAL(fault_of(both, std::int64_t{1}, text("1")), "");
  CAF_CHECK_EQUAL(fault_of(both, std::int64_t{1}, text("100")), "");
  CAF_CHECK_EQUAL(fault_of(both, std::int64_t{1}, text("0")),
                  "expected a whole number, from 1 to 100, got '0'");
  CAF_CHECK_EQUAL(fault_of(both, std::int64_t{1}, text("101")),
                  "expected a whole number, from 1 to 100, got '101'");
  const logic::Setting low{.name = "x", .help = "", .min = 1000};
  CAF_CHECK_EQUAL(fault_of(low, 5000ms, text("999ms")),
                  "expected a duration such as 500ms, 5s or 1.5h, at least 1s, "
                  "got '999ms'");
  CAF_CHECK_EQUAL(fault_of(low, logic::ByteSize{5000}, text("1000")), "");
}

CAF_TEST(a_word_that_is_no_choice_is_refused_with_the_nearest) {
  const logic::Setting setting{
    .name = "x", .help = "", .choices = {"earliest", "latest", "none"}};
  CAF_CHECK_EQUAL(fault_of(setting, std::string{"none"}, text("earlest")),
                  "expected one of earliest, latest, none, got 'earlest' (did "
                  "you mean 'earliest'?)");
  CAF_CHECK_EQUAL(
    fault_of(setting, std::vector<std::string>{}, text("none,no")),
    "expected a list of earliest, latest, none, got 'none,no'");
}

CAF_TEST(choices_ignore_the_case_of_letters_and_keep_their_own) {
  const logic::Setting setting{
    .name = "x", .help = "", .choices = {"info", "PLAIN"}};
  std::string word;
  CAF_REQUIRE(read_value(setting, text("INFO"), &word));
  CAF_CHECK_EQUAL(word, "info");
  CAF_REQUIRE(read_value(setting, text("plain"), &word));
  CAF_CHECK_EQUAL(word, "PLAIN");
}

CAF_TEST(a_fault_repeats_a_long_or_odd_value_on_one_short_line) {
  const logic::Setting plain{.name = "x", .help = ""};
  const auto fault = fault_of(plain, std::int64_t{1},
                              text("\n\x1b[31m" + std::string(999, 'x')));
  CAF_CHECK(fault.size() < 200);
  CAF_CHECK_EQUAL(fault.find('\n'), std::string::npos);
  CAF_CHECK_EQUAL(fault.find('\x1b'), std::string::npos);
}

CAF_TEST(a_fault_never_repeats_a_secret) {
  const logic::Setting secret{
    .name = "x", .help = "", .choices = {"hunter2"}, .secret = true};
  const auto fault = fault_of(secret, std::string{}, text("hunter3"));
  CAF_CHECK_NOT_EQUAL(fault, "");
  CAF_CHECK_EQUAL(fault.find("hunter3"), std::string::npos);
}
