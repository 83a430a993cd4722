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

/// Shape function of element-wise operators of two inputs.
ShapesResult broadcast_shapes(const NodeView& node);

/// Folds an element-wise operator: integers where both inputs are, else double (float where both are float).
/// `integer` returns nothing where the result does not exist (division by zero, overflow).
ArraysResult fold_binary(const NodeView& node, double (*real)(double, double),
                         std::optional<int64_t> (*integer)(int64_t, int64_t));

/// The value with the model's shape changed and every element in place.
Result<Value> reshaped(Lowering& lowering, const NodeView& node);

/// The one output shape of `node`, already inferred.
const Shape& output_shape(const Lowering& lowering, const NodeView& node);

/// Adds f after what the value already is. Works on Stored and Unary.
Result<Value> apply_unary(Lowering& lowering, const NodeView& node, const Value& value,
                          std::function<double(double)> f);

/// One real value per channel along `axis` of a tensor of `shape`, from a constant that broadcasts to it and varies
/// along no other axis.
Result<std::vector<double>> per_channel(const Array& array, const Shape& shape, std::size_t axis);

/// The only value of a constant, where it has one.
std::optional<double> scalar(const Array* array);

/// Real values of a quantised constant.
Array dequantise(const QuantisedConstant& constant);

}  // namespace ares::qonnx
