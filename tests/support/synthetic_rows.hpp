// Random norms, softmaxes, products of two tensors, 16-bit sums and means; part of synthetic.hpp's random_network() and
// straight_output().
#pragma once

#include "tests/support/synthetic.hpp"

namespace ares::test {

/// Family::norm, softmax or matmul, of 8 or 16 bits; Family::scan, transform, rotary, lookup; Family::add and
/// average_pool with 16-bit tensors.
LayerGraph random_rows(Random& random, Family family);

/// The output of such a layer by the reference engine, which tests/unit/transformer_reference.cpp compares with real
/// numbers.
std::vector<uint8_t> straight_rows(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs);

}  // namespace ares::test
