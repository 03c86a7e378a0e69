#include "node/config/setting_table.hpp"

#include <algorithm>
#include <cassert>

namespace millrace::node {

std::string Declaration::key() const {
  return section + "." + std::string{setting.name};
}

std::string Declaration::variable() const {
  std::string name = "MILLRACE_" + section + "_" + std::string{setting.name};
  std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32)
                                          : letter;
  });
  return name;
}

void SettingTable::section(std::string_view name, std::string_view help) {
  sections_.push_back({std::string{name}, std::string{help}});
}

void SettingTable::setting(const logic::Setting& setting,
                           logic::SettingTarget target) {
  assert(!sections_.empty() && "a setting before the first section");
  settings_.push_back({sections_.back().name, setting, target});
  [[maybe_unused]] const bool is_new
    = index_.emplace(settings_.back().key(), settings_.size() - 1).second;
  assert(is_new && "a key declared twice");
}

const Declaration* SettingTable::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &settings_[found->second];
}

const Declaration* SettingTable::find_file_key(std::string_view key) const {
  constexpr std::string_view suffix = "_file";
  if (!key.ends_with(suffix) || find(key) != nullptr)
    return nullptr;
  const auto* named = find(key.substr(0, key.size() - suffix.size()));
  return named != nullptr && named->setting.secret ? named : nullptr;
}

bool SettingTable::has_section(std::string_view name) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [&](const Section& it) { return it.name == name; });
}

std::vector<std::string> SettingTable::keys() const {
  std::vector<std::string> keys;
  for (const auto& declaration : settings_) {
    keys.push_back(declaration.key());
    if (declaration.setting.secret)
      keys.push_back(declaration.file_key());
  }
  return keys;
}

std::vector<std::string> SettingTable::section_names() const {
  std::vector<std::string> names;
  for (const auto& section : sections_)
    names.push_back(section.name);
  return names;
}

} // namespace millrace::node
