// Chains of layers made up for tests of fusion.
#pragma once

#include "tests/support/synthetic.hpp"

namespace ares::test {

/// A random layer and one or two more that can be fused behind it; sums and products read a second input of the
/// network, which is their first or their second operand. The network's only output is the last layer's.
LayerGraph random_chain(Random& random);

/// The output by the reference engine, as stored bytes.
std::vector<uint8_t> reference_output(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs);

}  // namespace ares::test
