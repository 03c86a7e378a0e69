#pragma once

#include "logic/core/settings.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::node {

/// One declared setting, with the member that it fills.
struct Declaration {
  std::string section;
  logic::Setting setting;
  logic::SettingTarget target;

  /// "section.name".
  std::string key() const;
  /// MILLRACE_<SECTION>_<NAME>.
  std::string variable() const;
  /// The key that names a file with a secret's value: "section.name_file".
  std::string file_key() const { return key() + "_file"; }
};

struct Section {
  std::string name;
  std::string help;
};

/// All settings that a configuration declares, in order of declaration. The
/// targets point into the configuration: it must outlive the table and must
/// not move.
class SettingTable final : public logic::SettingVisitor {
public:
  SettingTable() = default;

  /// Declares what `Config`'s describe, found by its namespace, declares.
  template <class Config>
  explicit SettingTable(Config& config) {
    describe(*this, config);
  }

  void section(std::string_view name, std::string_view help) override;
  void setting(const logic::Setting& setting,
               logic::SettingTarget target) override;

  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Declaration>& declarations() const { return settings_; }

  /// Null when there is none of that name.
  const Declaration* find(std::string_view key) const;
  /// The secret that `key` ("section.name_file") names a file for; null when
  /// it is a declared key, or none.
  const Declaration* find_file_key(std::string_view key) const;
  bool has_section(std::string_view name) const;

  /// All keys that may be written, those that name files included.
  std::vector<std::string> keys() const;
  std::vector<std::string> section_names() const;

private:
  std::vector<Section> sections_;
  std::vector<Declaration> settings_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

} // namespace millrace::node
