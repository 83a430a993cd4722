// lower(): the one place where a config becomes a tile program. One file per family (conv.cpp, linear.cpp, ...), each
// registered in lower.cpp; to add a family, copy pool.cpp. fused.cpp has what tails add.
#pragma once

#include <tl/expected.hpp>

#include "core/group/space.hpp"
#include "core/tile/program.hpp"

namespace ares {

/// The tile program of a config, or the constraint it breaks.
tl::expected<TileProgram, Infeasible> lower(const GroupShape& shape, const Config& config, const Context& context);

/// The same into storage of the caller, for loops over millions of configs; false: infeasible (check() tells why).
/// The config must come from the group's space.
bool lower_into(const GroupShape& shape, const Config& config, const Context& context, TileProgram& out);

}  // namespace ares
