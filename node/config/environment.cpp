#include "logic/core/nearest_word.hpp"
#include "node/config/foreign_variables.hpp"
#include "node/config/setting_source.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace millrace::node {

namespace {

using Environment = std::map<std::string, std::string>;

/// Variables with our prefix that are no settings.
constexpr std::array<std::string_view, 6> other_variables{
  "MILLRACE_CONFIG", // names the configuration file
  "MILLRACE_CACHE", // where the build keeps what it built from source
  "MILLRACE_REVISION", // the commit, for a build without git
  "MILLRACE_BINARY", // these are of the tests
  "MILLRACE_SHARED_DATA", //
  "MILLRACE_SOURCE_DIR", //
};

bool is_set(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found != environment.end() && !found->second.empty();
}

class EnvironmentReader {
public:
  EnvironmentReader(const SettingTable& table, const Environment& environment)
    : table_(table), environment_(environment) {}

  SourceReading read() {
    for (const auto& declaration : table_.declarations()) {
      read_setting(declaration, declaration.key(), "");
      if (declaration.setting.secret)
        read_setting(declaration, declaration.file_key(), "_FILE");
    }
    judge_the_rest();
    return std::move(reading_);
  }

private:
  /// All names of one setting, the best first.
  void read_setting(const Declaration& declaration, const std::string& key,
                    const std::string& suffix) {
    std::vector<std::string> names{declaration.variable() + suffix};
    if (!declaration.setting.variable.empty())
      names.push_back(std::string{declaration.setting.variable} + suffix);
    const std::size_t right_names = names.size();
    for (const auto alias : declaration.setting.aliases)
      names.push_back(std::string{alias} + suffix);

    const std::string* chosen = nullptr;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& name = names[i];
      const bool is_new = known_.insert(name).second;
      // With "_FILE" behind it, one setting's name may be another's.
      if (!is_new || !is_set(environment_, name)
          || is_service_link(name, environment_.at(name)))
        continue;
      if (i >= right_names)
        reading_.warnings.push_back("variable " + name + " is accepted for "
                                    + names[right_names - 1]
                                    + "; please use that name");
      if (chosen == nullptr) {
        chosen = &name;
        reading_.values.push_back(
          {key,
           {RawValue::Kind::text, environment_.at(name), {}},
           {ValueOrigin::Kind::variable, name}});
      } else if (environment_.at(name) != environment_.at(*chosen)) {
        reading_.warnings.push_back("variable " + name
                                    + " is ignored: " + *chosen
                                    + " is set as well, to another value");
      }
    }
  }

  void judge_the_rest() {
    std::vector<std::string> millrace_names;
    for (const auto& name : known_)
      if (name.starts_with("MILLRACE_"))
        millrace_names.push_back(name);
    std::string links;
    for (const auto& [name, value] : environment_) {
      const bool is_ours = name.starts_with("MILLRACE_");
      if (!is_ours && !name.starts_with("KAFKA_"))
        continue;
      if (is_service_link(name, value))
        links += (links.empty() ? "" : ", ") + name;
      else if (is_ours && !known_.contains(name) && !is_other(name))
        reading_.faults.push_back(
          {"variable " + name,
           {},
           "unknown variable" + logic::suggestion(name, millrace_names)});
    }
    if (!links.empty())
      reading_.warnings.push_back(
        "ignored variables that Kubernetes made for a Service: " + links
        + " (enableServiceLinks: false in the pod is rid of them)");
    warn_of_unknown_kafka_variables();
    for (auto& note : notes_on_work_of_others(environment_))
      reading_.warnings.push_back(std::move(note));
  }

  /// Others use the prefix KAFKA_ too, so that it is no fault; but what was
  /// meant for us and is not taken must not go unnoticed.
  void warn_of_unknown_kafka_variables() {
    constexpr std::string_view prefix = "KAFKA_";
    std::vector<std::string> words;
    for (const auto& name : known_)
      if (name.starts_with(prefix))
        words.push_back(name.substr(prefix.size()));
    std::string strangers;
    for (const auto& [name, value] : environment_) {
      if (!name.starts_with(prefix) || value.empty() || known_.contains(name)
          || is_service_link(name, value))
        continue;
      const std::string unknown = "variable " + name
                                  + " is not known and ignored";
      if (const auto other = replacement_of_java_variable(name); !other.empty())
        reading_.warnings.push_back(unknown + "; " + std::string{other});
      else if (const auto near = nearest_name(name.substr(prefix.size()),
                                              words);
               !near.empty())
        reading_.warnings.push_back(unknown + " (did you mean '"
                                    + std::string{prefix} + near + "'?)");
      else
        strangers += (strangers.empty() ? "" : ", ") + name;
    }
    if (!strangers.empty())
      reading_.warnings.push_back(
        "variables that are not known and ignored: " + strangers
        + "; docs/configuration.md lists those that are read");
  }

  /// The nearest by letters, else one that goes on where the other ends.
  static std::string nearest_name(const std::string& word,
                                  const std::vector<std::string>& known) {
    constexpr std::size_t shortest_prefix = 4;
    auto near = logic::nearest_word(word, known);
    if (!near.empty() || word.size() < shortest_prefix)
      return near;
    const auto longer = std::find_if(
      known.begin(), known.end(),
      [&word](const std::string& it) { return it.starts_with(word); });
    return longer == known.end() ? std::string{} : *longer;
  }

  static bool is_other(const std::string& name) {
    return std::find(other_variables.begin(), other_variables.end(), name)
           != other_variables.end();
  }

  const SettingTable& table_;
  const Environment& environment_;
  std::set<std::string> known_;
  SourceReading reading_;
};

} // namespace

SourceReading read_environment(const SettingTable& table,
                               const Environment& environment) {
  return EnvironmentReader{table, environment}.read();
}

} // namespace millrace::node
