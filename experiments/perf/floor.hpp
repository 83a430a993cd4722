// What a layer costs at the rates of hand-written kernels: the yardstick of whole networks, in cycles of the cluster.
#pragma once

#include "core/group/group.hpp"

namespace ares::perf {

/// One layer by itself, weights in L2: the longer of its work at the rate of the nearest kernel that was measured, and
/// of the bytes that it has to move between L2 and L1; and a share for what surrounds a layer. Not a bound: fused
/// layers and NE16 may need less.
double floor_cycles(const GroupShape& shape);

/// The sum over the network's layers, none fused.
double floor_cycles(const LayerGraph& graph);

/// Bytes of all constants, as many as come from L3 in a first inference at least.
double constant_bytes(const LayerGraph& graph);

}  // namespace ares::perf
