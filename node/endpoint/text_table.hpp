#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Text for terminals, of a given width.
namespace millrace::node {

/// What a status is drawn on.
struct StatusCanvas {
  std::size_t columns = 80; ///< longer lines are cut, at least 1
  bool ascii = false; ///< for terminals that show no UTF-8
};

/// `text` in UTF-8 as it may go to a terminal.
std::string printable(std::string_view text, bool ascii);

/// Cut to the canvas, without blanks at its end.
std::string fitted(std::string line, const StatusCanvas& canvas);

enum class Align : std::uint8_t { left, right };

/// Rows of cells in columns, two blanks between them.
class Table {
public:
  explicit Table(std::vector<Align> columns);

  /// A cell for each column, fit to be printed.
  void add(std::vector<std::string> row);

  void append_to(std::string& text, const StatusCanvas& canvas) const;

private:
  std::vector<Align> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

} // namespace millrace::node
