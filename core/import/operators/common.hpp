// What several operators share.
#pragma once

#include "core/import/lowering.hpp"
#include "core/import/operators/operators.hpp"

namespace ares::qonnx {

/// Shape function of operators whose output has the shape of input 0.
ShapesResult same_shape(const NodeView& node);

/// Lowering and folding of operators that do nothing at inference.
Result<Value> pass_through(Lowering& lowering, const NodeView& node);
ArraysResult fold_identity(const NodeView& node);

/// The value with the model's shape changed and every element in place.
Result<Value> reshaped(Lowering& lowering, const NodeView& node);

/// The one output shape of `node`, already inferred.
const Shape& output_shape(const Lowering& lowering, const NodeView& node);

/// The value as a function of the stored tensor that it is or comes from; fails, saying what to quantise, where there
/// is none.
Result<Unary> function_of_stored(const Lowering& lowering, const NodeView& node, const Value& value);

/// One real value per channel along `axis` of a tensor of `shape`, from a constant that broadcasts to it and varies
/// along no other axis.
Result<std::vector<double>> per_channel(const Array& array, const Shape& shape, std::size_t axis);

/// The only value of a constant, where it has one.
std::optional<double> scalar(const Array* array);

/// Real values of a quantised constant.
Array dequantise(const QuantisedConstant& constant);

}  // namespace ares::qonnx
