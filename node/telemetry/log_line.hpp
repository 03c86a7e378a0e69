#pragma once

#include "logic/core/log.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::node {

/// A line to be rendered; all parts borrowed.
struct LogLine {
  std::int64_t time_ms = 0; ///< since 1970, UTC
  logic::LogLevel level = logic::LogLevel::info;
  std::string_view component;
  std::string_view message;
  std::span<const logic::LogField> fields;
};

/// One JSON object, without a line end. Fields stand behind `time`, `level`,
/// `logger` and `message`; one of such a name gets a `_` appended. Bytes that
/// are not UTF-8 become U+FFFD; numbers that JSON cannot write become texts.
std::string to_json_line(const LogLine& line);

/// `time level component: message key=value`, without a line end. Texts with
/// blanks, quotes or control characters are quoted and escaped, so that no
/// value can forge a line.
std::string to_plain_line(const LogLine& line);

} // namespace millrace::node
