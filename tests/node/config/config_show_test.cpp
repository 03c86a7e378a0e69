#define CAF_SUITE config_show

#include "node/config/show_config.hpp"

#include "caf/test/dsl.hpp"

#include "node/config/reference_page.hpp"
#include "tests/node/config/config_sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

using namespace millrace::node;
using namespace millrace::node::sample;
using millrace::tests::TemporaryFolder;

namespace {

ConfigInputs some_inputs() {
  return {"",
          {{"SAMPLE_PASSWORD", "hunter2"}, {"MILLRACE_STREAM_TOPIC", "no"}},
          {{"work.interval=1500ms"}, {"stream.fields=a b,\"c\""}}};
}

std::string show(const Loaded& loaded, ShowFormat format) {
  return show_settings(loaded.table, loaded.report, format);
}

} // namespace

CAF_TEST(text_shows_every_value_with_its_origin) {
  const Loaded loaded{some_inputs()};
  const auto text = show(loaded, ShowFormat::text);
  CAF_CHECK(contains(text, "stream.topic = no "));
  CAF_CHECK(contains(text, "(variable MILLRACE_STREAM_TOPIC)\n"));
  CAF_CHECK(contains(text, "work.interval = 1500ms "));
  CAF_CHECK(contains(text, "(flag --set)\n"));
  CAF_CHECK(contains(text, "work.budget = 1MiB "));
  for (const auto& declaration : loaded.table.declarations())
    CAF_CHECK(contains(text, declaration.key() + " = "));
}

CAF_TEST(secrets_are_masked_in_every_format) {
  const Loaded loaded{some_inputs()};
  for (const auto format :
       {ShowFormat::text, ShowFormat::yaml, ShowFormat::json}) {
    const auto text = show(loaded, format);
    CAF_CHECK(!contains(text, "hunter2"));
    CAF_CHECK(contains(text, "password"));
  }
  CAF_CHECK(contains(show(loaded, ShowFormat::text), "password = *** "));
}

CAF_TEST(a_list_item_that_names_a_secret_is_masked_in_every_format) {
  const Loaded loaded{
    {"", {}, {{"stream.fields=debug=all,ssl.Key.PEM=hunter2,plain"}}}};
  for (const auto format :
       {ShowFormat::text, ShowFormat::yaml, ShowFormat::json})
    CAF_CHECK(!contains(show(loaded, format), "hunter2"));
  CAF_CHECK(contains(show(loaded, ShowFormat::text),
                     "stream.fields = debug=all,ssl.Key.PEM=***,plain "));
  CAF_CHECK(contains(show(loaded, ShowFormat::yaml), "# fields: not shown"));
}

CAF_TEST(yaml_is_a_file_that_gives_the_same_values) {
  const Loaded loaded{some_inputs()};
  const TemporaryFolder folder;
  const auto path = folder.write("shown.yaml", show(loaded, ShowFormat::yaml));
  const Loaded again{{path, {}, {}}};
  CAF_CHECK_EQUAL(again.faults(), "");
  for (std::size_t i = 0; i < loaded.table.declarations().size(); ++i) {
    const auto& declaration = loaded.table.declarations()[i];
    if (!declaration.setting.secret)
      CAF_CHECK_EQUAL(render_value(again.table.declarations()[i].target),
                      render_value(declaration.target));
  }
}

CAF_TEST(json_is_one_object_with_values_of_their_own_types) {
  const Loaded loaded{{"", {}, {{"work.workers=3"}, {"work.level=\"\n"}}}};
  const auto json = boost::json::parse(show(loaded, ShowFormat::json));
  CAF_CHECK_EQUAL(json.at("valid").as_bool(), false);
  const auto& settings = json.at("settings").as_object();
  CAF_CHECK_EQUAL(settings.size(), loaded.table.declarations().size());
  CAF_CHECK_EQUAL(settings.at("work.workers").at("value").as_int64(), 3);
  CAF_CHECK(settings.at("work.workers").at("origin").as_string()
            == "flag --set");
  CAF_CHECK(settings.at("work.interval").at("value").as_string() == "5s");
  CAF_CHECK_EQUAL(settings.at("stream.fields").at("value").as_array().size(),
                  2u);
  CAF_REQUIRE_EQUAL(json.at("faults").as_array().size(), 1u);
  CAF_CHECK_EQUAL(std::string{json.at("faults").at(0).as_string()} + "\n",
                  loaded.faults());
}

CAF_TEST(the_reference_names_key_type_default_range_and_variables) {
  SampleConfig config;
  const auto page = reference_page(SettingTable{config});
  CAF_CHECK(contains(page, "## work\n\nHow it is worked on.\n"));
  CAF_CHECK(contains(page, "| `workers` | whole number: 1 to 64 | `4` | How "
                           "many. | `MILLRACE_WORK_WORKERS` |\n"));
  CAF_CHECK(contains(page,
                     "| `interval` | duration: 100ms to 1min | `5s` | How "
                     "often \\| when. |"));
  CAF_CHECK(contains(page, "| `level` | text: `debug`, `info`, `error` |"));
  CAF_CHECK(contains(page, "| `password` | text; *secret* | empty |"));
  CAF_CHECK(contains(page, "| `KAFKA_SAMPLE_TOPIC`<br>`MILLRACE_STREAM_TOPIC`"
                           "<br>*accepted:* `KAFKA_TOPIC_SAMPLE`, "
                           "`SAMPLE_TOPIC` |"));
}
