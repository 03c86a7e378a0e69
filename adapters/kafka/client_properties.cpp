#include "adapters/kafka/client_properties.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace millrace::adapters::kafka {

std::vector<std::string> client_property_names() {
  // The list is only to be had as a table: `name | C/P | range | ...`.
  char* bytes = nullptr;
  std::size_t size = 0;
  auto* const file = ::open_memstream(&bytes, &size);
  if (file == nullptr)
    return {};
  rd_kafka_conf_properties_show(file);
  std::fclose(file);
  const std::unique_ptr<char, decltype(&std::free)> owner{bytes, &std::free};
  std::istringstream table{std::string{bytes, size}};
  std::vector<std::string> names;
  for (std::string line; std::getline(table, line);) {
    const auto end = line.find(' ');
    if (end != std::string::npos
        && line.find_first_not_of(' ', end) == line.find('|')
        && !line.starts_with("Property "))
      names.push_back(line.substr(0, end));
  }
  return names;
}

} // namespace millrace::adapters::kafka
