// A layer with data to measure a group on: what its candidates read, and the bytes that each of them must write.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/result.hpp"
#include "core/group/group.hpp"
#include "core/ir/graph.hpp"

namespace ares::gvsoc {

/// What the output holds before a run, as the program fills it (ARES_MEASURE_UNWRITTEN): the expected value of bytes
/// that belong to another group of the same layer.
inline constexpr uint8_t unwritten = 0x5A;

struct MeasuredLayer {
  LayerGraph graph;  ///< the group's layer alone
  Group group;
  Context context;
  std::vector<std::vector<uint8_t>> inputs;  ///< stored bytes of each of the graph's inputs
  std::vector<uint8_t> expected;             ///< of the output, by the reference engine
};

/// The first group of a graph of one layer, or its `piece`. Computes what is expected.
MeasuredLayer measured_layer(LayerGraph graph, const Context& context, std::vector<std::vector<uint8_t>> inputs,
                             int piece = 0);

/// A layer of this shape with seeded random constants and inputs; fails where no layer has the shape.
Result<MeasuredLayer> sample_layer(const GroupShape& shape, const Context& context, uint32_t seed = 1);

}  // namespace ares::gvsoc
