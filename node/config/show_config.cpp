#include "node/config/show_config.hpp"

#include "logic/core/json_text.hpp"
#include "node/config/setting_value.hpp"
#include "node/config/words.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

namespace millrace::node {

namespace {

constexpr std::string_view mask = "***";

constexpr std::array<std::string_view, 5> secret_words{
  "password", "secret", "token", "credential", "key.pem"};

std::string json_text(std::string_view text) {
  std::string result = "\"";
  logic::append_json_escaped(result, text);
  return result + '"';
}

std::string json_texts(const std::vector<std::string>& texts) {
  std::string result = "[";
  for (const auto& text : texts) {
    if (result.size() > 1)
      result += ", ";
    result += json_text(text);
  }
  return result + "]";
}

/// The value as JSON, which is YAML as well. Durations and sizes are texts.
std::string json_value(const logic::SettingTarget& target) {
  return std::visit(
    [&](const auto* member) {
      using Member = std::remove_cvref_t<decltype(*member)>;
      if constexpr (std::is_same_v<Member, std::vector<std::string>>)
        return json_texts(*member);
      else if constexpr (std::is_arithmetic_v<Member>)
        return render_value(target);
      else
        return json_text(render_value(target));
    },
    target);
}

/// As a YAML scalar: plain where nothing can be misread.
std::string yaml_value(const logic::SettingTarget& target) {
  const bool is_quantity
    = !std::holds_alternative<std::string*>(target)
      && !std::holds_alternative<std::vector<std::string>*>(target);
  return is_quantity ? render_value(target) : json_value(target);
}

bool is_masked(const Declaration& declaration) {
  return declaration.setting.secret && !is_empty(declaration.target);
}

/// Where the value of a `name=value` item begins whose name speaks of a
/// secret, as librdkafka's properties may; npos for all other items.
std::size_t secret_in(std::string_view item) {
  const auto equals = item.find('=');
  const auto name = lower_case(item.substr(0, equals));
  const bool is_secret = std::any_of(
    secret_words.begin(), secret_words.end(), [&](std::string_view word) {
      return name.find(word) != std::string::npos;
    });
  return equals != std::string_view::npos && is_secret ? equals + 1
                                                       : std::string_view::npos;
}

/// The items of a list with what is secret in them masked; empty when nothing
/// is.
std::vector<std::string> masked_items(const logic::SettingTarget& target) {
  const auto* list = std::get_if<std::vector<std::string>*>(&target);
  if (list == nullptr)
    return {};
  bool is_any_secret = false;
  auto items = **list;
  for (auto& item : items)
    if (const auto begin = secret_in(item); begin != std::string::npos) {
      item.replace(begin, std::string::npos, mask);
      is_any_secret = true;
    }
  return is_any_secret ? items : std::vector<std::string>{};
}

const ValueOrigin& origin_of(const SettingsReport& report,
                             const Declaration& declaration) {
  static const ValueOrigin by_default;
  const auto found = report.origins.find(declaration.key());
  return found == report.origins.end() ? by_default : found->second;
}

std::string show_text(const SettingTable& table, const SettingsReport& report) {
  struct Line {
    std::string assignment;
    std::string origin;
  };
  std::vector<Line> lines;
  std::size_t width = 0;
  constexpr std::size_t widest = 60;
  for (const auto& declaration : table.declarations()) {
    auto items = masked_items(declaration.target);
    const std::string value = is_masked(declaration) ? std::string{mask}
                              : items.empty() ? render_value(declaration.target)
                                              : render_value(&items);
    lines.push_back({declaration.key() + " = " + value,
                     to_string(origin_of(report, declaration))});
    width = std::max(width, std::min(lines.back().assignment.size(), widest));
  }
  std::string text;
  for (auto& [assignment, origin] : lines) {
    if (assignment.size() < width)
      assignment.resize(width, ' ');
    text += assignment + "  (" + origin + ")\n";
  }
  return text;
}

std::string show_yaml(const SettingTable& table, const SettingsReport& report) {
  std::string text;
  const std::string* section = nullptr;
  for (const auto& declaration : table.declarations()) {
    if (section == nullptr || *section != declaration.section)
      text += declaration.section + ":\n";
    section = &declaration.section;
    const std::string name{declaration.setting.name};
    // A mask in a settings file would be taken for the secret.
    if (is_masked(declaration) || !masked_items(declaration.target).empty())
      text += "  # " + name + ": not shown";
    else
      text += "  " + name + ": " + yaml_value(declaration.target);
    const auto& origin = origin_of(report, declaration);
    if (origin.kind != ValueOrigin::Kind::default_value)
      text += "  # " + to_string(origin);
    text += '\n';
  }
  return text;
}

std::string show_json(const SettingTable& table, const SettingsReport& report) {
  std::string text = "{\n  \"valid\": ";
  text += report.faults.empty() ? "true" : "false";
  text += ",\n  \"settings\": {";
  std::string_view separator = "\n";
  for (const auto& declaration : table.declarations()) {
    const auto items = masked_items(declaration.target);
    text += separator;
    text += "    " + json_text(declaration.key()) + ": {\"value\": "
            + (is_masked(declaration) ? json_text(mask)
               : items.empty()        ? json_value(declaration.target)
                                      : json_texts(items))
            + ", \"origin\": "
            + json_text(to_string(origin_of(report, declaration))) + "}";
    separator = ",\n";
  }
  std::vector<std::string> faults;
  for (const auto& fault : report.faults)
    faults.push_back(to_string(fault));
  return text + "\n  },\n  \"warnings\": " + json_texts(report.warnings)
         + ",\n  \"faults\": " + json_texts(faults) + "\n}\n";
}

} // namespace

std::string show_settings(const SettingTable& table,
                          const SettingsReport& report, ShowFormat format) {
  switch (format) {
    case ShowFormat::yaml:
      return show_yaml(table, report);
    case ShowFormat::json:
      return show_json(table, report);
    case ShowFormat::text:
      break;
  }
  return show_text(table, report);
}

std::string show_config(const LoadedConfig& loaded, ShowFormat format) {
  NodeConfig config = loaded.config;
  return show_settings(SettingTable{config}, loaded, format);
}

} // namespace millrace::node
