#define CAF_SUITE config_declarations

#include "node/config/load_config.hpp"

#include "caf/test/dsl.hpp"

#include "node/config/reference_page.hpp"
#include "node/config/setting_value.hpp"
#include "tests/node/config/config_sample.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

using namespace millrace;
using namespace millrace::node;
using sample::contains;
using tests::TemporaryFolder;

namespace {

/// Another value than the default that the declaration allows, as text.
std::string other_value(const Declaration& declaration) {
  const auto& setting = declaration.setting;
  if (!setting.choices.empty()) {
    const auto current = render_value(declaration.target);
    const auto other = std::find_if(
      setting.choices.begin(), setting.choices.end(),
      [&](auto choice) { return choice != current; });
    return other == setting.choices.end() ? "" : std::string{*other};
  }
  const auto next_to = [&](double value, double step) {
    return value + step <= setting.max ? value + step : value - step;
  };
  const auto whole = [&](double value) {
    return std::to_string(static_cast<std::int64_t>(next_to(value, 1)));
  };
  struct Other {
    const decltype(whole)& whole_number;
    const decltype(next_to)& near;
    std::string operator()(bool* it) const { return *it ? "false" : "true"; }
    std::string operator()(std::int64_t* it) const {
      return whole_number(static_cast<double>(*it));
    }
    std::string operator()(double* it) const {
      double other = near(*it, 0.0009765625);
      return render_value(&other);
    }
    std::string operator()(std::string*) const { return "another"; }
    std::string operator()(std::vector<std::string>*) const {
      return "one,another";
    }
    std::string operator()(std::chrono::milliseconds* it) const {
      return whole_number(static_cast<double>(it->count()));
    }
    std::string operator()(logic::ByteSize* it) const {
      return whole_number(static_cast<double>(it->bytes));
    }
  };
  return std::visit(Other{whole, next_to}, declaration.target);
}

/// What `text` is once it was read and written again.
std::string canonical(const Declaration& declaration, const std::string& text) {
  CAF_REQUIRE(read_value(declaration.setting, {RawValue::Kind::text, text, {}},
                         declaration.target));
  return render_value(declaration.target);
}

/// Loads one setting from the sources and checks that it, and it alone, took
/// the value.
void check_taken(const Declaration& declaration, const std::string& value,
                 const ConfigInputs& inputs, ValueOrigin::Kind kind) {
  NodeConfig config;
  const SettingTable table{config};
  const auto report = load_settings(table, inputs);
  NodeConfig defaults;
  const SettingTable default_table{defaults};
  CAF_MESSAGE("setting " << declaration.key());
  for (const auto& fault : report.faults)
    CAF_ERROR(to_string(fault));
  for (const auto& other : table.declarations()) {
    const bool is_meant = other.key() == declaration.key();
    const auto expected = is_meant ? value
                                   : render_value(
                                     default_table.find(other.key())->target);
    CAF_CHECK_EQUAL(render_value(other.target), expected);
    CAF_CHECK_EQUAL(report.origins.at(other.key()).kind == kind, is_meant);
  }
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path, std::ios::binary}.rdbuf();
  return text.str();
}

} // namespace

CAF_TEST(every_setting_can_be_set_by_file_by_variable_and_by_flag) {
  NodeConfig scratch;
  const SettingTable table{scratch};
  CAF_REQUIRE(table.declarations().size() > 30);
  const TemporaryFolder folder;
  for (const auto& declaration : table.declarations()) {
    const auto before = render_value(declaration.target);
    const auto written = other_value(declaration);
    const auto value = canonical(declaration, written);
    CAF_CHECK_NOT_EQUAL(value, before);
    const auto file = folder.write("m.yaml",
                                   declaration.section + ":\n  "
                                     + std::string{declaration.setting.name}
                                     + ": \"" + written + "\"\n");
    check_taken(declaration, value, {file, {}, {}}, ValueOrigin::Kind::file);
    std::vector<std::string> variables{declaration.variable()};
    if (!declaration.setting.variable.empty())
      variables.emplace_back(declaration.setting.variable);
    for (const auto alias : declaration.setting.aliases)
      variables.emplace_back(alias);
    for (const auto& variable : variables)
      check_taken(declaration, value, {"", {{variable, written}}, {}},
                  ValueOrigin::Kind::variable);
    check_taken(declaration, value,
                {"", {}, {{declaration.key() + "=" + written}}},
                ValueOrigin::Kind::flag);
  }
}

CAF_TEST(every_default_keeps_to_its_own_declaration) {
  NodeConfig config;
  const SettingTable table{config};
  for (const auto& declaration : table.declarations()) {
    const auto text = render_value(declaration.target);
    if (text.empty() && !declaration.setting.required)
      continue;
    const auto read = read_value(declaration.setting,
                                 {RawValue::Kind::text, text, {}},
                                 declaration.target);
    if (!read)
      CAF_ERROR(declaration.key() + ": " + read.error().text);
    CAF_CHECK_EQUAL(render_value(declaration.target), text);
  }
  CAF_CHECK(load_config({}).faults.empty());
}

CAF_TEST(sections_keys_and_variables_are_declared_once) {
  NodeConfig config;
  const SettingTable table{config};
  std::set<std::string> names;
  for (const auto& section : table.section_names())
    CAF_CHECK(names.insert(section).second);
  for (const auto& declaration : table.declarations()) {
    const auto& setting = declaration.setting;
    CAF_CHECK(names.insert(declaration.key()).second);
    CAF_CHECK(names.insert(declaration.variable()).second);
    if (!setting.variable.empty())
      CAF_CHECK(names.insert(std::string{setting.variable}).second);
    for (const auto alias : setting.aliases)
      CAF_CHECK(names.insert(std::string{alias}).second);
    CAF_CHECK(setting.help.ends_with('.'));
  }
}

CAF_TEST(every_promised_variable_reaches_its_setting) {
  const std::map<std::string, std::string> promised{
    {"KAFKA_BOOTSTRAP_SERVERS", "kafka.bootstrap_servers"},
    {"KAFKA_BOOTSTRAP_HOST", "kafka.bootstrap_host"},
    {"KAFKA_BOOTSTRAP_PORT", "kafka.bootstrap_port"},
    {"KAFKA_INPUT_TOPIC", "kafka.input_topic"},
    {"KAFKA_OUTPUT_TOPIC", "kafka.output_topic"},
    {"KAFKA_DLQ_TOPIC", "kafka.dlq_topic"},
    {"KAFKA_CONSUMER_GROUP", "kafka.consumer_group"},
    {"KAFKA_RETRY_LIMIT", "delivery.retry_limit"},
    {"KAFKA_SESSION_TIMEOUT", "kafka.session_timeout"},
    {"KAFKA_SOCKET_TIMEOUT", "kafka.socket_timeout"},
    {"KAFKA_AUTO_OFFSET_RESET", "kafka.auto_offset_reset"},
    {"KAFKA_ENABLE_AUTO_COMMIT", "kafka.enable_auto_commit"},
    {"KAFKA_WORKER_POOL_SIZE", "flow.workers"},
    {"KAFKA_CREATE_TOPICS", "kafka.create_topics"},
    {"KAFKA_SECURITY_PROTOCOL", "kafka.security_protocol"},
    {"KAFKA_SASL_MECHANISM", "kafka.sasl_mechanism"},
    {"KAFKA_SASL_USERNAME", "kafka.sasl_username"},
    {"KAFKA_SASL_PASSWORD", "kafka.sasl_password"},
    {"KAFKA_SSL_CA_LOCATION", "kafka.ssl_ca_file"},
    {"KAFKA_SSL_CERTIFICATE_LOCATION", "kafka.ssl_certificate_file"},
    {"KAFKA_SSL_KEY_LOCATION", "kafka.ssl_key_file"},
    {"KAFKA_SSL_KEY_PASSWORD", "kafka.ssl_key_password"},
    {"LOG_LEVEL", "log.level"},
    {"LOG_FILE_PATH", "log.file"},
    // Older and misspelt names.
    {"LEVEL", "log.level"},
    {"KAFKA_ENABLE_AUTO_COMMT", "kafka.enable_auto_commit"},
    {"ENABLE_AUTO_COMMIT", "kafka.enable_auto_commit"},
    {"CONSUMER_GROUP", "kafka.consumer_group"},
    {"INPUT_TOPIC", "kafka.input_topic"},
    {"BOOTSTRAP_SERVERS", "kafka.bootstrap_servers"},
    {"KAFKA_TOPIC", "kafka.input_topic"},
    {"KAFKA_TOPIC_IN", "kafka.input_topic"},
    {"KAFKA_TOPIC_OUT", "kafka.output_topic"},
    {"KAFKA_BROKER_URL", "kafka.bootstrap_servers"},
  };
  NodeConfig config;
  const SettingTable table{config};
  for (const auto& [variable, key] : promised) {
    const auto* declaration = table.find(key);
    if (declaration == nullptr) {
      CAF_ERROR("no setting " << key);
      continue;
    }
    const auto reading = read_environment(
      table, {{variable, other_value(*declaration)}});
    if (reading.values.size() != 1 || reading.values.front().key != key)
      CAF_ERROR(variable << " does not set " << key);
    CAF_CHECK_EQUAL(reading.warnings.empty(),
                    declaration->setting.variable == variable);
  }
}

CAF_TEST(automatic_commits_are_refused_with_the_reason) {
  for (const auto* name : {"KAFKA_ENABLE_AUTO_COMMIT", "ENABLE_AUTO_COMMIT"}) {
    const auto loaded = load_config({"", {{name, "true"}}, {}});
    CAF_REQUIRE_EQUAL(loaded.faults.size(), 1u);
    const auto fault = to_string(loaded.faults.front());
    CAF_CHECK(contains(fault, std::string{"variable "} + name
                                + ": kafka.enable_auto_commit "));
    CAF_CHECK(contains(fault, "los"));
    CAF_CHECK(load_config({"", {{name, "false"}}, {}}).faults.empty());
  }
}

CAF_TEST(a_linger_that_outlasts_a_deadline_is_refused) {
  const auto with = [](const char* linger, const char* setting) {
    return load_config(
      {"", {}, {{std::string{"kafka.linger="} + linger}, {setting}}});
  };
  for (const auto* setting :
       {"delivery.shutdown_deadline=9s", "delivery.revoke_deadline=9s"}) {
    CAF_CHECK(with("8s", setting).faults.empty());
    const auto loaded = with("9s", setting);
    CAF_REQUIRE_EQUAL(loaded.faults.size(), 1u);
    CAF_CHECK(
      contains(to_string(loaded.faults.front()), "kafka.linger must be below"));
  }
}

CAF_TEST(static_membership_needs_a_name_that_lasts) {
  const auto with = [](const char* name, const char* role = "all") {
    return load_config({"",
                        {},
                        {{"kafka.static_membership=true"},
                         {std::string{"node.role="} + role},
                         {"link.enabled=true"},
                         {"link.listen=127.0.0.1:9110"},
                         {std::string{"node.name="} + name}}});
  };
  CAF_CHECK(with("node-1").faults.empty());
  CAF_CHECK(with("", "worker").faults.empty());
  for (const auto& [name, words] :
       {std::pair{"", "needs a node.name that stays"},
        std::pair{"node 1", "node.name \"node 1\" is none for"}}) {
    const auto loaded = with(name);
    CAF_REQUIRE_EQUAL(loaded.faults.size(), 1u);
    CAF_CHECK(contains(to_string(loaded.faults.front()), words));
  }
}

CAF_TEST(deadlines_below_the_heartbeat_are_refused) {
  for (const auto* name : {"hang_deadline", "client_hang_deadline"}) {
    const auto loaded = load_config(
      {"",
       {},
       {{"supervision.heartbeat_interval=2s"},
        {std::string{"supervision."} + name + "=1s"}}});
    CAF_REQUIRE_EQUAL(loaded.faults.size(), 1u);
    CAF_CHECK(contains(to_string(loaded.faults.front()),
                       std::string{"supervision."} + name));
  }
}

CAF_TEST(a_memory_budget_that_no_machine_has_is_refused) {
  CAF_CHECK_EQUAL(
    load_config({"", {}, {{"flow.memory_budget=1000TB"}}}).faults.size(), 1u);
}

CAF_TEST(records_beyond_the_memory_budget_are_warned_of) {
  const auto with = [](const char* largest) {
    return load_config({"",
                        {},
                        {{"flow.memory_budget=8MiB"},
                         {std::string{"kafka.max_message="} + largest}}});
  };
  CAF_CHECK(with("1MiB").warnings.empty());
  const auto loaded = with("32MiB");
  CAF_CHECK(loaded.faults.empty());
  CAF_REQUIRE_EQUAL(loaded.warnings.size(), 1u);
  CAF_CHECK(contains(loaded.warnings.front(),
                     "kafka.max_message (33554432 bytes) allows records larger "
                     "than what flow.memory_budget has"));
}

CAF_TEST(the_reference_page_is_in_step_with_the_declarations) {
  const auto committed = read_text(std::string{MILLRACE_SOURCE_DIR}
                                   + "/docs/configuration.md");
  if (committed != reference_page())
    CAF_ERROR("docs/configuration.md differs from the declarations; run: "
              "millrace check --reference > docs/configuration.md");
}

CAF_TEST(the_example_file_is_accepted_without_a_warning) {
  const auto path = std::string{MILLRACE_SOURCE_DIR}
                    + "/docs/millrace.example.yaml";
  const auto loaded = load_config({path, {}, {}});
  for (const auto& fault : loaded.faults)
    CAF_ERROR(to_string(fault));
  CAF_CHECK(loaded.warnings.empty());
  CAF_CHECK(std::any_of(loaded.origins.begin(), loaded.origins.end(),
                        [](const auto& entry) {
                          return entry.second.kind == ValueOrigin::Kind::file;
                        }));
}
