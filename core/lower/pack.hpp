// Constant operands of a group as bytes, in the order in which its tile program addresses them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/group/config.hpp"
#include "core/group/group.hpp"

namespace ares {

/// conv, linear, depthwise: weights [c_out][channel_bytes] (HWI order, depthwise HW, zero-padded to whole words) and
/// params [c_out] of {int32 m, int32 B}, little endian (raw form: m is 1). Weight zero points: where every w - z_w fits
/// int8, those are the weights stored; else the weights are stored as they are and each record of params ends with
/// int32 z_w (GroupShape::asymmetric), so that the kernel takes acc = sum of a * w - z_w * sum of a. table: weights are
/// the 256 bytes; rearrange: those of its piece, if it has a table; curve: int32 points, lo, hi. average_pool: params
/// per number of positions. add: params {m_a, B, m_b, 0}; multiply, matmul: {m, B, z_a, z_b}. norm: weights are
/// its terms in the order of NormTerms (norm_words), params per channel; softmax: its table of u16, and
/// the words of SoftmaxTerms. scan:
/// weights are per channel its rates and its skip weight, params what all share (scan_words). transform: weights are a
/// row of int16 coefficients per output, padded to whole words, params per output; rotary: int16 factors, {m, B, z, 0};
/// lookup: the table. Others: empty.
///
/// On the accelerator (core/group/accelerator.hpp): weights [c_out][ceil(c_in / 16)][bit][tap] of 16 bits, one per
/// input channel, of w - z_w less job_weight_offset(); params in blocks, one per tile of output channels, each the
/// tile's int32 biases and then its scales of scale_bits. Depthwise: weights [c_out / 16][bit][tap] of 16 bits, one per
/// channel. Of a depthwise layer that the workers have a share of: the constants of their channels as the workers read
/// them, then those of the others as the accelerator does (shared_constants()).
///
/// tails: the constants of each fused layer behind the first, weights then params, each padded to 16 bytes.
struct PackedOperands {
  std::vector<uint8_t> weights, params, tails = {};
};

PackedOperands pack(const LayerGraph& graph, const Group& group, const Config& config);

}  // namespace ares
