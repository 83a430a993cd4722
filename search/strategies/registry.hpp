// One maker per strategy file; registry.cpp lists them.
#pragma once

#include <memory>

#include "search/strategy.hpp"

namespace ares {

std::unique_ptr<Strategy> make_auto(const Candidates& candidates, uint64_t seed);
std::unique_ptr<Strategy> make_bayesian(const Candidates& candidates, uint64_t seed);
std::unique_ptr<Strategy> make_evolutionary(const Candidates& candidates, uint64_t seed);
std::unique_ptr<Strategy> make_grid(const Candidates& candidates, uint64_t seed);
std::unique_ptr<Strategy> make_random(const Candidates& candidates, uint64_t seed);

}  // namespace ares
