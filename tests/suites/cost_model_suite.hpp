// What every cost model must satisfy (cost_models/cost_model.hpp, plugin.h), asked of any model on random feasible
// configs of random groups.
//
//   const Findings found = check_cost_model(*model, *load_target("gap9"));
//
// Binding: the tuner relies on it. Not binding: what a machine does, which a model that learnt from few measurements
// need not have found out; ARES's own models satisfy all of it.
#pragma once

#include "cost_models/cost_model.hpp"
#include "tests/suites/findings.hpp"

namespace ares::conformance {

/// `share` of the cases: 1 takes seconds with a model of ARES; less for one that is slow to answer.
Findings check_cost_model(const CostModel& model, const Target& target, double share = 1);

}  // namespace ares::conformance
