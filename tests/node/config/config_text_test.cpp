#define CAF_SUITE config_text

#include "node/config/text_rules.hpp"

#include "caf/test/dsl.hpp"

#include "node/config/load_config.hpp"
#include "tests/node/config/config_sample.hpp"

using namespace millrace::node;
using namespace millrace::node::sample;

namespace {

Loaded with_topic(std::string text) {
  return Loaded{{"", {{"KAFKA_SAMPLE_TOPIC", std::move(text)}}, {}}};
}

/// The faults of the node's own configuration, a line each.
std::string faults_of(std::map<std::string, std::string> environment) {
  std::string text;
  for (const auto& fault : load_config({"", std::move(environment), {}}).faults)
    text += to_string(fault) + "\n";
  return text;
}

} // namespace

CAF_TEST(blanks_and_line_ends_around_a_text_are_cut_with_a_warning) {
  for (const auto* text : {"a", "a\n", "a ", "\t a\r\n", "\va\f"}) {
    const auto loaded = with_topic(text);
    CAF_CHECK_EQUAL(loaded.config.topic, "a");
    CAF_CHECK_EQUAL(loaded.faults(), "");
    CAF_CHECK_EQUAL(loaded.warnings(),
                    text == std::string{"a"}
                      ? ""
                      : "variable KAFKA_SAMPLE_TOPIC: stream.topic: the blanks "
                        "or line ends around the value were cut\n");
  }
  const Loaded flag{{"", {}, {{"stream.topic= a ", "--set"}}}};
  CAF_CHECK_EQUAL(flag.config.topic, "a");
  CAF_CHECK_EQUAL(faults_of_file("stream:\n  topic: \" a \"\n"), "");
}

CAF_TEST(a_text_of_blanks_alone_is_empty) {
  const auto loaded = with_topic("  \n");
  CAF_CHECK(contains(loaded.faults(), "variable KAFKA_SAMPLE_TOPIC: "
                                      "stream.topic: must not be empty"));
}

CAF_TEST(quotes_around_a_text_are_refused_with_the_reason) {
  for (const auto* text :
       {"\"a\"", "'a'", "\"a", "a'", "`a`", "\u201Ca\u201D", " \"a\" "})
    CAF_CHECK(contains(with_topic(text).faults(),
                       "the quote is part of the value; write it without"));
  CAF_CHECK_EQUAL(with_topic("it's").faults(), "");
  CAF_CHECK_EQUAL(with_topic("a=\"b\"").faults(), "");
}

CAF_TEST(characters_that_cannot_be_meant_are_refused_by_name) {
  const std::vector<std::pair<std::string, const char*>> cases{
    {"a\nb", "it holds a line end"},
    {"a\tb", "it holds a tab"},
    {"a\x01", "it holds the control character 0x01"},
    {"a\x7F", "it holds the control character 0x7F"},
    {"a\u00A0", "it holds a no-break space (U+00A0)"},
    {"\uFEFFa", "it holds a byte order mark (U+FEFF)"},
    {"a\u200B", "it holds a zero-width space (U+200B)"},
    {"a\u202Fb", "it holds a narrow no-break space (U+202F)"},
    {"\u3000a", "it holds an ideographic space (U+3000)"},
    {"a\xFF", "it is not UTF-8"}};
  for (const auto& [text, reason] : cases) {
    const auto loaded = with_topic(text);
    CAF_CHECK(contains(loaded.faults(), reason));
    CAF_CHECK_EQUAL(loaded.config.topic, "user-login");
  }
}

CAF_TEST(placeholders_that_nobody_filled_in_are_refused) {
  for (const auto* text :
       {"${GROUP}", "a-$(GROUP)", "{{ .Values.group }}", "x.${GROUP:-default}"})
    CAF_CHECK(contains(with_topic(text).faults(),
                       "nobody has filled in the placeholder"));
  for (const auto* text : {"a$b", "${a", "a{b}", "{{a", "client.rack=${a}"})
    CAF_CHECK_EQUAL(with_topic(text).faults(), "");
  // A secret may look like anything.
  const Loaded secret{{"", {{"SAMPLE_PASSWORD", "${a}"}}, {}}};
  CAF_CHECK_EQUAL(secret.config.password, "${a}");
  CAF_CHECK(contains(secret.warnings(), "the secret holds a placeholder"));
}

CAF_TEST(a_list_may_stand_in_brackets) {
  using Items = std::vector<std::string>;
  for (const auto* text :
       {"[x,y]", "[\"x\", \"y\"]", "[ 'x', y ]", "\"[x,y]\""}) {
    const Loaded loaded{{"", {{"MILLRACE_STREAM_FIELDS", text}}, {}}};
    CAF_CHECK_EQUAL(loaded.faults(), "");
    CAF_CHECK_EQUAL(loaded.config.fields, (Items{"x", "y"}));
  }
  const Loaded none{{"", {{"MILLRACE_STREAM_FIELDS", "[]"}}, {}}};
  CAF_CHECK(none.config.fields.empty());
  const Loaded item{{"", {{"MILLRACE_STREAM_FIELDS", "[x],[y]"}}, {}}};
  CAF_CHECK_EQUAL(item.config.fields, (Items{"[x]", "[y]"}));
}

CAF_TEST(a_list_may_stand_in_quotes_and_so_may_its_items) {
  using Items = std::vector<std::string>;
  for (const auto* text :
       {"x,y", "\"x,y\"", "'x, y'", "\"x\",\"y\"", " \"x,y\"\n", "'x',y"}) {
    const Loaded loaded{{"", {{"MILLRACE_STREAM_FIELDS", text}}, {}}};
    CAF_CHECK_EQUAL(loaded.faults(), "");
    CAF_CHECK_EQUAL(loaded.config.fields, (Items{"x", "y"}));
  }
  const Loaded open{{"", {{"MILLRACE_STREAM_FIELDS", "\"x,y"}}, {}}};
  CAF_CHECK(contains(open.faults(), "write it without quotes"));
  const Loaded gap{{"", {{"MILLRACE_STREAM_FIELDS", "x,,y"}}, {}}};
  CAF_CHECK(contains(gap.faults(), "an item is empty: take the extra comma"));
  const Loaded none{{"", {{"MILLRACE_STREAM_FIELDS", "\"\""}}, {}}};
  CAF_CHECK_EQUAL(none.faults(), "");
  CAF_CHECK(none.config.fields.empty());
}

CAF_TEST(a_secret_keeps_its_quotes_and_loses_blanks_with_a_warning) {
  const Loaded quoted{{"", {{"SAMPLE_PASSWORD", "\"a\""}}, {}}};
  CAF_CHECK_EQUAL(quoted.config.password, "\"a\"");
  CAF_CHECK(contains(quoted.warnings(), "begins or ends with a quote"));
  const Loaded blank{{"", {{"SAMPLE_PASSWORD", "a b \n"}}, {}}};
  CAF_CHECK_EQUAL(blank.config.password, "a b");
  CAF_CHECK(contains(blank.warnings(), "around the secret were cut"));
  const millrace::tests::TemporaryFolder folder;
  const Loaded file{
    {"", {{"SAMPLE_PASSWORD_FILE", folder.write("p", " a \n")}}, {}}};
  CAF_CHECK_EQUAL(file.config.password, " a ");
  CAF_CHECK_EQUAL(file.warnings(), "");
}

CAF_TEST(the_path_of_a_secret_file_is_a_text_as_others) {
  const millrace::tests::TemporaryFolder folder;
  const auto path = folder.write("p", "secret");
  const Loaded loaded{{"", {{"SAMPLE_PASSWORD_FILE", path + "\n"}}, {}}};
  CAF_CHECK_EQUAL(loaded.config.password, "secret");
  const Loaded quoted{{"", {{"SAMPLE_PASSWORD_FILE", "\"" + path + "\""}}, {}}};
  CAF_CHECK(contains(quoted.faults(), "write it without quotes"));
}

CAF_TEST(other_values_in_quotes_are_told_to_leave_them_out) {
  for (const auto* variable : {"MILLRACE_WORK_WORKERS", "MILLRACE_WORK_LEVEL",
                               "MILLRACE_WORK_INTERVAL"}) {
    const Loaded loaded{{"", {{variable, "\"5\""}}, {}}};
    CAF_CHECK(contains(loaded.faults(), "; write it without the quotes"));
  }
}

CAF_TEST(a_bare_number_out_of_range_is_told_its_unit) {
  const Loaded time{{"", {{"MILLRACE_WORK_INTERVAL", "25"}}, {}}};
  CAF_CHECK(contains(time.faults(), "got '25'; a bare number means "
                                    "milliseconds: write 25s for seconds"));
  const Loaded size{{"", {{"MILLRACE_WORK_BUDGET", "64"}}, {}}};
  CAF_CHECK(contains(size.faults(), "a bare number means bytes: write 64KiB"));
  const Loaded high{{"", {{"MILLRACE_WORK_INTERVAL", "99999999"}}, {}}};
  CAF_CHECK(!contains(high.faults(), "bare number"));
}

CAF_TEST(groups_topics_and_servers_of_the_node_keep_to_that) {
  const std::vector<std::pair<const char*, const char*>> wrong{
    {"KAFKA_CONSUMER_GROUP", "\"g\""},
    {"KAFKA_CONSUMER_GROUP", "g\"h"},
    {"KAFKA_INPUT_TOPIC", "'t'"},
    {"KAFKA_OUTPUT_TOPIC", "a b"},
    {"KAFKA_DLQ_TOPIC", "a;b"},
    {"KAFKA_BOOTSTRAP_SERVERS", "\"a:9092\""},
    {"KAFKA_BOOTSTRAP_SERVERS", "   "},
    {"KAFKA_BOOTSTRAP_SERVERS", "a;b"},
    {"KAFKA_BOOTSTRAP_SERVERS", "http://a:9092"},
    {"KAFKA_BOOTSTRAP_SERVERS", ":99999"},
    {"KAFKA_BOOTSTRAP_SERVERS", ":9O92"},
    {"KAFKA_BOOTSTRAP_SERVERS", "::1"},
    {"LOG_FILE_PATH", "\"/tmp/x\""}};
  for (const auto& [variable, text] : wrong) {
    const auto faults = faults_of({{variable, text}});
    if (!contains(faults, std::string{"variable "} + variable + ": "))
      CAF_ERROR(variable << "=" << text << " gives '" << faults << "'");
  }
  CAF_CHECK_EQUAL(load_config({"", {{"KAFKA_CONSUMER_GROUP", "g\n"}}, {}})
                    .config.kafka.consumer_group,
                  "g");
  CAF_CHECK_EQUAL(faults_of({{"KAFKA_BOOTSTRAP_SERVERS", "[::1]:9092,b"}}), "");
}
