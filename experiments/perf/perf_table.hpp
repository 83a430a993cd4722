// Cycles of whole networks as a table file, and what became worse from one to the next.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace ares::perf {

/// One network by one source. `cold_cycles` 0: not measured; `floor` 0: not known.
struct Row {
  std::string network, source;
  double cycles = 0, cold_cycles = 0;
  bool right = true;        ///< every output byte was
  std::string environment;  ///< version and properties of what measured
  double floor = 0;         ///< the network at the rates of hand-written kernels (floor.hpp)
  friend bool operator==(const Row&, const Row&) = default;
};

/// A line per row, fields separated by tabs, behind a line with their names.
std::string to_text(const std::vector<Row>& rows);

/// The reverse, of files without floors, too; fails with the number of the line that cannot be read.
Result<std::vector<Row>> from_text(std::string_view text);

struct Limits {
  double per_cent = 5, hot_per_cent = 3;  ///< more cycles than before, allowed
  std::vector<std::string> hot;           ///< networks with the closer limit
};

struct Finding {
  std::string line;     ///< for people
  bool worse = false;   ///< fails the gate
  bool unsure = false;  ///< another environment: not comparable
};

/// Every row of either table. Wrong bytes and what is missing in `now` are worse; rows of different environments are
/// not compared, nor are new ones.
std::vector<Finding> compare(const std::vector<Row>& before, const std::vector<Row>& now, const Limits& limits);

}  // namespace ares::perf
