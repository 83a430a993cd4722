// Analytical model: cycles of a tile program in closed form, in a few hundred nanoseconds.
//
// Nothing is walked. Iterations of the innermost tile loop are told apart by class only (first, middle, last of their
// loop), transfers and kernel times are averages over the classes of the outer loops, which for products of per-loop
// sizes are exact. What remains is the time from one kernel call to the next, which depends on which loops have just
// advanced: it is the larger of the orchestrator's own work, the transfers it must wait for, and the stores that must
// have left; see step_within() and step_between(). A prologue fills the buffers, an epilogue drains the last store.
#pragma once

#include <memory>

#include "cost_models/cost_model.hpp"

namespace ares {

/// One warm run of a program that lower() made.
Estimate analyse(const TileProgram& program, const Target& target);

/// The model "analytical".
std::shared_ptr<const CostModel> make_analytical_model();

}  // namespace ares
