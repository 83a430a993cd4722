// What neighbouring groups do for each other in L1, and where every buffer lies: loads that begin while the group
// before computes, stores that end while the group behind does, and tensors that never leave L1.
#pragma once

#include "core/plan/network_program.hpp"

namespace ares {

/// Marks the copies of the groups' programs as early, late or staying (Copy) where `l1_bytes` have room for all that is
/// alive together, and gives all L1 buffers their offsets.
///
/// Early: the first instance of a load whose bytes are final before the group before begins: constants, and tensors
/// that an older group has written. It needs its buffer one group longer.
/// Late: a store in one tile of what the next group does not load from L2, nor the one behind it early. It needs its
/// buffer one group longer.
/// Staying: a tensor that its writer leaves in one tile, and whose next reader takes all of it, without padding. Other
/// readers, and a tensor that the network returns, still find it in L2.
void connect_groups(NetworkProgram& network, const LayerGraph& graph, uint32_t l1_bytes);

}  // namespace ares
