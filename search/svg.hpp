// Charts as inline SVG, for the HTML report: no scripts, no fonts or files from elsewhere.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ares::svg {

struct Axis {
  std::string title;
  bool logarithmic = false;
};

struct Series {
  std::string name;  ///< in the legend; empty: none
  std::vector<std::pair<double, double>> points;
  bool line = false, steps = false, dashed = false;  ///< steps: level until the next point. No line: dots
  std::vector<std::string> labels;                   ///< shown when a dot is pointed at; empty or one per point
};

/// Points that are not finite, or not positive on a logarithmic axis, are left out. Empty text: nothing to show.
std::string chart(const Axis& x, const Axis& y, const std::vector<Series>& series);

/// A rectangle in a map of time (columns, whole numbers) and addresses.
struct Box {
  double from = 0, to = 0;  ///< columns, `to` excluded
  double low = 0, high = 0;
  std::string label;
  int colour = 0;
};

/// Columns are named; addresses grow upwards to `top`.
std::string map(const std::vector<std::string>& columns, const std::string& title, double top,
                const std::vector<Box>& boxes);

/// A text as it stands in HTML and SVG.
std::string escaped(const std::string& text);

}  // namespace ares::svg
