#include "core/base/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ares {

std::string text_table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::size_t width = columns[c].title.size();
    for (const auto& row : rows) width = std::max(width, row[c].size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) text += "  ";
      text += columns[c].right ? fmt::format("{:>{}}", cell(c), widths[c]) : fmt::format("{:<{}}", cell(c), widths[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string text = line([&](std::size_t c) { return columns[c].title; });
  text += line([&](std::size_t c) { return std::string(widths[c], '-'); });
  for (const auto& row : rows) text += line([&](std::size_t c) { return row[c]; });
  return text;
}

std::string grouped(double number) {
  if (!std::isfinite(number)) return "-";
  const std::string digits = fmt::format("{:.0f}", std::fabs(number));
  std::string text;
  if (number <= -0.5) text += '-';
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string duration_text(double seconds) {
  const auto s = static_cast<long>(std::lround(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

}  // namespace ares
