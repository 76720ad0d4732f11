// Reports for people: columns lined up with spaces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

// Rows of cells; every column is as wide as its widest cell.  Cells that begin with a digit or a
// minus sign are set to the right, others to the left.  Widths count UTF-8 code points.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header = {});
  // REQUIRES: as many cells as every other row.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // One line a row, two spaces before each column.
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Lines "  name        value", names lined up.
class FactList {
 public:
  void Add(std::string_view name, std::string value);
  std::string Text() const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

std::string FormatCount(std::uint64_t count);         // "1,234,567"
std::string FormatFixed(double value, int decimals);  // "0.950"
std::string FormatSeconds(double seconds);            // "820 ms", "12.3 s", "4 min 10 s"
std::size_t TextWidth(std::string_view text);         // code points

// At most `width` code points of the text on one line, with "..." where something was left out.
std::string ShortenText(std::string_view text, std::size_t width);

}  // namespace kith
