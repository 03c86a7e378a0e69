#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace millrace::tests {

/// What a scrape would read.
inline std::string metric_text(const prometheus::Collectable& source) {
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, source.Collect());
  return std::move(text).str();
}

/// The value of a series, written as in the exposition:
/// `name{label="value"}`; nothing where there is none.
inline std::optional<double> metric_value(const prometheus::Collectable& source,
                                          std::string_view series) {
  std::istringstream text{metric_text(source)};
  for (std::string line; std::getline(text, line);) {
    if (line.size() > series.size() && line.starts_with(series)
        && line[series.size()] == ' ') {
      return std::stod(line.substr(series.size() + 1));
    }
  }
  return std::nullopt;
}

} // namespace millrace::tests
