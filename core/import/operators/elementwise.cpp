#include "core/import/operators/elementwise.hpp"

#include <fmt/format.h>

namespace ares::qonnx {
namespace {

bool is_constant(const Lowering& lowering, const NodeView& node, std::size_t i) {
  return lowering.array(node, i) || lowering.quantised(node, i);
}

/// The stored tensor that a value is a function of, and that function.
struct Source {
  TensorId tensor = -1;
  std::function<double(double)> function;
};

std::optional<Source> source_of(const Value& value) {
  if (const auto* s = std::get_if<Stored>(&value.kind)) return Source{s->tensor, [](double x) { return x; }};
  if (const auto* u = std::get_if<Unary>(&value.kind)) return Source{u->tensor, u->function};
  return std::nullopt;
}

Result<Value> lower_accumulator(Lowering& lowering, const NodeView& node, Value value, std::size_t constant,
                                std::optional<Affine> (*affine)(double, bool)) {
  auto& acc = std::get<Accumulator>(value.kind);
  const QuantisedConstant* quantised = lowering.quantised(node, constant);
  const auto values = per_channel(quantised ? dequantise(*quantised) : *lowering.array(node, constant),
                                  value.view.shape, acc.channel_axis);
  if (!values) return node.error(values.error().what);
  const bool first_bias = acc.layer.bias.empty();
  std::vector<double> gain, shift;
  bool only_shifts = true;
  for (const double c : *values) {
    const auto a = affine(c, constant == 0);
    if (!a) return node.error("only a linear function of an unquantised tensor is supported; put a Quant before it");
    gain.push_back(a->gain);
    shift.push_back(a->shift);
    only_shifts = only_shifts && a->gain == 1;
  }
  if (auto ok = apply_affine(node, gain, shift, acc); !ok) return tl::unexpected(ok.error());
  if (quantised && first_bias && only_shifts) acc.layer.bias_quantised = true;
  return value;
}

Result<Value> lower_with_constant(Lowering& lowering, const NodeView& node, const Value& value, std::size_t constant,
                                  double (*f)(double, double), std::optional<Affine> (*affine)(double, bool)) {
  if (std::holds_alternative<Accumulator>(value.kind)) {
    return lower_accumulator(lowering, node, value, constant, affine);
  }
  const QuantisedConstant* quantised = lowering.quantised(node, constant);
  const Array array = quantised ? dequantise(*quantised) : *lowering.array(node, constant);
  const auto c = scalar(&array);
  if (!c) return node.error("a constant per channel on a stored tensor is not supported");
  if (constant == 0) return apply_unary(lowering, node, value, [f, c = *c](double x) { return f(c, x); });
  return apply_unary(lowering, node, value, [f, c = *c](double x) { return f(x, c); });
}

}  // namespace

Result<Value> lower_elementwise(Lowering& lowering, const NodeView& node, double (*f)(double, double),
                                std::optional<Affine> (*affine)(double c, bool constant_first)) {
  const auto a = lowering.input(node, 0), b = lowering.input(node, 1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  if (is_constant(lowering, node, 1)) return lower_with_constant(lowering, node, **a, 1, f, affine);
  if (is_constant(lowering, node, 0)) return lower_with_constant(lowering, node, **b, 0, f, affine);
  const auto sa = source_of(**a), sb = source_of(**b);
  const bool aligned = (*a)->view.shape == (*b)->view.shape && (*a)->view.order == (*b)->view.order;
  if (!sa || !sb || sa->tensor != sb->tensor || !aligned) {
    return node.error(fmt::format("combining two tensors ('{}' and '{}') is not supported", node.node.inputs[0],
                                  node.node.inputs[1]));
  }
  auto combined = [f, first = sa->function, second = sb->function](double x) { return f(first(x), second(x)); };
  return Value{Unary{sa->tensor, std::move(combined), node.node.name}, (*a)->view};
}

}  // namespace ares::qonnx
