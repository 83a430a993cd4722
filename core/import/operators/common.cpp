#include "core/import/operators/common.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/arithmetic/table.hpp"

namespace ares::qonnx {

ShapesResult same_shape(const NodeView& node) {
  auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  return std::vector<Shape>{std::move(*shape)};
}

Result<Value> pass_through(Lowering& lowering, const NodeView& node) {
  auto value = lowering.input(node, 0);
  if (!value) return tl::unexpected(value.error());
  return **value;
}

ArraysResult fold_identity(const NodeView& node) { return std::vector<Array>{*node.constant(0)}; }

const Shape& output_shape(const Lowering& lowering, const NodeView& node) {
  return lowering.model.shapes.at(node.node.outputs[0]);
}

Result<Value> reshaped(Lowering& lowering, const NodeView& node) {
  auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  if (std::holds_alternative<Constant>(value.kind))
    return node.error("reshaping a quantised constant is not supported");
  const Shape& shape = output_shape(lowering, node);
  if (auto* acc = std::get_if<Accumulator>(&value.kind); acc && shape != value.view.shape) acc->reshaped = true;
  value.view.shape = shape;
  return value;
}

Result<Unary> function_of_stored(const Lowering& lowering, const NodeView& node, const Value& value) {
  if (const auto* unary = std::get_if<Unary>(&value.kind)) return *unary;
  if (const auto* stored = std::get_if<Stored>(&value.kind)) {
    const Tensor& tensor = lowering.tensor(stored->tensor);
    if (tensor.type != ElementType::u8) return node.error("its input is not a stored 8-bit tensor");
    return Unary{stored->tensor, stored_values(tensor.q), node.node.name};
  }
  return node.error("works on a tensor that is not quantised; put a Quant before it");
}

Result<std::vector<double>> per_channel(const Array& array, const Shape& shape, std::size_t axis) {
  if (axis >= shape.size())
    return fail(fmt::format("a tensor of shape {} has no axis {} with the channels", to_string(shape), axis));
  auto common = broadcast(array.shape, shape);
  if (!common || *common != shape) {
    return fail(
        fmt::format("a constant of shape {} does not broadcast to {}", to_string(array.shape), to_string(shape)));
  }
  const std::size_t missing = shape.size() - array.shape.size();
  for (std::size_t i = 0; i < array.shape.size(); ++i) {
    if (array.shape[i] != 1 && i + missing != axis) {
      return fail(
          fmt::format("a constant of shape {} varies along axis {} of {}, only one value per channel (axis {}) "
                      "is supported",
                      to_string(array.shape), i + missing, to_string(shape), axis));
    }
  }
  std::vector<double> values = to_doubles(array);
  if (values.size() == 1) values.resize(static_cast<std::size_t>(shape[axis]), values[0]);
  return values;
}

std::optional<double> scalar(const Array* array) {
  if (!array || array->count() != 1) return std::nullopt;
  return to_doubles(*array)[0];
}

Array dequantise(const QuantisedConstant& constant) {
  const auto scale = to_doubles(constant.scale), zero = to_doubles(constant.zero_point);
  const auto is = broadcast_indices(constant.scale.shape, constant.shape);
  const auto iz = broadcast_indices(constant.zero_point.shape, constant.shape);
  std::vector<double> out;
  for (std::size_t i = 0; i < constant.q.size(); ++i) {
    out.push_back((static_cast<double>(constant.q[i]) - zero[size_t(iz[i])]) * scale[size_t(is[i])]);
  }
  return {constant.shape, std::move(out)};
}

}  // namespace ares::qonnx
