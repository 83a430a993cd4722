// Measurer: answers a strategy's proposals. A plain value, so that tests and plug-ins bring their own.
#pragma once

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

struct Measurer {
  std::string source;       ///< as the knowledge base and "cycles_from" call it
  std::size_t batch = 1;    ///< configs per round; fixed, so that threads never change which are proposed
  double seconds_each = 1;  ///< predicted cost of one measurement, on whatever machine
  /// cycles[i] of one warm run of configs[i], infinity where it failed. Returns early once `stop` is true; what it has
  /// written then counts for nothing.
  std::function<void(const Query&, std::span<const Config> configs, std::span<double> cycles,
                     const std::atomic<bool>& stop)>
      measure;

  /// Nothing can be measured: the cost model has the last word.
  bool is_none() const { return !measure; }
};

/// Plays the lowered programs on the event simulator, in parallel in the current TBB arena.
Measurer event_measurer();

/// Names that --measure knows.
std::vector<std::string> measurer_names();

/// The measurer of that name (auto: the best one available), or an error in one line.
Result<Measurer> make_measurer(const std::string& name);

}  // namespace ares
