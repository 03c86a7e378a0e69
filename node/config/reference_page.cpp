#include "node/config/reference_page.hpp"

#include "node/config/node_config.hpp"
#include "node/config/setting_value.hpp"

#include <string_view>

namespace millrace::node {

namespace {

constexpr std::string_view introduction
  = R"(<!-- Written by `millrace check --reference`; do not edit by hand. -->

# Configuration

Every setting has a default, so a node runs without any of them. What is set is
taken from, in rising precedence:

1. a YAML file: `--config FILE`, or the variable `MILLRACE_CONFIG`
   ([an example](millrace.example.yaml));
2. environment variables: `MILLRACE_<SECTION>_<KEY>` for every setting, and the
   names that the tables give; an empty variable counts as unset;
3. flags: `--set section.key=value`, as often as needed, and the short-hands that
   `millrace run --help` lists.

`millrace check` reads all three exactly as `millrace run` does, prints the
configuration that results and where each value came from, and reports every
fault at once. With a fault nothing is started and the exit code is 3. Unknown
keys, unknown `MILLRACE_` variables, a key that is given twice, and values of the
wrong kind or out of range are faults, and so are servers that can never be reached,
TLS files that are not there and properties that the Kafka client does not know. An
unknown `KAFKA_` variable gets a warning with the nearest known one; variables that
Kubernetes makes for a Service (`KAFKA_BOOTSTRAP_PORT=tcp://...`) are ignored with a
warning.

How values are written:

| type | written as |
| --- | --- |
| true or false | `true`, `yes`, `on`, `1`; `false`, `no`, `off`, `0` |
| duration | a number with `ms`, `s`, `min` (or `m`), `h` or `d`: `500ms`, `1.5h`; a bare number means milliseconds |
| size | a number with `B`, `kB`, `MB`, `GB`, `TB` (1000s) or `KiB`, `MiB`, `GiB`, `TiB` (1024s): `256MiB`; a bare number means bytes |
| list of texts | in the file a YAML list; everywhere also a text with commas between the items (`\,` for a comma inside of one); quotes around the whole or an item, and brackets around the whole, are cut |
| text | one of the words where the table lists any (letter case does not matter), else as it stands, without the blanks and line ends around it; quotes around it and characters that cannot be seen are refused, and so are placeholders such as `${NAME}` |

A setting marked *secret* is masked wherever the configuration is shown. Its value
can be kept in a file: the key, or any of its variables, with `_file` (`_FILE`)
behind names that file; one line end at its end is cut, all else is kept. Written
elsewhere it loses the blanks and line ends around it, with a warning. Variables marked
*accepted* are older names or misspellings: they work, with a warning, and give
way to the right name.
)";

std::string code(std::string_view text) {
  return "`" + std::string{text} + "`";
}

/// Text in a table cell: a bar would end it, and an angle bracket would begin
/// an HTML tag.
std::string cell(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '|')
      result += "\\|";
    else if (letter == '<')
      result += "&lt;";
    else
      result += letter;
  }
  return result;
}

std::string default_cell(const Declaration& declaration) {
  const std::string value = render_value(declaration.target);
  return value.empty() ? "empty" : code(value);
}

std::string type_cell(const Declaration& declaration) {
  std::string text{type_name(declaration.target)};
  const auto allowed = allowed_values(declaration.setting, declaration.target);
  if (!allowed.empty())
    text += ": " + allowed;
  if (declaration.setting.required)
    text += "; not empty";
  if (declaration.setting.secret)
    text += "; *secret*";
  return text;
}

std::string variables_cell(const Declaration& declaration) {
  std::string text;
  if (!declaration.setting.variable.empty())
    text += code(declaration.setting.variable) + "<br>";
  text += code(declaration.variable());
  std::string_view before = "<br>*accepted:* ";
  for (const auto alias : declaration.setting.aliases) {
    text += before;
    text += code(alias);
    before = ", ";
  }
  return text;
}

} // namespace

std::string reference_page(const SettingTable& table) {
  std::string page{introduction};
  for (const auto& section : table.sections()) {
    page += "\n## " + section.name + "\n\n" + section.help + "\n\n";
    page += "| key | type | default | meaning | variables |\n"
            "| --- | --- | --- | --- | --- |\n";
    for (const auto& declaration : table.declarations()) {
      if (declaration.section != section.name)
        continue;
      page += "| " + code(declaration.setting.name) + " | "
              + cell(type_cell(declaration)) + " | "
              + cell(default_cell(declaration)) + " | "
              + cell(declaration.setting.help) + " | "
              + variables_cell(declaration) + " |\n";
    }
  }
  return page;
}

std::string reference_page() {
  NodeConfig defaults;
  return reference_page(SettingTable{defaults});
}

} // namespace millrace::node
