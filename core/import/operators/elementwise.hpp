// Element-wise operators: rows of core/ir/float_function.hpp and how they act on the kinds of values.
#pragma once

#include <span>

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {

/// Shape and folding of any of them, by the node's operator.
ShapesResult shapes_elementwise(const NodeView& node);
ArraysResult fold_elementwise(const NodeView& node);

/// Lowering of any of them. A function of one stored tensor and scalars is a table; on an accumulator or an average a
/// linear function folds in, a ReLU or Clip becomes its bounds.
Result<Value> lower_elementwise(Lowering& lowering, const NodeView& node);

/// y = min(max(x, lo), hi) of any value.
Result<Value> lower_clip(Lowering& lowering, const NodeView& node, double lo, double hi);

/// Two values that are no functions of one stored tensor.
Result<Value> combine_tensors(Lowering& lowering, const NodeView& node, const Value& a, const Value& b);

/// A tensor and a constant that differs along several of its axes.
Result<Value> combine_with_constant(Lowering& lowering, const NodeView& node, std::size_t constant);

/// The operators that are rows of core/ir/float_function.hpp.
std::span<const Operator> elementwise_operators();

}  // namespace ares::qonnx
