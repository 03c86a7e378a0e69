#include "node/telemetry/log_line.hpp"

#include "logic/core/event_time.hpp"
#include "logic/core/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <variant>

namespace millrace::node {

namespace {

constexpr std::array<std::string_view, 4> own_members{"time", "level", "logger",
                                                      "message"};

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  logic::append_json_escaped(line, text);
  line += '"';
}

template <class Number>
void append_number(std::string& line, Number number) {
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(),
                                     digits.data() + digits.size(), number);
  line.append(digits.data(), written.ptr);
}

std::string formatted_time(std::int64_t time_ms) {
  return logic::format_time(
    std::clamp<std::int64_t>(time_ms, 0, logic::max_event_time_ms));
}

bool needs_quotes(std::string_view text) noexcept {
  return text.empty() || logic::find_invalid_utf8(text) != text.npos
         || logic::has_control_character(text)
         || text.find_first_of(" \"=\\") != text.npos;
}

/// Calls `on_text` for a text, else appends the number or truth as JSON does.
template <class OnText>
void append_value(std::string& line, const logic::LogValue& value,
                  const OnText& on_text) {
  std::visit(
    [&](auto held) {
      using Held = decltype(held);
      if constexpr (std::is_same_v<Held, std::string_view>) {
        on_text(held);
      } else if constexpr (std::is_same_v<Held, bool>) {
        line += held ? "true" : "false";
      } else if constexpr (std::is_same_v<Held, double>) {
        if (std::isfinite(held)) {
          append_number(line, held);
        } else {
          on_text(std::isnan(held) ? "nan" : held > 0 ? "inf" : "-inf");
        }
      } else {
        append_number(line, held);
      }
    },
    value);
}

} // namespace

std::string to_json_line(const LogLine& line) {
  std::string json;
  json.reserve(256);
  json += R"({"time":")";
  json += formatted_time(line.time_ms);
  json += R"(","level":")";
  json += to_string(line.level);
  json += R"(","logger":)";
  append_quoted(json, line.component);
  json += R"(,"message":)";
  append_quoted(json, line.message);
  for (const auto& field : line.fields) {
    json += R"(,")";
    logic::append_json_escaped(json, field.name);
    if (std::find(own_members.begin(), own_members.end(), field.name)
        != own_members.end()) {
      json += '_';
    }
    json += R"(":)";
    append_value(json, field.value,
                 [&](std::string_view text) { append_quoted(json, text); });
  }
  json += '}';
  return json;
}

std::string to_plain_line(const LogLine& line) {
  std::string plain;
  plain.reserve(256);
  plain += formatted_time(line.time_ms);
  plain += ' ';
  plain += to_string(line.level);
  plain += ' ';
  logic::append_json_escaped(plain, line.component);
  plain += ": ";
  logic::append_json_escaped(plain, line.message);
  for (const auto& field : line.fields) {
    plain += ' ';
    logic::append_json_escaped(plain, field.name);
    plain += '=';
    append_value(plain, field.value, [&](std::string_view text) {
      if (needs_quotes(text)) {
        append_quoted(plain, text);
      } else {
        plain += text;
      }
    });
  }
  return plain;
}

} // namespace millrace::node
