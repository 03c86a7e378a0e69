#include "node/config/text_rules.hpp"

#include "logic/core/json_text.hpp"
#include "node/config/words.hpp"

#include <array>
#include <utility>

namespace millrace::node {

namespace {

/// Straight ones, the backtick, and what word processors make of them.
constexpr std::array<std::string_view, 7> quotes{
  "\"", "'", "`", "\u201C", "\u201D", "\u2018", "\u2019"};

/// What cannot be seen and comes along when text is copied from a page.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> unseen{
  {{"\u00A0", "a no-break space (U+00A0)"},
   {"\u00AD", "a soft hyphen (U+00AD)"},
   {"\u200B", "a zero-width space (U+200B)"},
   {"\u200C", "a zero-width non-joiner (U+200C)"},
   {"\u200D", "a zero-width joiner (U+200D)"},
   {"\u200E", "a direction mark (U+200E)"},
   {"\u200F", "a direction mark (U+200F)"},
   {"\u2009", "a thin space (U+2009)"},
   {"\u2028", "a line separator (U+2028)"},
   {"\u202F", "a narrow no-break space (U+202F)"},
   {"\u2060", "a word joiner (U+2060)"},
   {"\u3000", "an ideographic space (U+3000)"},
   {"\uFEFF", "a byte order mark (U+FEFF)"}}};

/// What stands for a value that somebody else fills in: a shell or Compose, a
/// pod's manifest, Helm.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3>
  placeholders{{{"${", "}"}, {"$(", ")"}, {"{{", "}}"}}};

std::string control_name(unsigned char byte) {
  if (byte == '\n' || byte == '\r')
    return "a line end";
  if (byte == '\t')
    return "a tab";
  constexpr std::string_view digits = "0123456789ABCDEF";
  return std::string{"the control character 0x"} + digits[byte >> 4U]
         + digits[byte & 15U];
}

} // namespace

bool holds_placeholder(std::string_view text) {
  // Of a property of the client, whose value may be a secret, only the name.
  text = text.substr(0, text.find('='));
  for (const auto& [begin, end] : placeholders)
    if (const auto at = text.find(begin);
        at != std::string_view::npos
        && text.find(end, at + begin.size()) != std::string_view::npos)
      return true;
  return false;
}

bool is_in_quotes(std::string_view text) {
  for (const auto quote : quotes)
    if (text.starts_with(quote)
        || (text.ends_with(quote)
            && text.find(quote) == text.size() - quote.size()))
      return true;
  return false;
}

std::string text_fault(std::string_view text) {
  if (is_in_quotes(text))
    return "the quote is part of the value; write it without quotes (an env "
           "file or a ConfigMap does not take them off)";
  for (const char letter : text)
    if (const auto byte = static_cast<unsigned char>(letter);
        byte < 0x20 || byte == 0x7F)
      return "it holds " + control_name(byte) + "; take it out";
  if (logic::find_invalid_utf8(text) != std::string_view::npos)
    return "it is not UTF-8; write it in UTF-8";
  for (const auto& [bytes, name] : unseen)
    if (text.find(bytes) != std::string_view::npos)
      return "it holds " + std::string{name}
             + ", which cannot be seen; type it anew instead of copying it";
  if (holds_placeholder(text))
    return "nobody has filled in the placeholder; write the value itself, or "
           "set the variable that docs/configuration.md names for it";
  return {};
}

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  for (const char quote : {'"', '\''})
    if (text.size() >= 2 && text.front() == quote
        && text.find(quote, 1) == text.size() - 1)
      return trimmed(text.substr(1, text.size() - 2));
  return text;
}

std::string_view without_brackets(std::string_view text) {
  text = trimmed(text);
  const bool whole = text.size() >= 2 && text.front() == '['
                     && text.find_first_of("[]", 1) == text.size() - 1
                     && text.back() == ']';
  return whole ? trimmed(text.substr(1, text.size() - 2)) : text;
}

} // namespace millrace::node
