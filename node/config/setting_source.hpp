#pragma once

#include "node/config/setting_table.hpp"
#include "node/config/setting_value.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What the file, the environment and the flags say, each read into the same
/// shape. A source knows the declarations only to tell known keys from
/// unknown ones; values are judged where they are put together.
namespace millrace::node {

/// Where a value came from.
struct ValueOrigin {
  enum class Kind { default_value, file, variable, flag };
  Kind kind = Kind::default_value;
  std::string place; ///< "millrace.yaml:12", "KAFKA_RETRY_LIMIT", "--set"

  friend bool operator==(const ValueOrigin&, const ValueOrigin&) = default;
};

/// "default", "millrace.yaml:12", "variable KAFKA_RETRY_LIMIT", "flag --set".
std::string to_string(const ValueOrigin& origin);

/// Something that must be put right before the node may start. `key` is
/// empty where the fault is not of one setting.
struct ConfigFault {
  std::string place;
  std::string key;
  std::string text;
};

/// "place: key: text", without the parts that are empty.
std::string to_string(const ConfigFault& fault);

struct SourcedValue {
  std::string key; ///< known: a setting's, or one that names a secret's file
  RawValue value;
  ValueOrigin origin;
};

/// What one source said, in its order.
struct SourceReading {
  std::vector<SourcedValue> values;
  std::vector<std::string> warnings;
  std::vector<ConfigFault> faults;
};

/// "unknown key (did you mean 'kafka.input_topic'?)"; looks in the key's own
/// section first, then for the same name in the others. Without a dot the key
/// is taken for a section.
std::string unknown_key_text(const SettingTable& table, std::string_view key);

/// Reads a YAML file: a map of sections, each a map of keys. `path` is a file
/// of at most 1 MiB.
SourceReading read_config_file(const SettingTable& table,
                               const std::string& path);

/// Takes what is meant for the node out of the environment. An empty variable
/// counts as unset.
SourceReading
read_environment(const SettingTable& table,
                 const std::map<std::string, std::string>& environment);

/// One `--set section.key=value`, or a flag of its own that means the same.
struct ConfigFlag {
  std::string assignment; ///< "section.key=value"
  std::string flag = "--set";
};

SourceReading read_flags(const SettingTable& table,
                         const std::vector<ConfigFlag>& flags);

} // namespace millrace::node
