#include "node/config/setting_value.hpp"

#include "logic/core/nearest_word.hpp"
#include "node/config/quantity.hpp"
#include "node/config/text_rules.hpp"
#include "node/config/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace millrace::node {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || rest != end)
    return std::nullopt;
  return number;
}

/// The shortest text that reads as the same number; whole numbers in full.
std::string render_number(double number) {
  constexpr double largest_in_full = 1e15;
  if (number == std::floor(number) && std::abs(number) < largest_in_full)
    return std::to_string(static_cast<std::int64_t>(number));
  std::array<char, 32> buffer{};
  const auto [end, fault] = std::to_chars(
    buffer.data(), buffer.data() + buffer.size(), number);
  return fault == std::errc{} ? std::string{buffer.data(), end} : "?";
}

std::string render_list(const std::vector<std::string>& items) {
  std::string result;
  for (const auto& item : items) {
    if (!result.empty())
      result += ',';
    for (const char letter : item) {
      if (letter == ',' || letter == '\\')
        result += '\\';
      result += letter;
    }
  }
  return result;
}

/// What the target is, with the number of its kind as a bound is written.
struct Kind {
  std::string_view name; ///< "duration"
  std::string_view expected; ///< "a duration such as 500ms or 5s"
  std::string (*bound)(double) = nullptr;
};

Kind kind_of(const logic::SettingTarget& target) {
  static constexpr std::array<Kind, 7> kinds{{
    {"true or false", "true or false"},
    {"whole number", "a whole number", render_number},
    {"number", "a number", render_number},
    {"text", "a text"},
    {"list of texts", "a list of texts"},
    {"duration", "a duration such as 500ms, 5s or 1.5h",
     [](double bound) {
       return render_duration(
         std::chrono::milliseconds{static_cast<std::int64_t>(bound)});
     }},
    {"size", "a size such as 65536, 256MiB or 1GB",
     [](double bound) {
       return render_byte_size({static_cast<std::uint64_t>(bound)});
     }},
  }};
  return kinds[target.index()];
}

std::string range(const logic::Setting& setting, const Kind& kind) {
  constexpr double largest_shown = 9e15;
  // Bounds too large to be written in full are there only to be complete.
  const bool low = std::isfinite(setting.min);
  const bool high = std::isfinite(setting.max) && setting.max < largest_shown;
  if (kind.bound == nullptr || (!low && !high))
    return {};
  if (low && high)
    return kind.bound(setting.min) + " to " + kind.bound(setting.max);
  return low ? "at least " + kind.bound(setting.min)
             : "at most " + kind.bound(setting.max);
}

std::string join(const std::vector<std::string_view>& words,
                 std::string_view around) {
  std::string result;
  for (const auto word : words) {
    if (!result.empty())
      result += ", ";
    if (word.empty())
      result += "empty";
    else
      result.append(around).append(word).append(around);
  }
  return result;
}

/// A value as a fault repeats it: on one line, of bounded length.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string result = "'";
  for (const char letter : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(letter);
    result += byte < 0x20 || byte == 0x7F ? '?' : letter;
  }
  return result + (text.size() > longest ? "...'" : "'");
}

std::string got(const logic::Setting& setting, const RawValue& value) {
  switch (value.kind) {
    case RawValue::Kind::nothing:
      return "no value (leave the key out to keep the default)";
    case RawValue::Kind::list:
      return "a list";
    case RawValue::Kind::structure:
      return value.text;
    case RawValue::Kind::text:
      break;
  }
  return setting.secret ? "a secret that is none" : quoted(value.text);
}

/// Reads text into one kind of target; false when it is not of that kind.
struct Reader {
  const logic::Setting& setting;
  const RawValue& value;
  std::string reason{}; ///< why a text was refused, where that has one

  bool single() const { return value.kind == RawValue::Kind::text; }

  bool operator()(bool* target) {
    const std::string word = lower_case(trimmed(value.text));
    const bool is_true = word == "true" || word == "yes" || word == "on"
                         || word == "1";
    const bool is_false = word == "false" || word == "no" || word == "off"
                          || word == "0";
    if (!single() || (!is_true && !is_false))
      return false;
    *target = is_true;
    return true;
  }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  bool operator()(Number* target) {
    const auto number = parse_number<Number>(trimmed(value.text));
    if (!single() || !number || !std::isfinite(static_cast<double>(*number)))
      return false;
    return keep(*number, static_cast<double>(*number), target);
  }

  bool operator()(std::chrono::milliseconds* target) {
    const auto duration = parse_duration(value.text);
    return single() && duration
           && keep(*duration, static_cast<double>(duration->count()), target);
  }

  bool operator()(logic::ByteSize* target) {
    const auto size = parse_byte_size(value.text);
    return single() && size
           && keep(*size, static_cast<double>(size->bytes), target);
  }

  bool operator()(std::string* target) {
    if (!single())
      return false;
    if (const auto word = chosen(value.text)) {
      *target = *word;
      return true;
    }
    return false;
  }

  bool operator()(std::vector<std::string>* target) {
    if (value.kind == RawValue::Kind::structure
        || value.kind == RawValue::Kind::nothing)
      return false;
    // A whole list in quotes is what an env file makes of a quoted line; one
    // in brackets was carried over from a settings file.
    auto items = single() ? parse_list(without_brackets(unquoted(value.text)))
                          : std::optional{value.items};
    if (!items)
      return false;
    for (auto& item : *items) {
      const auto word = chosen(std::string{unquoted(item)});
      if (!word)
        return false;
      item = *word;
    }
    *target = std::move(*items);
    return true;
  }

private:
  template <class Value>
  bool keep(Value read, double number, Value* target) {
    if (number < setting.min || number > setting.max)
      return false;
    *target = read;
    return true;
  }

  /// The word as declared; letter case does not matter where words are few.
  std::optional<std::string> chosen(const std::string& text) {
    // A secret may hold anything.
    if (setting.secret && setting.choices.empty())
      return text;
    const auto bare = trimmed(text);
    if (setting.choices.empty()) {
      reason = text_fault(bare);
      return reason.empty() ? std::optional{std::string{bare}} : std::nullopt;
    }
    const std::string wanted = lower_case(bare);
    for (const auto choice : setting.choices)
      if (lower_case(choice) == wanted)
        return std::string{choice};
    return std::nullopt;
  }
};

/// What may help with a value that was refused, as the end of a sentence.
std::string hint(const logic::Setting& setting, const RawValue& value,
                 const logic::SettingTarget& target) {
  if (value.kind == RawValue::Kind::list
      && std::holds_alternative<std::string*>(target)
      && setting.choices.empty())
    return "; write it as one text, with commas if it has parts";
  if (value.kind != RawValue::Kind::text || setting.secret)
    return {};
  const auto text = trimmed(value.text);
  if (is_in_quotes(text))
    return "; write it without the quotes";
  if (std::holds_alternative<std::vector<std::string>*>(target)
      && !parse_list(without_brackets(unquoted(text))))
    return "; an item is empty: take the extra comma out";
  const std::vector<std::string> words(setting.choices.begin(),
                                       setting.choices.end());
  if (!words.empty())
    return logic::suggestion(lower_case(text), words);
  // Who writes 25 where 25 is too little means another unit.
  if (text.empty()
      || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return {};
  const std::string number{text};
  if (std::holds_alternative<std::chrono::milliseconds*>(target)) {
    const auto read = parse_duration(text);
    if (!read || static_cast<double>(read->count()) < setting.min)
      return "; a bare number means milliseconds: write " + number
             + "s for seconds";
  } else if (std::holds_alternative<logic::ByteSize*>(target)) {
    const auto read = parse_byte_size(text);
    if (!read || static_cast<double>(read->bytes) < setting.min)
      return "; a bare number means bytes: write " + number + "KiB or " + number
             + "MiB for more";
  }
  return {};
}

} // namespace

std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> items;
  if (trimmed(text).empty())
    return items;
  std::string item;
  const auto finish = [&] {
    items.emplace_back(trimmed(item));
    item.clear();
    return !items.back().empty();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size()
                        && (text[i + 1] == ',' || text[i + 1] == '\\');
    if (escape)
      item += text[++i];
    else if (text[i] != ',')
      item += text[i];
    else if (!finish())
      return std::nullopt;
  }
  if (!finish())
    return std::nullopt;
  return items;
}

logic::Result<void> read_value(const logic::Setting& setting,
                               const RawValue& value,
                               const logic::SettingTarget& target) {
  Reader reader{setting, value};
  if (std::visit([&](auto* member) { return reader(member); }, target))
    return {};
  if (!reader.reason.empty())
    return logic::Error{logic::ErrorCode::invalid_config,
                        "got " + got(setting, value) + ": " + reader.reason};
  std::string text = "expected ";
  if (!setting.choices.empty()) {
    text += target.index() == 4 ? "a list of " : "one of ";
    text += join(setting.choices, "");
  } else {
    const Kind kind = kind_of(target);
    text += kind.expected;
    if (const auto limits = range(setting, kind); !limits.empty())
      text += (limits.starts_with("at ") ? ", " : ", from ") + limits;
  }
  text += ", got " + got(setting, value);
  text += hint(setting, value, target);
  return logic::Error{logic::ErrorCode::invalid_config, std::move(text)};
}

std::string render_value(const logic::SettingTarget& target) {
  return std::visit(
    [](const auto* member) -> std::string {
      using Member = std::remove_cvref_t<decltype(*member)>;
      if constexpr (std::is_same_v<Member, bool>)
        return *member ? "true" : "false";
      else if constexpr (std::is_same_v<Member, std::int64_t>)
        return std::to_string(*member);
      else if constexpr (std::is_same_v<Member, double>)
        return render_number(*member);
      else if constexpr (std::is_same_v<Member, std::string>)
        return *member;
      else if constexpr (std::is_same_v<Member, std::chrono::milliseconds>)
        return render_duration(*member);
      else if constexpr (std::is_same_v<Member, logic::ByteSize>)
        return render_byte_size(*member);
      else
        return render_list(*member);
    },
    target);
}

bool is_empty(const logic::SettingTarget& target) {
  if (const auto* text = std::get_if<std::string*>(&target))
    return (*text)->empty();
  if (const auto* items = std::get_if<std::vector<std::string>*>(&target))
    return (*items)->empty();
  return false;
}

std::string_view type_name(const logic::SettingTarget& target) {
  return kind_of(target).name;
}

std::string allowed_values(const logic::Setting& setting,
                           const logic::SettingTarget& target) {
  return setting.choices.empty() ? range(setting, kind_of(target))
                                 : join(setting.choices, "`");
}

} // namespace millrace::node
