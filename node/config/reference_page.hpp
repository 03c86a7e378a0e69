#pragma once

#include "node/config/setting_table.hpp"

#include <string>

namespace millrace::node {

/// The page docs/configuration.md in Markdown, written from the declarations.
/// The table's targets must hold the defaults.
std::string reference_page(const SettingTable& table);

/// The same for the whole node.
std::string reference_page();

} // namespace millrace::node
