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

/// A fused group's program has no more buffers and operations than a tile program holds; weights of a tail come from
/// L2.
bool fits_program(const GroupShape& shape, const Context& context, const Config& config);

}  // namespace ares
