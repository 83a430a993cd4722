// Fusion: which layers may be computed with the one before them, and the groups of a partition.
//
// A partition is the list of groups, by position in make_groups()' order and ascending, that join the group which
// produces what they read. Nothing forces a fusion: the empty partition is the network of single layers, and any subset
// of the candidates is a partition. Results are the same bytes either way: each layer keeps its own requantisation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/group/group.hpp"

namespace ares {

using Partition = std::vector<int>;

/// Positions that may join: table functions, sums of two tensors of one size, pools without padding behind a
/// convolution, pointwise convolutions behind a convolution, linear layers behind a linear layer, softmax of bytes
/// behind a product of activations and a second product behind both. Only the reader of a tensor that nobody else
/// reads.
Partition fusable(const LayerGraph& graph, const std::vector<Group>& groups);

/// The groups of a partition, named `a+b`, each at the place of its last layer. Fails, naming the group, on a position
/// that cannot join, be it that its chain has become too long.
Result<std::vector<Group>> fuse(const LayerGraph& graph, const std::vector<Group>& groups, const Partition& partition);

/// How a plan remembers a partition: `fused 1,2,7`; empty: nothing is fused.
std::string to_string(const Partition& partition);

/// The reverse; nothing where the text is something else.
std::optional<Partition> parse_partition(std::string_view text);

}  // namespace ares
