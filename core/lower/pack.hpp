// Constant operands of a group as bytes, in the order in which its tile program addresses them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/group/group.hpp"

namespace ares {

/// conv, linear: weights [c_out][channel_bytes] (HWI order, zero-padded to whole words) and params [c_out] of {int32 m,
/// int32 B}, little endian (raw form: m is 1). table: weights are the 256 bytes.
/// average_pool: params per number of positions. Others: empty.
struct PackedOperands {
  std::vector<uint8_t> weights, params;
};

PackedOperands pack(const LayerGraph& graph, const Group& group);

}  // namespace ares
