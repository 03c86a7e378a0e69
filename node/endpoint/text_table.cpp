#include "node/endpoint/text_table.hpp"

#include <algorithm>
#include <utility>

namespace millrace::node {

namespace {

constexpr bool begins_character(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

/// In characters, each taken to be one column wide.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, begins_character));
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  while (end != text.size() && (count != 0 || !begins_character(text[end])))
    if (begins_character(text[end++]))
      --count;
  return text.substr(0, end);
}

} // namespace

/// U+0080 to U+009F (C2 80 to C2 9F) are control characters too.
std::string printable(std::string_view text, bool ascii) {
  std::string result;
  for (std::size_t at = 0; at != text.size();) {
    auto end = at + 1;
    while (end != text.size() && !begins_character(text[end]))
      ++end;
    const auto character = text.substr(at, end - at);
    const auto lead = static_cast<unsigned char>(character[0]);
    const bool control = lead < 0x20 || lead == 0x7F
                         || (lead == 0xC2 && character.size() == 2
                             && static_cast<unsigned char>(character[1])
                                  < 0xA0);
    if (control)
      result += ' ';
    else if (ascii && lead >= 0x80)
      result += '?';
    else
      result += character;
    at = end;
  }
  return result;
}

std::string fitted(std::string line, const StatusCanvas& canvas) {
  line.erase(line.find_last_not_of(' ') + 1);
  if (width_of(line) <= canvas.columns)
    return line;
  const std::string_view mark = canvas.ascii ? "..." : "…";
  const auto mark_width = std::min(width_of(mark), canvas.columns);
  std::string cut{first_characters(line, canvas.columns - mark_width)};
  return cut.append(first_characters(mark, mark_width));
}

Table::Table(std::vector<Align> columns)
  : columns_(std::move(columns)), widths_(columns_.size()) {}

void Table::add(std::vector<std::string> row) {
  for (std::size_t column = 0; column != row.size(); ++column)
    widths_[column] = std::max(widths_[column], width_of(row[column]));
  rows_.push_back(std::move(row));
}

void Table::append_to(std::string& text, const StatusCanvas& canvas) const {
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t column = 0; column != row.size(); ++column) {
      const std::string gap(widths_[column] - width_of(row[column]), ' ');
      line += column == 0 ? "" : "  ";
      line += columns_[column] == Align::left ? row[column] + gap
                                              : gap + row[column];
    }
    text += fitted(std::move(line), canvas) + '\n';
  }
}

} // namespace millrace::node
