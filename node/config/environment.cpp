#include "node/config/setting_source.hpp"
#include "node/config/words.hpp"

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

/// Kubernetes puts a dozen variables into every pod for every Service of its
/// namespace, named after the Service ("Environment variables" in its manual
/// on Services). A Service that is called millrace gives these.
bool is_service_link(std::string_view name, std::string_view value) {
  if (name.ends_with("_PORT") && value.find("://") != std::string_view::npos)
    return true;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")
      || name.find("_SERVICE_PORT_") != std::string_view::npos)
    return true;
  const auto port = name.rfind("_PORT_");
  if (port == std::string_view::npos)
    return false;
  const auto rest = name.substr(port + 6);
  const auto digits = std::min(rest.find_first_not_of("0123456789"),
                               rest.size());
  const auto protocol = rest.substr(digits);
  return digits > 0
         && (protocol.starts_with("_TCP") || protocol.starts_with("_UDP")
             || protocol.starts_with("_SCTP"));
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
          || (name.starts_with("MILLRACE_")
              && is_service_link(name, environment_.at(name))))
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
    std::vector<std::string> kafka_names;
    for (const auto& name : known_) {
      if (name.starts_with("MILLRACE_"))
        millrace_names.push_back(name);
      else if (name.starts_with("KAFKA_"))
        kafka_names.push_back(name);
    }
    std::string links;
    for (const auto& [name, value] : environment_) {
      if (name.starts_with("MILLRACE_")) {
        if (is_service_link(name, value))
          links += (links.empty() ? "" : ", ") + name;
        else if (!known_.contains(name) && !is_other(name))
          reading_.faults.push_back(
            {"variable " + name,
             {},
             "unknown variable" + suggestion(name, millrace_names)});
      } else if (name.starts_with("KAFKA_") && !known_.contains(name)) {
        warn_of_slip(name, kafka_names);
      }
    }
    if (!links.empty())
      reading_.warnings.push_back(
        "ignored variables that Kubernetes made for a Service: " + links
        + " (enableServiceLinks: false in the pod is rid of them)");
  }

  /// Others use the prefix KAFKA_ too, so only what looks like a slip of the
  /// pen is worth a word.
  void warn_of_slip(const std::string& name,
                    const std::vector<std::string>& known) {
    const auto near = nearest_word(name, known);
    if (!near.empty() && edit_distance(name, near) <= 2)
      reading_.warnings.push_back("variable " + name
                                  + " is not known and ignored (did you mean '"
                                  + near + "'?)");
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
