// Networks made up for tests: random layers with real requantisation, without a model file.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/group/group.hpp"
#include "core/ir/graph.hpp"

namespace ares::test {

using Random = std::mt19937;

/// Uniform in [lo, hi].
int32_t pick(Random& random, int32_t lo, int32_t hi);

/// A layer of the given family with random shape, window, scales, zero points, clip range, policy and output type.
/// Dimensions stay small enough to run thousands of them.
LayerGraph random_network(Random& random, Family family);

/// A dense convolution of exactly this shape with random constants; pads of (kernel - 1) / 2.
LayerGraph conv_network(Random& random, Dims in, int32_t out_channels, int16_t kernel, int16_t stride);

/// One convolution, depthwise or linear layer that the accelerator can run.
LayerGraph accelerated_network(Random& random);

/// A random convolution with 2 to 4 groups of any channels.
LayerGraph grouped_network(Random& random, bool asymmetric);

/// A linear layer of exactly this shape with random constants.
LayerGraph linear_network(Random& random, int32_t tokens, int32_t in_features, int32_t out_features);

/// Random bytes inside the clip range of the network's first input.
std::vector<uint8_t> random_input(Random& random, const LayerGraph& network);

/// The same for all its inputs.
std::vector<std::vector<uint8_t>> random_inputs(Random& random, const LayerGraph& network);

/// The only layer's output for an input in device layout, computed without tiles: one output at a time.
std::vector<uint8_t> straight_output(const LayerGraph& network, std::span<const uint8_t> input);

/// The same for a layer of any number of inputs.
std::vector<uint8_t> straight_output(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs);

/// A context with everything in L2.
Context l2_context(uint32_t l1_bytes, int cores = 8);

}  // namespace ares::test
