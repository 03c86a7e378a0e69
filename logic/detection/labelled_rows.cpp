#include "logic/detection/labelled_rows.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

namespace millrace::logic::detection {

namespace {

constexpr std::string_view label_name = "label";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes up to the separator off the front.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const auto piece = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return piece;
}

std::size_t count_fields(std::string_view line) noexcept {
  std::size_t count = 1;
  for (const auto letter : line)
    count += letter == ',' ? 1 : 0;
  return count;
}

bool is_control(char letter) noexcept {
  return (static_cast<unsigned char>(letter) < ' ' && letter != '\t')
         || letter == '\x7F';
}

/// What a person needs to find the fault; long fields are cut, and what a
/// terminal would obey is hidden.
std::string quoted(std::string_view field) {
  constexpr std::size_t longest = 40;
  std::string text{field.substr(0, longest)};
  std::replace_if(text.begin(), text.end(), is_control, '?');
  return "'" + text + (field.size() > longest ? "...'" : "'");
}

struct Number {
  float value = 0.0F;
  std::errc code = std::errc::invalid_argument;
};

/// The number that the field is from its first letter to its last.
Number parse_number(std::string_view field) noexcept {
  Number number;
  const auto* end = field.data() + field.size();
  const auto [stopped, code] = std::from_chars(field.data(), end, number.value);
  if (code != std::errc{} || (stopped == end && std::isfinite(number.value)))
    number.code = code;
  return number;
}

class CsvReader {
public:
  Result<LabelledRows> read(std::string_view text) {
    if (text.starts_with(byte_order_mark))
      text.remove_prefix(byte_order_mark.size());
    bool has_header = false;
    while (!text.empty()) {
      ++line_;
      const auto line = trimmed(take_until(text, '\n'));
      if (line.empty())
        continue;
      if (auto problem = has_header ? read_row(line) : read_header(line))
        return *std::move(problem);
      has_header = true;
    }
    if (!has_header)
      return Error{ErrorCode::malformed,
                   "it is empty; a header of column names is expected"};
    return std::move(rows_);
  }

private:
  Error fault(std::size_t column, const std::string& what) const {
    return {ErrorCode::malformed, "line " + std::to_string(line_) + ", column "
                                    + std::to_string(column) + ": " + what};
  }

  std::optional<Error> read_header(std::string_view line) {
    fields_ = count_fields(line);
    if (std::any_of(line.begin(), line.end(), is_control))
      return fault(1, "this is no text; a header of column names is expected");
    bool has_name = false;
    for (std::size_t column = 1; column <= fields_; ++column) {
      const auto name = trimmed(take_until(line, ','));
      if (name.empty())
        return fault(column, "the header has no name here");
      has_name = has_name || parse_number(name).code != std::errc{};
      if (name != label_name)
        rows_.names.emplace_back(name);
      else if (label_column_ != 0)
        return fault(column, "the header has a second column 'label'");
      else
        label_column_ = column;
    }
    if (!has_name)
      return fault(1, "the header has numbers only; put a line with the names "
                      "of the columns on top");
    if (rows_.names.empty() || rows_.names.size() > max_features)
      return fault(fields_, "the header names "
                              + std::to_string(rows_.names.size())
                              + " features; 1 to "
                              + std::to_string(max_features) + " are possible");
    return std::nullopt;
  }

  std::optional<Error> read_row(std::string_view line) {
    if (const auto fields = count_fields(line); fields != fields_)
      return fault(std::min(fields, fields_) + (fields < fields_ ? 0 : 1),
                   "the line has " + std::to_string(fields)
                     + " fields, the header " + std::to_string(fields_)
                     + "; each line has one field per column");
    for (std::size_t column = 1; column <= fields_; ++column) {
      const auto field = trimmed(take_until(line, ','));
      const auto [value, code] = parse_number(field);
      if (code == std::errc::result_out_of_range)
        return fault(column, quoted(field) + " does not fit a 32-bit float");
      if (code != std::errc{})
        return fault(column, quoted(field)
                               + " is not a number; all below the header are");
      if (column != label_column_)
        rows_.values.push_back(value);
      else if (value == 0.0F || value == 1.0F)
        rows_.labels.push_back(value == 1.0F ? 1 : 0);
      else
        return fault(column, quoted(field) + " is no label; 0 or 1 is");
    }
    return std::nullopt;
  }

  LabelledRows rows_;
  std::size_t line_ = 0;
  std::size_t fields_ = 0;
  std::size_t label_column_ = 0; ///< from 1; 0 where there is none
};

} // namespace

Result<LabelledRows> parse_numeric_csv(std::string_view text) {
  return CsvReader{}.read(text);
}

} // namespace millrace::logic::detection
