#pragma once

#include "logic/core/log.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace millrace::tests {

/// Keeps lines for a test to look at. Any thread.
class MemoryLog final : public logic::Log {
public:
  using Value = std::variant<std::string, std::int64_t, double, bool>;

  struct Line {
    logic::LogLevel level = logic::LogLevel::info;
    std::string component;
    std::string message;
    std::map<std::string, Value> fields;
  };

  explicit MemoryLog(logic::LogLevel lowest = logic::LogLevel::debug)
    : lowest_(lowest) {}
  MemoryLog(logic::LogLevel lowest, const logic::LogLimiter::Limits& limits)
    : Log(limits), lowest_(lowest) {}

  bool enabled(logic::LogLevel level) const noexcept override {
    return level >= lowest_;
  }

  void write(logic::LogLevel level, std::string_view component,
             std::string_view message,
             std::span<const logic::LogField> fields) override {
    Line line{level, std::string{component}, std::string{message}, {}};
    for (const auto& field : fields) {
      line.fields.emplace(field.name, owned(field.value));
    }
    const std::lock_guard lock{mutex_};
    lines_.push_back(std::move(line));
  }

  std::vector<Line> lines() const {
    const std::lock_guard lock{mutex_};
    return lines_;
  }

  /// Lines whose message is exactly `message`.
  std::size_t count(std::string_view message) const {
    const std::lock_guard lock{mutex_};
    std::size_t found = 0;
    for (const auto& line : lines_) {
      found += line.message == message ? 1 : 0;
    }
    return found;
  }

private:
  static Value owned(const logic::LogValue& value) {
    return std::visit(
      [](const auto& held) -> Value {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>,
                                     std::string_view>) {
          return std::string{held};
        } else {
          return held;
        }
      },
      value);
  }

  logic::LogLevel lowest_;
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

} // namespace millrace::tests
