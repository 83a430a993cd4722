// Plain-text tables and numbers for people.
#pragma once

#include <string>
#include <vector>

namespace ares {

struct Column {
  std::string title;
  bool right = false;  ///< aligned
};

/// Titles, a line, rows; columns as wide as their widest cell and two spaces apart. Every row has a cell per column.
std::string text_table(const std::vector<Column>& columns, const std::vector<std::vector<std::string>>& rows);

/// 1234567 as 1,234,567; rounded. `-` where it is not finite.
std::string grouped(double number);

/// `41 s`, `3 min 20 s`, `1 h 05 min`.
std::string duration_text(double seconds);

}  // namespace ares
