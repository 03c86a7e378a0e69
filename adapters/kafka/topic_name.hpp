#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace millrace::adapters::kafka {

inline constexpr std::size_t max_topic_name_bytes = 249;

/// Whether Kafka takes this as the name of a topic (as
/// `org.apache.kafka.common.internals.Topic` does).
inline bool is_topic_name(std::string_view name) noexcept {
  const auto legal = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
           || (letter >= '0' && letter <= '9') || letter == '.' || letter == '_'
           || letter == '-';
  };
  return !name.empty() && name.size() <= max_topic_name_bytes && name != "."
         && name != ".." && std::ranges::all_of(name, legal);
}

} // namespace millrace::adapters::kafka
