// What the reference networks are measured against: other generators' programs on the same simulator, and the goals.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/perf/perf_table.hpp"

namespace ares::perf {

/// Cycles of one inference with weights in L3 at the start.
struct Yardstick {
  std::string_view network;
  int number = 0;        ///< among the reference networks; 0: MLPerf Tiny
  double cycles = 0;     ///< Python ARES's program on the public GVSOC
  double warm_goal = 0;  ///< 0: an eighth of `cycles`
  double silicon = 0;    ///< GAP9 with the vendor's tools, NE16, 5 to 7-bit weights (MLPerf Tiny v1.0); 0: none
};

/// Convolutional networks and perceptrons, by number.
std::span<const Yardstick> yardsticks();

/// What no program for a network can avoid, in cycles.
struct Floor {
  double warm = 0;  ///< sum of the groups' lower bounds
  double l3 = 0;    ///< all constants at L3's rate
};

/// A line of the standings and of the models table; rows[0] is the event simulator's, rows[1] GVSOC's; null where it is
/// missing.
struct Standing {
  Yardstick yardstick;
  Floor floor;
  const Row* event = nullptr;
  const Row* gvsoc = nullptr;
};

/// Markdown: GVSOC's warm and cold cycles beside the yardstick, and why a goal is out of reach where it is.
std::string standings_table(std::span<const Standing> all);

/// What a whole network is to reach: warm, a multiple of its floor; cold, a share of the Python toolchain's cycles.
struct Goal {
  std::string_view network;
  int number = 0;        ///< among the reference networks; 0: MLPerf Tiny
  double cold_goal = 0;  ///< cycles; 0: no program to compare with
};

/// All reference networks, by number.
std::vector<Goal> goals();

/// `row`: GVSOC's where there is one, else the event simulator's.
struct Attempt {
  Goal goal;
  const Row* row = nullptr;
  double l3 = 0;  ///< cycles that all constants take from L3
};

/// Markdown: warm cycles beside the floor, cold ones beside their goal.
std::string floors_table(std::span<const Attempt> all);

/// Markdown: how far the event simulator is from GVSOC.
std::string models_table(std::span<const Standing> all);

}  // namespace ares::perf
