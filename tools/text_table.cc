#include "tools/text_table.h"

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace kith {
namespace {

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool IsNumber(std::string_view cell) {
  return !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell.front())) != 0 ||
                           (cell.front() == '-' && cell.size() > 1));
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) {
  if (!header.empty()) rows_.push_back(std::move(header));
}

void TextTable::AddRow(std::vector<std::string> cells) {
  assert(rows_.empty() || cells.size() == rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::Text() const {
  if (rows_.empty()) return {};
  const std::size_t columns = rows_.front().size();
  std::vector<std::size_t> widths(columns);
  std::vector<bool> numbers(columns);
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], TextWidth(row[c]));
  }
  // The last row decides for its column, so that a heading stands over its numbers.
  for (std::size_t c = 0; c < columns; ++c) numbers[c] = IsNumber(rows_.back()[c]);
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::size_t padding = widths[c] - TextWidth(row[c]);
      line.append(2 + (numbers[c] ? padding : 0), ' ');
      line += row[c];
      if (!numbers[c]) line.append(padding, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

void FactList::Add(std::string_view name, std::string value) {
  facts_.emplace_back(name, std::move(value));
}

std::string FactList::Text() const {
  std::size_t width = 0;
  for (const auto& [name, value] : facts_) width = std::max(width, TextWidth(name));
  std::string text;
  for (const auto& [name, value] : facts_) {
    text += "  " + name + std::string(width + 2 - TextWidth(name), ' ') + value + '\n';
  }
  return text;
}

std::string FormatCount(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, ",");
  }
  return digits;
}

std::string FormatFixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string FormatSeconds(double seconds) {
  if (seconds < 0.9995) return FormatFixed(seconds * 1e3, seconds < 0.00995 ? 2 : 0) + " ms";
  if (seconds < 99.95) return FormatFixed(seconds, seconds < 9.995 ? 2 : 1) + " s";
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

std::size_t TextWidth(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !IsContinuationByte(c); }));
}

std::string ShortenText(std::string_view text, std::size_t width) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (TextWidth(line) <= width) return line;
  std::size_t kept = 0, end = 0;  // code points, bytes
  while (kept + 3 < width && end < line.size()) {
    do {
      ++end;
    } while (end < line.size() && IsContinuationByte(line[end]));
    ++kept;
  }
  line.resize(end);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "...";
}

}  // namespace kith
