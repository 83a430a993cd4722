// Float nodes of a model that run on the host: before the first Quant, and after the last integer tensor.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/import/lowering.hpp"

namespace ares::qonnx {

/// What the host computes of `node`: a value that nothing but the host, or a Quant of the model's input, can take.
Result<Value> host_value(const Lowering& lowering, const NodeView& node);

/// The nodes that compute tensor `to` from tensor `from` as a model of their own.
Result<std::shared_ptr<const ModelGraph>> host_slice(const Lowering& lowering, const std::string& from,
                                                     const std::string& to);

/// Checks that the host can compute a graph from an input of this shape, with one input and one output; the shape of
/// the output.
Result<Shape> host_shape(const ModelGraph& graph, const Shape& input);

/// One sample in row-major order. The graph has passed host_shape().
std::vector<float> run_host(const ModelGraph& graph, std::span<const float> x);

}  // namespace ares::qonnx
