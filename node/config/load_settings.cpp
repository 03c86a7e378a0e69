#include "node/config/load_settings.hpp"

#include "node/config/small_file.hpp"
#include "node/config/text_rules.hpp"
#include "node/config/words.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::node {

namespace {

std::string place_of(const ValueOrigin& origin) {
  return origin.kind == ValueOrigin::Kind::default_value ? std::string{}
                                                         : to_string(origin);
}

/// The known keys that a sentence names, in its order.
std::vector<std::string>
keys_named(const std::string& text,
           const std::map<std::string, ValueOrigin>& known) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789_.";
  std::vector<std::string> keys;
  for (auto begin = text.find_first_of(letters); begin != std::string::npos;) {
    const auto end = std::min(text.find_first_not_of(letters, begin),
                              text.size());
    std::string word = text.substr(begin, end - begin);
    if (word.ends_with('.'))
      word.pop_back();
    if (known.contains(word))
      keys.push_back(std::move(word));
    begin = text.find_first_of(letters, end);
  }
  return keys;
}

/// Puts what the sources say into the targets, lowest precedence first.
class SettingsLoader {
public:
  explicit SettingsLoader(const SettingTable& table) : table_(table) {
    for (const auto& declaration : table.declarations())
      report_.origins[declaration.key()] = {};
  }

  void apply(SourceReading reading) {
    move_to(report_.warnings, reading.warnings);
    move_to(report_.faults, reading.faults);
    std::set<std::string> given;
    for (const auto& value : reading.values)
      given.insert(value.key);
    for (const auto& value : reading.values) {
      const auto* declaration = table_.find(value.key);
      if (declaration != nullptr)
        set_written(*declaration, value);
      else if (declaration = table_.find_file_key(value.key);
               given.contains(declaration->key()))
        fault(value,
              "given as " + declaration->key() + " too; keep one of the two");
      else
        set_from_file(*declaration, value);
    }
  }

  SettingsReport finish() {
    for (const auto& declaration : table_.declarations())
      if (declaration.setting.required && is_empty(declaration.target)
          && !is_faulty(declaration.key()))
        report_.faults.push_back(
          {place_of(report_.origins[declaration.key()]), declaration.key(),
           "must not be empty; set it in the file, as "
             + preferred_variable(declaration) + " or with --set "
             + declaration.key() + "=..."});
    return std::move(report_);
  }

private:
  template <class Item>
  static void move_to(std::vector<Item>& to, std::vector<Item>& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  }

  static std::string preferred_variable(const Declaration& declaration) {
    return declaration.setting.variable.empty()
             ? declaration.variable()
             : std::string{declaration.setting.variable};
  }

  bool is_faulty(const std::string& key) const {
    return std::any_of(report_.faults.begin(), report_.faults.end(),
                       [&](const ConfigFault& it) { return it.key == key; });
  }

  void fault(const SourcedValue& value, std::string text) {
    report_.faults.push_back(
      {to_string(value.origin), value.key, std::move(text)});
  }

  void set(const Declaration& declaration, const std::string& written_key,
           const RawValue& value, const ValueOrigin& origin) {
    if (const auto read = read_value(declaration.setting, value,
                                     declaration.target);
        !read) {
      report_.faults.push_back(
        {to_string(origin), written_key, read.error().text});
      return;
    }
    if (declaration.setting.path != nullptr)
      declaration.setting.path->clear();
    report_.origins[declaration.key()] = origin;
  }

  /// Takes a value that stands in a source itself. Blanks around a text are a
  /// slip that nobody sees, and would make another topic or group of it.
  void set_written(const Declaration& declaration, const SourcedValue& value) {
    if (value.value.kind != RawValue::Kind::text
        || !std::holds_alternative<std::string*>(declaration.target)
        || !declaration.setting.choices.empty())
      return set(declaration, value.key, value.value, value.origin);
    const std::string bare{trimmed(value.value.text)};
    const auto warn = [&](const char* text) {
      report_.warnings.push_back(to_string(value.origin) + ": " + value.key
                                 + ": " + text);
    };
    if (bare.size() != value.value.text.size() && !bare.empty())
      warn(declaration.setting.secret
             ? "the blanks or line ends around the secret were cut; one that "
               "needs them goes into a file"
             : "the blanks or line ends around the value were cut");
    if (declaration.setting.secret && is_in_quotes(bare))
      warn("the secret begins or ends with a quote, which is taken for a part "
           "of it");
    if (declaration.setting.secret && holds_placeholder(bare))
      warn("the secret holds a placeholder such as ${...}, which nobody fills "
           "in");
    set(declaration, value.key, {RawValue::Kind::text, bare, {}}, value.origin);
  }

  void set_from_file(const Declaration& declaration,
                     const SourcedValue& value) {
    constexpr std::size_t largest_secret_bytes = 64U << 10U;
    const std::string path{trimmed(value.value.text)};
    if (value.value.kind != RawValue::Kind::text || path.empty()) {
      fault(value, "expected the path of a file that holds the secret");
      return;
    }
    if (const auto reason = text_fault(path); !reason.empty()) {
      fault(value, "got '" + path + "': " + reason);
      return;
    }
    auto text = read_small_file(path, largest_secret_bytes);
    if (!text) {
      fault(value, text.error().text);
      return;
    }
    // Editors and `echo` end a file with a line end that is not meant.
    if (text->ends_with('\n'))
      text->pop_back();
    if (text->ends_with('\r'))
      text->pop_back();
    if (text->empty()) {
      fault(value, "expected a secret, got the empty file " + path);
      return;
    }
    ValueOrigin origin = value.origin;
    origin.place += " (file " + path + ")";
    set(declaration, value.key, {RawValue::Kind::text, *std::move(text), {}},
        origin);
    if (declaration.setting.path != nullptr)
      *declaration.setting.path = path;
  }

  const SettingTable& table_;
  SettingsReport report_;
};

} // namespace

SettingsReport load_settings(const SettingTable& table,
                             const ConfigInputs& inputs) {
  SettingsLoader loader{table};
  if (!inputs.file.empty())
    loader.apply(read_config_file(table, inputs.file));
  loader.apply(read_environment(table, inputs.environment));
  loader.apply(read_flags(table, inputs.flags));
  return loader.finish();
}

void add_check_faults(SettingsReport& report,
                      const std::vector<logic::Error>& found) {
  std::set<std::string> faulty;
  for (const auto& fault : report.faults)
    faulty.insert(fault.key);
  for (const auto& error : found) {
    const auto keys = keys_named(error.text, report.origins);
    // A check that read a default in place of a faulty value proves nothing.
    if (std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
          return faulty.contains(key);
        }))
      continue;
    std::string places;
    for (const auto& key : keys) {
      const auto place = place_of(report.origins.at(key));
      if (!place.empty() && places.find(place) == std::string::npos)
        places += (places.empty() ? "" : ", ") + place;
    }
    report.faults.push_back({places, {}, error.text});
  }
}

} // namespace millrace::node
