// Measurer: answers a strategy's proposals. A plain value, so that tests and plug-ins bring their own.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "cost_models/cost_model.hpp"
#include "kb/record.hpp"

namespace ares {

/// What became of one config.
struct Measurement {
  double cycles = std::numeric_limits<double>::infinity();  ///< of one warm run; infinity: it failed
  double cold_cycles = 0;                                   ///< of the first run; 0: not measured
  bool sliced = false;                                      ///< scaled up from a part of the group's tiles
  std::optional<kb::FailureReason> failure = {};
};

struct Measurer {
  std::string source;       ///< as the knowledge base and "cycles_from" call it
  std::size_t batch = 1;    ///< configs per round; fixed, so that threads never change which are proposed
  double seconds_each = 1;  ///< predicted cost of one measurement, on whatever machine
  /// results[i] of configs[i]. Returns early once `stop` is true; what it has written then counts for nothing.
  std::function<void(const Query&, std::span<const Config> configs, std::span<Measurement> results,
                     const std::atomic<bool>& stop)>
      measure = {};
  std::string simulator = {};    ///< version and properties of what measures, a part of results' environment
  std::string description = {};  ///< the same for people; empty: `source` says it all

  /// Nothing can be measured: the cost model has the last word.
  bool is_none() const { return !measure; }
};

/// Plays the lowered programs on the event simulator, in parallel in the current TBB arena.
Measurer event_measurer();

/// Runs generated programs of many configs each on GVSOC, several side by side in the current TBB arena, and checks
/// every output byte (cost_models/gvsoc). `home`: where GVSOC is installed; empty: $GVSOC_HOME. Fails with one line
/// that says what is missing, or where it cannot stand for `target`.
Result<Measurer> gvsoc_measurer(const std::string& home, const Target& target);

/// Names that --measure knows.
std::vector<std::string> measurer_names();

struct MeasurerChoice {
  Measurer measurer;
  std::string remark;  ///< auto: why there is no better one, for people
};

/// The measurer of that name (auto: the best one available), or an error in one line.
Result<MeasurerChoice> make_measurer(const std::string& name, const Target& target, const std::string& gvsoc_home = "");

}  // namespace ares
