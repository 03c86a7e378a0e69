#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// How a component declares its configuration: a struct with defaults and a
/// `describe(SettingVisitor&, TheStruct&)` beside it. The same declaration is
/// read by the file, environment and flag parsers, by `millrace check`, and
/// by the generator of docs/configuration.md.
namespace millrace::logic {

/// A size in bytes. Written as a number with an optional unit (`256MiB`).
struct ByteSize {
  std::uint64_t bytes = 0;
  friend auto operator<=>(ByteSize, ByteSize) = default;
};

/// The member that a setting fills. Durations are read as a number with a
/// unit (`500ms`, `5s`); a bare number means milliseconds.
using SettingTarget = std::variant<bool*, std::int64_t*, double*, std::string*,
                                   std::vector<std::string>*,
                                   std::chrono::milliseconds*, ByteSize*>;

/// What is said of one setting. Only `name` and `help` are obligatory.
struct Setting {
  /// snake_case, unique in its section.
  std::string_view name;
  /// One or two sentences for the reference page, ending with a full stop.
  std::string_view help;
  /// Bounds of a number, a duration (ms) or a size (bytes), inclusive.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  /// The allowed words of a text; empty means any.
  std::vector<std::string_view> choices = {};
  /// The variable of the field's tradition, for example
  /// KAFKA_BOOTSTRAP_SERVERS, beside MILLRACE_<SECTION>_<NAME>.
  std::string_view variable = {};
  /// Older or misspelt variables, accepted with a warning.
  std::vector<std::string_view> aliases = {};
  /// Masked wherever the configuration is shown.
  bool secret = false;
  /// Must not be empty.
  bool required = false;
  /// Of a secret: takes the path of the file that it came from, if it came
  /// from one, for whoever reads it anew when it was replaced.
  std::string* path = nullptr;
};

class SettingVisitor {
public:
  virtual ~SettingVisitor() = default;
  /// Opens a section; the settings that follow belong to it.
  virtual void section(std::string_view name, std::string_view help) = 0;
  virtual void setting(const Setting& setting, SettingTarget target) = 0;
};

} // namespace millrace::logic
