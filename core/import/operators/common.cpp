#include "core/import/operators/common.hpp"

#include <fmt/format.h>

#include <algorithm>

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

ShapesResult broadcast_shapes(const NodeView& node) {
  auto a = node.shape(0), b = node.shape(1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  auto shape = broadcast(*a, *b);
  if (!shape) return node.error(shape.error().what);
  return std::vector<Shape>{std::move(*shape)};
}

ArraysResult fold_binary(const NodeView& node, double (*real)(double, double),
                         std::optional<int64_t> (*integer)(int64_t, int64_t)) {
  const Array &a = *node.constant(0), &b = *node.constant(1);
  auto shape = broadcast(a.shape, b.shape);
  if (!shape) return node.error(shape.error().what);
  const auto ia = broadcast_indices(a.shape, *shape), ib = broadcast_indices(b.shape, *shape);
  if (a.is_integer() && b.is_integer()) {
    const auto &va = std::get<2>(a.values), &vb = std::get<2>(b.values);
    std::vector<int64_t> out;
    for (std::size_t i = 0; i < ia.size(); ++i) {
      const auto v = integer(va[size_t(ia[i])], vb[size_t(ib[i])]);
      if (!v) return node.error("integer overflow or division by zero in a constant");
      out.push_back(*v);
    }
    return std::vector<Array>{{*shape, std::move(out)}};
  }
  const auto va = to_doubles(a), vb = to_doubles(b);
  std::vector<double> out;
  for (std::size_t i = 0; i < ia.size(); ++i) out.push_back(real(va[size_t(ia[i])], vb[size_t(ib[i])]));
  if (a.values.index() == 0 && b.values.index() == 0) {
    return std::vector<Array>{{*shape, std::vector<float>(out.begin(), out.end())}};
  }
  return std::vector<Array>{{*shape, std::move(out)}};
}

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

Result<Value> apply_unary(Lowering& lowering, const NodeView& node, const Value& value,
                          std::function<double(double)> f) {
  if (const auto* stored = std::get_if<Stored>(&value.kind)) {
    if (lowering.tensor(stored->tensor).type != ElementType::u8)
      return node.error("its input is not a stored 8-bit tensor");
    return Value{Unary{stored->tensor, std::move(f), node.node.name}, value.view};
  }
  if (const auto* unary = std::get_if<Unary>(&value.kind)) {
    auto composed = [first = unary->function, second = std::move(f)](double x) { return second(first(x)); };
    return Value{Unary{unary->tensor, std::move(composed), unary->node}, value.view};
  }
  if (std::holds_alternative<HostFloat>(value.kind)) {
    return node.error(
        fmt::format("it computes on the float input before any Quant; quantise the model's input first "
                    "(input '{}')",
                    node.node.inputs[0]));
  }
  return node.error(fmt::format("its input '{}' is not quantised; put a Quant before it", node.node.inputs[0]));
}

Result<std::vector<double>> per_channel(const Array& array, const Shape& shape, std::size_t axis) {
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
