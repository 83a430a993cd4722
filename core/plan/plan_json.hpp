// The plan as text, for people and for comparing: order, configs, where everything lives.
#pragma once

#include <string>

#include "core/plan/network_program.hpp"

namespace ares {

/// JSON: memories, then per group its config, context and placements (level, offset, bytes).
std::string plan_to_json(const NetworkProgram& program);

}  // namespace ares
