#include "node/config/setting_source.hpp"
#include "node/config/small_file.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <exception>
#include <set>
#include <utility>

namespace millrace::node {

namespace {

/// Reads one document into sourced values. YAML's own faults are thrown by
/// the library and end in `read_config_file`.
class FileReader {
public:
  FileReader(const SettingTable& table, const std::string& path)
    : table_(table), path_(path) {}

  void read(const std::string& text) {
    const auto documents = YAML::LoadAll(text);
    // A file of comments says nothing, which is allowed.
    if (documents.empty())
      return;
    if (documents.size() > 1)
      fault(documents[1], {},
            "expected one YAML document, got "
              + std::to_string(documents.size()));
    const YAML::Node& root = documents.front();
    if (root.IsNull())
      return;
    if (!root.IsMap()) {
      fault(root, {}, "expected a map of sections, got " + name_of(root));
      return;
    }
    std::set<std::string> seen;
    for (const auto& entry : root)
      if (const auto name = key_of(entry.first, {}, seen))
        read_section(*name, entry.first, entry.second);
  }

  SourceReading take() && { return std::move(reading_); }

private:
  void read_section(const std::string& name, const YAML::Node& key,
                    const YAML::Node& body) {
    if (!table_.has_section(name)) {
      fault(key, name, unknown_section_text(name));
      return;
    }
    if (body.IsNull())
      return;
    if (!body.IsMap()) {
      fault(key, name, "expected a map of settings, got " + name_of(body));
      return;
    }
    std::set<std::string> seen;
    for (const auto& entry : body)
      if (const auto setting = key_of(entry.first, name, seen))
        read_setting(*setting, entry.first, entry.second);
  }

  void read_setting(const std::string& key, const YAML::Node& at,
                    const YAML::Node& value) {
    if (table_.find(key) == nullptr && table_.find_file_key(key) == nullptr) {
      fault(at, key, unknown_key_text(table_, key));
      return;
    }
    if (const auto tag = foreign_tag(value); !tag.empty()) {
      fault(at, key,
            "the tag '" + tag + "' is not read; write the value itself");
      return;
    }
    reading_.values.push_back(
      {key, raw(value), {ValueOrigin::Kind::file, place(at)}});
  }

  /// The key's text with its section before it; nothing, and a fault, when
  /// it is no text or was there before.
  std::optional<std::string> key_of(const YAML::Node& node,
                                    const std::string& section,
                                    std::set<std::string>& seen) {
    if (!node.IsScalar()) {
      fault(node, section, "expected a key, got " + name_of(node));
      return std::nullopt;
    }
    if (node.Scalar() == "<<") {
      fault(node, section,
            "merge keys (<<) are not read; write the settings out, or name "
            "single values with & and *");
      return std::nullopt;
    }
    const std::string key = section.empty() ? node.Scalar()
                                            : section + "." + node.Scalar();
    if (!seen.insert(key).second) {
      fault(node, key, "given twice; keep one of them");
      return std::nullopt;
    }
    return key;
  }

  std::string unknown_section_text(const std::string& name) const {
    const auto dot = name.find('.');
    if (table_.find(name) != nullptr)
      return "expected sections as maps: write '" + name.substr(0, dot)
             + ":' and below it, indented, '" + name.substr(dot + 1) + ": ...'";
    return unknown_key_text(table_, name.substr(0, dot));
  }

  /// The tag of a value, or of one of its items, that is none of YAML's own:
  /// such as !secret would have somebody else put another value in its place.
  static std::string foreign_tag(const YAML::Node& node) {
    constexpr std::string_view of_yaml = "tag:yaml.org,2002:";
    constexpr std::array<std::string_view, 7> known{
      "str", "int", "float", "bool", "null", "seq", "map"};
    const auto& tag = node.Tag();
    const bool is_own = tag.empty() || tag == "?" || tag == "!"
                        || (tag.starts_with(of_yaml)
                            && std::ranges::find(known,
                                                 tag.substr(of_yaml.size()))
                                 != known.end());
    if (!is_own)
      return tag;
    if (node.IsSequence())
      for (const auto& item : node)
        if (const auto found = item.IsScalar() ? foreign_tag(item)
                                               : std::string{};
            !found.empty())
          return found;
    return {};
  }

  static RawValue raw(const YAML::Node& node) {
    if (node.IsNull())
      return {RawValue::Kind::nothing, {}, {}};
    if (node.IsScalar())
      return {RawValue::Kind::text, node.Scalar(), {}};
    if (!node.IsSequence())
      return {RawValue::Kind::structure, name_of(node), {}};
    RawValue list{RawValue::Kind::list, {}, {}};
    for (const auto& item : node) {
      if (!item.IsScalar())
        return {RawValue::Kind::structure, "a list with " + name_of(item), {}};
      list.items.push_back(item.Scalar());
    }
    return list;
  }

  static std::string name_of(const YAML::Node& node) {
    switch (node.Type()) {
      case YAML::NodeType::Map:
        return "a map";
      case YAML::NodeType::Sequence:
        return "a list";
      case YAML::NodeType::Scalar:
        return "a text";
      default:
        return "no value";
    }
  }

  std::string place(const YAML::Node& node) const {
    return path_ + ":" + std::to_string(node.Mark().line + 1);
  }

  void fault(const YAML::Node& node, const std::string& key, std::string text) {
    reading_.faults.push_back({place(node), key, std::move(text)});
  }

  const SettingTable& table_;
  const std::string& path_;
  SourceReading reading_;
};

} // namespace

SourceReading read_config_file(const SettingTable& table,
                               const std::string& path) {
  constexpr std::size_t largest_bytes = 1U << 20U;
  SourceReading refused;
  const auto text = read_small_file(path, largest_bytes);
  if (!text) {
    refused.faults.push_back({{}, {}, text.error().text});
    return refused;
  }
  if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
    refused.faults.push_back(
      {path, {}, "is empty; leave --config out to run on the defaults"});
    return refused;
  }
  if (text->find('\0') != std::string::npos) {
    refused.faults.push_back({path, {}, "is not YAML: it holds NUL bytes"});
    return refused;
  }
  try {
    FileReader reader{table, path};
    reader.read(*text);
    return std::move(reader).take();
  } catch (const YAML::Exception& fault) {
    const std::string place = path + ":" + std::to_string(fault.mark.line + 1);
    refused.faults.push_back({place, {}, "is not YAML: " + fault.msg});
  } catch (const std::exception& fault) {
    refused.faults.push_back(
      {path, {}, std::string{"cannot be read as YAML: "} + fault.what()});
  }
  return refused;
}

} // namespace millrace::node
