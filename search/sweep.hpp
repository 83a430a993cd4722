// What another chip would bring: the network on variants of a target, for ares-tune --sweep. Nothing is measured on the
// way: each variant gets the cost model's best configs, and the network they make is played by the event simulator.
#pragma once

#include <string>
#include <vector>

#include "core/plan/network_program.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

/// `l1=64K,128K`: a parameter and its values.
struct SweepRequest {
  std::string key;
  std::vector<std::string> values;
};

/// Fails with one line on an unknown key and on values that are no numbers.
Result<SweepRequest> parse_sweep(const std::string& text);

struct SweepPoint {
  std::string value;
  double rule_cycles = 0, cycles = 0, cold_cycles = 0;  ///< of the whole network
  std::string bottleneck;                               ///< of most cycles, by group
  std::string error;                                    ///< why there are none; empty: there are
};

struct Sweep {
  std::string key;
  std::vector<SweepPoint> points;  ///< the first: the target as it is
};

Sweep sweep(const SweepRequest& request, const LayerGraph& graph, const Target& target, const PlanOptions& options,
            const CostModel& model);

/// `clock_hz` 0: no times.
std::string to_text(const Sweep& sweep, double clock_hz);
std::string to_json(const Sweep& sweep, const std::string& model, const Target& target);

}  // namespace ares
