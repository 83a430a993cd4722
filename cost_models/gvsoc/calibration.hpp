// Micro-benchmarks on the simulator (runtime/measure/ares_calibrate*.c), beside what others measured, and the target
// constants that follow from them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/target/target.hpp"
#include "cost_models/gvsoc/simulator.hpp"

namespace ares::gvsoc {

/// Cycles by the name that the program gives them.
using Calibration = std::map<std::string, double>;

/// What a benchmark is expected to take.
struct Reference {
  std::string_view name, what;
  double cycles = 0;
  double per_cent = 0, slack = 0;  ///< allowed either way, whichever is more; both 0: for information
};

/// Measured on the public GVSOC widened to GAP9's parameters (gvsoc 209c147, core f3784bc9, pulp 748a706) by programs
/// of other authors.
std::span<const Reference> references();

enum class Verdict : uint8_t { within, outside, information, missing };
Verdict judge(const Reference& reference, const Calibration& measured);

/// Builds and runs the benchmarks; fails with one line.
Result<Calibration> calibrate(const Simulator& simulator, const Target& target);

/// Reads the program's lines; nothing where it did not come to its end.
std::optional<Calibration> parse_calibration(std::string_view text);

/// A line per reference: measured, expected, difference, verdict; then what has none.
std::string calibration_table(const Calibration& measured);

/// A target description on top of `base` with the constants that the benchmarks determine, each with its source.
std::string target_json(const Calibration& measured, const Target& base, const std::string& simulator);

}  // namespace ares::gvsoc
