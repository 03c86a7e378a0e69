#include "logic/core/log.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace millrace::logic {

namespace {

struct LevelName {
  std::string_view name;
  LogLevel level;
};

constexpr std::array<LevelName, 7> level_names{{
  {"debug", LogLevel::debug},
  {"info", LogLevel::info},
  {"warn", LogLevel::warn},
  {"warning", LogLevel::warn},
  {"error", LogLevel::error},
  {"fatal", LogLevel::fatal},
  {"critical", LogLevel::fatal},
}};

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a')
                                        : letter;
}

} // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::fatal:
      return "fatal";
  }
  return "unknown";
}

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  for (const auto& [name, level] : level_names) {
    if (std::equal(text.begin(), text.end(), name.begin(), name.end(),
                   [](char a, char b) { return lower(a) == b; })) {
      return level;
    }
  }
  return std::nullopt;
}

void Log::limited(LogLimiter::Time now, LogLevel level,
                  std::string_view component, std::string_view message,
                  Fields fields) {
  if (!enabled(level)) {
    return;
  }
  const auto suppressed = limiter_.admit(component, message, now);
  if (!suppressed) {
    return;
  }
  if (*suppressed == 0) {
    write(level, component, message, {fields.begin(), fields.size()});
    return;
  }
  std::vector<LogField> all{fields};
  all.emplace_back("suppressed", *suppressed);
  write(level, component, message, all);
}

} // namespace millrace::logic
