#include "node/config/setting_source.hpp"

#include "logic/core/nearest_word.hpp"
#include "node/config/words.hpp"

#include <utility>

namespace millrace::node {

namespace {

std::string unknown(std::string_view what, const std::string& meant) {
  std::string text = "unknown ";
  text += what;
  return meant.empty() ? text : text + " (did you mean '" + meant + "'?)";
}

} // namespace

std::string to_string(const ValueOrigin& origin) {
  switch (origin.kind) {
    case ValueOrigin::Kind::file:
      return origin.place;
    case ValueOrigin::Kind::variable:
      return "variable " + origin.place;
    case ValueOrigin::Kind::flag:
      return "flag " + origin.place;
    case ValueOrigin::Kind::default_value:
      break;
  }
  return "default";
}

std::string to_string(const ConfigFault& fault) {
  std::string text;
  for (const auto* part : {&fault.place, &fault.key})
    if (!part->empty())
      text += *part + ": ";
  return text + fault.text;
}

std::string unknown_key_text(const SettingTable& table, std::string_view key) {
  // All names are in lower case; who writes KAFKA.LINGER is told so.
  const auto lower = lower_case(key);
  key = lower;
  const auto dot = key.find('.');
  const bool has_section = dot != std::string_view::npos;
  const std::string_view section = key.substr(0, has_section ? dot : 0);
  const std::string_view name = has_section ? key.substr(dot + 1) : key;
  std::vector<std::string> neighbours;
  std::string namesake;
  for (const auto& known : table.keys()) {
    const std::string_view text{known};
    const auto known_dot = text.find('.');
    if (text.substr(0, known_dot) == section)
      neighbours.push_back(known.substr(known_dot + 1));
    if (text.substr(known_dot + 1) == name && namesake.empty())
      namesake = known;
  }
  const auto near = logic::nearest_word(name, neighbours);
  if (!near.empty())
    return unknown("key", std::string{section} + "." + near);
  if (!namesake.empty())
    return unknown(has_section ? "key" : "section", namesake);
  return has_section ? unknown("key", logic::nearest_word(key, table.keys()))
                     : unknown("section",
                               logic::nearest_word(key, table.section_names()));
}

SourceReading read_flags(const SettingTable& table,
                         const std::vector<ConfigFlag>& flags) {
  SourceReading reading;
  for (const auto& [assignment, flag] : flags) {
    const ValueOrigin origin{ValueOrigin::Kind::flag, flag};
    const auto equals = assignment.find('=');
    const std::string key{trimmed(assignment.substr(0, equals))};
    if (equals == std::string::npos || key.empty() || table.has_section(key)) {
      reading.faults.push_back(
        {to_string(origin), key, "expected section.key=value"});
      continue;
    }
    const Declaration* known = table.find(key);
    if (known == nullptr && table.find_file_key(key) == nullptr) {
      reading.faults.push_back(
        {to_string(origin), key, unknown_key_text(table, key)});
      continue;
    }
    if (known != nullptr && known->setting.secret)
      reading.warnings.push_back(
        key + ": a secret on the command line can be seen by every user of the "
        + "machine; name a file with " + known->file_key() + " instead");
    RawValue value;
    value.text = assignment.substr(equals + 1);
    reading.values.push_back({key, std::move(value), origin});
  }
  return reading;
}

} // namespace millrace::node
