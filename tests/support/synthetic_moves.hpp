// Random layers of the families that compute element by element or only move data; part of synthetic.hpp's
// random_network() and straight_output().
#pragma once

#include "tests/support/synthetic.hpp"

namespace ares::test {

/// Family::add or Family::multiply: two inputs of equal dims, or the second one row of channels.
LayerGraph random_elementwise(Random& random, Family family);

/// Concat, slice, pad, resize or transpose of up to three inputs.
LayerGraph random_rearrange(Random& random);

/// A function of 16-bit elements.
LayerGraph random_curve(Random& random);

/// The output of such a layer, element by element in the order of the output.
std::vector<uint8_t> straight_moves(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs);

}  // namespace ares::test
