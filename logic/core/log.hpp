#pragma once

#include "logic/core/ids.hpp"
#include "logic/core/log_limiter.hpp"

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

/// The log as everybody sees it. A line is a constant sentence fragment and
/// fields; no personal data (user ids, addresses, record values) in either:
/// name topic, partition and offset instead.
namespace millrace::logic {

/// `error` means that somebody must act; `fatal` that the node ends.
enum class LogLevel : std::uint8_t { debug, info, warn, error, fatal };

/// "debug", "info", "warn", "error", "fatal".
std::string_view to_string(LogLevel level) noexcept;

/// Reads a level in any case; "warning" and "critical" are understood too.
std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

using LogValue = std::variant<std::string_view, std::int64_t, double, bool>;

/// A name (snake_case) and a value, both only borrowed.
struct LogField {
  std::string_view name;
  LogValue value;

  template <class T>
  requires std::convertible_to<const T&, std::string_view>
  LogField(std::string_view field, const T& text)
    : name(field), value(std::string_view{text}) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view field, T number)
    : name(field), value(saturated(number)) {}
  template <std::floating_point T>
  LogField(std::string_view field, T number)
    : name(field), value(static_cast<double>(number)) {}
  LogField(std::string_view field, std::same_as<bool> auto truth)
    : name(field), value(truth) {}
  template <class Tag, class Rep>
  LogField(std::string_view field, StrongNumber<Tag, Rep> number)
    : LogField(field, number.value) {}

private:
  template <class T>
  static constexpr std::int64_t saturated(T number) noexcept {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return std::cmp_greater(number, most) ? most
                                          : static_cast<std::int64_t>(number);
  }
};

/// Takes lines from any thread; never throws, never blocks for longer than
/// one write to stdout and the log file.
///
///     log->info("consumer", "partitions assigned", {{"count", 3}});
class Log {
public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Log() = default;

  /// Whether a line of this level may be written at all: ask before building
  /// costly fields.
  virtual bool enabled(LogLevel level) const noexcept = 0;

  /// `component` is the actor or adapter in snake_case.
  virtual void write(LogLevel level, std::string_view component,
                     std::string_view message, std::span<const LogField> fields)
    = 0;

  void debug(std::string_view component, std::string_view message,
             Fields fields = {}) {
    forward(LogLevel::debug, component, message, fields);
  }
  void info(std::string_view component, std::string_view message,
            Fields fields = {}) {
    forward(LogLevel::info, component, message, fields);
  }
  void warn(std::string_view component, std::string_view message,
            Fields fields = {}) {
    forward(LogLevel::warn, component, message, fields);
  }
  void error(std::string_view component, std::string_view message,
             Fields fields = {}) {
    forward(LogLevel::error, component, message, fields);
  }
  void fatal(std::string_view component, std::string_view message,
             Fields fields = {}) {
    forward(LogLevel::fatal, component, message, fields);
  }

  /// For messages that a fault may repeat without end: a few lines per
  /// interval, the next admitted one with the field `suppressed`. `message`
  /// must be constant (details go into fields); `now` is the actor's clock.
  void limited(LogLimiter::Time now, LogLevel level, std::string_view component,
               std::string_view message, Fields fields = {});

  /// Lines that `limited` held back so far.
  std::uint64_t suppressed() const { return limiter_.suppressed(); }

protected:
  Log() = default;
  explicit Log(const LogLimiter::Limits& limits) : limiter_(limits) {}

private:
  void forward(LogLevel level, std::string_view component,
               std::string_view message, Fields fields) {
    if (enabled(level)) {
      write(level, component, message, {fields.begin(), fields.size()});
    }
  }

  LogLimiter limiter_;
};

using LogPtr = std::shared_ptr<Log>;

} // namespace millrace::logic
