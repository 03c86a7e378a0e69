#include "logic/faults/fault_words.hpp"

#include "logic/core/json_text.hpp"
#include "logic/faults/fault_order.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace millrace::logic::faults {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<Unit, 4> units{
  {{"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}}};

/// An escape of one letter and the byte that it stands for.
constexpr std::array<std::pair<char, char>, 5> escapes{
  {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}}};

bool is_blank(char byte) noexcept {
  return byte == ' ' || byte == '\t';
}

bool is_control(char byte) noexcept {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
}

/// The byte that two hexadecimal digits stand for, in either case.
std::optional<char> parse_byte(std::string_view digits) noexcept {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [rest, fault] = std::from_chars(digits.data(), end, value, 16);
  if (digits.size() != 2 || fault != std::errc{} || rest != end)
    return std::nullopt;
  return static_cast<char>(value);
}

/// Walks over a text word by word.
class Splitter {
public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Result<std::vector<Word>> split() {
    std::vector<Word> words;
    for (;;) {
      while (position_ != text_.size() && is_blank(text_[position_]))
        ++position_;
      if (position_ == text_.size())
        return words;
      auto word = text_[position_] == '"' ? quoted_word() : bare_word();
      if (!word)
        return word.error();
      words.push_back(*std::move(word));
    }
  }

private:
  Error wrong(const std::string& what) const {
    return misread(text_, position_ + 1, what);
  }

  Error control_character() const {
    return wrong("a control character (allowed: in double quotes, as \\n, "
                 "\\r, \\t or \\xHH)");
  }

  Result<Word> bare_word() {
    Word word{{}, position_ + 1, false};
    for (; position_ != text_.size() && !is_blank(text_[position_]);
         ++position_) {
      const char byte = text_[position_];
      if (is_control(byte))
        return control_character();
      if (byte == '"')
        return wrong("a double quote within a word (allowed: around a whole "
                     "word, and \\\" within)");
      word.text += byte;
    }
    return word;
  }

  Result<Word> quoted_word() {
    Word word{{}, position_ + 1, true};
    for (++position_; position_ != text_.size(); ++position_) {
      const char byte = text_[position_];
      if (is_control(byte))
        return control_character();
      if (byte == '"')
        return close(std::move(word));
      if (byte != '\\') {
        word.text += byte;
        continue;
      }
      const auto meant = escaped();
      if (!meant)
        return wrong("an unknown escape (allowed: \\\" \\\\ \\n \\r \\t "
                     "and \\xHH)");
      word.text += *meant;
    }
    return misread(text_, word.column,
                   "a double quote that is never closed (allowed: a second "
                   "one behind the match)");
  }

  Result<Word> close(Word word) {
    ++position_;
    if (position_ != text_.size() && !is_blank(text_[position_]))
      return wrong("no blank behind a closing double quote (allowed: a blank, "
                   "or the end)");
    return word;
  }

  /// Reads the escape at the backslash, up to its last byte.
  std::optional<char> escaped() noexcept {
    const auto rest = text_.substr(position_ + 1);
    if (rest.starts_with('x')) {
      const auto byte = parse_byte(rest.substr(1, 2));
      position_ += byte ? 3 : 0;
      return byte;
    }
    for (const auto& [letter, meant] : escapes)
      if (rest.starts_with(letter)) {
        ++position_;
        return meant;
      }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

void append_escaped(std::string& text, char byte) {
  for (const auto& [letter, meant] : escapes)
    if (byte == meant) {
      text.append(1, '\\').append(1, letter);
      return;
    }
  const auto number = static_cast<unsigned char>(byte);
  text.append("\\x")
    .append(1, hex_digits[number >> 4])
    .append(1, hex_digits[number & 0xFU]);
}

} // namespace

Result<std::vector<Word>> split_words(std::string_view text) {
  if (text.size() > max_order_bytes)
    return misread(text, max_order_bytes + 1,
                   "too long (allowed: " + std::to_string(max_order_bytes)
                     + " bytes)");
  return Splitter{text}.split();
}

std::string render_word(std::string_view word) {
  const bool readable = find_invalid_utf8(word) == std::string_view::npos
                        && !has_control_character(word);
  if (readable && !word.empty()
      && word.find_first_of(" \"\\") == std::string_view::npos)
    return std::string{word};
  std::string text{'"'};
  for (const char byte : word) {
    const bool plain = static_cast<unsigned char>(byte) < 0x80 || readable;
    if (plain && !is_control(byte) && byte != '"' && byte != '\\')
      text += byte;
    else
      append_escaped(text, byte);
  }
  return text += '"';
}

Error misread(std::string_view text, std::size_t column,
              const std::string& what) {
  return {ErrorCode::invalid_argument, "fault order " + quoted(text)
                                         + ", column " + std::to_string(column)
                                         + ": " + what};
}

std::optional<std::uint32_t> parse_number(std::string_view text,
                                          std::uint32_t most) noexcept {
  std::uint32_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc{} || rest != end || number > most)
    return std::nullopt;
  return number;
}

std::optional<std::chrono::milliseconds>
parse_fault_duration(std::string_view text) noexcept {
  const auto digits = std::min(text.find_first_not_of("0123456789"),
                               text.size());
  const auto number = parse_number(
    text.substr(0, digits),
    static_cast<std::uint32_t>(max_fault_duration.count()));
  const auto* unit = std::find_if(
    units.begin(), units.end(),
    [&](const Unit& it) { return it.name == text.substr(digits); });
  if (!number || unit == units.end())
    return std::nullopt;
  const std::chrono::milliseconds duration{*number * unit->milliseconds};
  if (duration.count() == 0 || duration > max_fault_duration)
    return std::nullopt;
  return duration;
}

std::string render_fault_duration(std::chrono::milliseconds duration) {
  const auto* unit = std::find_if(
    units.begin(), units.end() - 1, [&](const Unit& it) {
      return duration.count() != 0 && duration.count() % it.milliseconds == 0;
    });
  return std::to_string(duration.count() / unit->milliseconds)
    .append(unit->name);
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words)
    text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

} // namespace millrace::logic::faults
