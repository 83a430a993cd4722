#include "core/import/operators/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/import/host_graph.hpp"
#include "core/import/operators/inner.hpp"
#include "core/import/operators/wide.hpp"
#include "core/ir/float_function.hpp"

namespace ares::qonnx {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// x op c = x * gain + shift, or c op x where `constant_first`; nothing where op is not linear.
struct Affine {
  double gain = 1, shift = 0;
};

std::optional<Affine> affine(std::string_view op, double c, bool constant_first) {
  if (op == "Add") return Affine{1, c};
  if (op == "Sub") return constant_first ? Affine{-1, c} : Affine{1, -c};
  if (op == "Mul") return Affine{c, 0};
  if (op == "Div" && !constant_first && c != 0) return Affine{1 / c, 0};
  if (op == "Pow" && !constant_first && c == 1) return Affine{1, 0};
  return std::nullopt;
}

/// A unary function with the parameters of its node.
struct Function {
  const UnaryFunction* row;
  double a, b;
  double operator()(double x) const { return row->f(x, a, b); }
};

std::optional<Function> function_of(const Node& node) {
  const bool tanh = node.op == "Gelu" && string_attribute(node, "approximate", "none") == "tanh";
  const UnaryFunction* row = find_unary(tanh ? "GeluTanh" : node.op);
  if (!row) return std::nullopt;
  const auto parameter = [&](const FunctionParameter& p) {
    return p.attribute.empty() ? p.fallback : float_attribute(node, std::string(p.attribute), p.fallback);
  };
  return Function{row, parameter(row->parameters[0]), parameter(row->parameters[1])};
}

Clip* clip_of(Value& value) {
  if (auto* acc = std::get_if<Accumulator>(&value.kind)) return &acc->clip;
  if (auto* average = std::get_if<Average>(&value.kind)) return &average->clip;
  if (auto* pair = std::get_if<Pair>(&value.kind)) return &pair->clip;
  return nullptr;
}

/// gain * x + shift of an accumulator, the same in every channel.
Result<Value> scaled(const NodeView& node, Value value, double gain, double shift) {
  auto& acc = std::get<Accumulator>(value.kind);
  const std::size_t channels = acc.layer.weight_scale.size();
  const std::vector<double> gains(channels, gain), shifts(channels, shift);
  if (auto ok = apply_affine(node, gains, shifts, acc); !ok) return tl::unexpected(ok.error());
  return value;
}

bool is_function(const Value& v) {
  return std::holds_alternative<Stored>(v.kind) || std::holds_alternative<Unary>(v.kind);
}

template <class F>
Value composed(Wide wide, const ModelView& view, const F& f) {
  wide.f = [f, inner = std::move(wide.f)](double x) { return f(inner(x)); };
  return Value{std::move(wide), view};
}

/// A function of a stored tensor; of anything else only the host can compute it.
template <class F>
Result<Value> table_of(const Lowering& lowering, const NodeView& node, const Value& value, const F& f) {
  if (!is_function(value)) return host_value(lowering, node);
  auto unary = function_of_stored(lowering, node, value);
  if (!unary) return tl::unexpected(unary.error());
  for (double& v : unary->values) v = f(v);
  return Value{std::move(*unary), value.view};
}

Result<Value> lower_unary(Lowering& lowering, const NodeView& node, const Function& f) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  const std::string& op = node.node.op;
  if (clip_of(value) && op == "Relu") return lower_clip(lowering, node, 0, kInfinity);
  if (std::holds_alternative<Accumulator>(value.kind)) {
    if (op == "Neg" && !reads_wide(lowering, node, 0, value)) return scaled(node, std::move(value), -1, 0);
    if (op == "HardSigmoid" && !reads_wide(lowering, node, 0, value)) {
      auto line = scaled(node, std::move(value), f.a, f.b);
      if (line) apply_clip(0, 1, *clip_of(*line));
      return line;
    }
  }
  if (std::holds_alternative<Accumulator>(value.kind) || std::holds_alternative<Wide>(value.kind))
    return composed(as_wide(node, 0, value), value.view, f);
  return table_of(lowering, node, value, f);
}

bool is_constant(const Lowering& lowering, const NodeView& node, std::size_t i) {
  return lowering.array(node, i) || lowering.quantised(node, i);
}

Array real_constant(const Lowering& lowering, const NodeView& node, std::size_t i) {
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  return quantised ? dequantise(*quantised) : *lowering.array(node, i);
}

Result<Value> lower_accumulator(Lowering& lowering, const NodeView& node, Value value, std::size_t constant) {
  auto& acc = std::get<Accumulator>(value.kind);
  if (auto ok = has_channel_axis(node, acc); !ok) return tl::unexpected(ok.error());
  const auto values = per_channel(real_constant(lowering, node, constant), value.view.shape, acc.channel_axis);
  if (!values) return node.error(values.error().what);
  const bool first_bias = acc.layer.bias.empty();
  std::vector<double> gain, shift;
  bool only_shifts = true;
  for (const double c : *values) {
    const auto a = affine(node.node.op, c, constant == 0);
    if (!a) return host_value(lowering, node);
    gain.push_back(a->gain);
    shift.push_back(a->shift);
    only_shifts = only_shifts && a->gain == 1;
  }
  if (auto ok = apply_affine(node, gain, shift, acc); !ok) return tl::unexpected(ok.error());
  if (lowering.quantised(node, constant) && first_bias && only_shifts) acc.layer.bias_quantised = true;
  return value;
}

/// One constant per channel on a stored tensor: a depthwise 1x1 convolution whose weights are all 1.
Result<Value> scale_channels(Lowering& lowering, const NodeView& node, const Value& value, std::size_t constant) {
  if (!affine(node.node.op, 1, constant == 0)) {
    return node.error(
        "its constant differs from channel to channel, which only Add, Sub, Mul and Div may; use one value");
  }
  auto acc = as_accumulator(lowering, node, value);
  if (!acc) return acc;
  return lower_accumulator(lowering, node, std::move(*acc), constant);
}

/// A product of activations times a number; of anything else only the host can compute it.
Result<Value> scaled_product(const Lowering& lowering, const NodeView& node, Pending pending, const ModelView& view,
                             std::optional<double> c, std::size_t constant) {
  auto* product = std::get_if<MatMul>(&pending.op);
  const auto a = c ? affine(node.node.op, *c, constant == 0) : std::nullopt;
  if (!product || !a || a->shift != 0 || a->gain == 0) return host_value(lowering, node);
  product->factor *= a->gain;
  return Value{std::move(pending), view};
}

Result<Value> lower_with_constant(Lowering& lowering, const NodeView& node, const Value& value, std::size_t constant) {
  const std::string& op = node.node.op;
  const Array array = real_constant(lowering, node, constant);
  const auto c = scalar(&array);
  if (c && op == "Min") return lower_clip(lowering, node, -kInfinity, *c);
  if (c && op == "Max") return lower_clip(lowering, node, *c, kInfinity);
  const std::size_t argument = 1 - constant;
  if (auto* pending = std::get_if<Pending>(&value.kind))
    return scaled_product(lowering, node, *pending, value.view, c, constant);
  const bool tokens = std::holds_alternative<TokenSum>(value.kind);
  if (tokens || fills_axes(array.shape)) {
    if (auto sum = token_sum(lowering, node)) return std::move(*sum);
  }
  if (fills_axes(array.shape)) return combine_with_constant(lowering, node, constant);
  const bool sum = std::holds_alternative<Accumulator>(value.kind);
  if (c && (reads_wide(lowering, node, argument, value) || (sum && !affine(op, *c, constant == 0)))) {
    const auto f = find_binary(op)->f;
    const auto with_constant = [f, c = *c, constant](double x) { return constant == 0 ? f(c, x) : f(x, c); };
    return composed(as_wide(node, argument, value), value.view, with_constant);
  }
  if (sum) return lower_accumulator(lowering, node, value, constant);
  if (std::holds_alternative<Average>(value.kind) && affine(op, 1, constant == 0)) {
    return scale_channels(lowering, node, value, constant);
  }
  if (!c) return scale_channels(lowering, node, value, constant);
  const auto f = find_binary(op)->f;
  return table_of(lowering, node, value, [&](double x) { return constant == 0 ? f(*c, x) : f(x, *c); });
}

/// Two functions of the same stored tensor.
Value function_of_both(const NodeView& node, const Unary& a, const Unary& b, const ModelView& view) {
  Unary both{a.tensor, {}, node.node.name};
  const auto f = find_binary(node.node.op)->f;
  std::transform(a.values.begin(), a.values.end(), b.values.begin(), both.values.begin(), f);
  return Value{both, view};
}

/// Two functions of the same sum.
Result<Value> wide_of_both(Lowering& lowering, const NodeView& node, const Value& a, const Value& b) {
  const Wide first = as_wide(node, 0, a), second = as_wide(node, 1, b);
  if (first.base != second.base) return combine_tensors(lowering, node, a, b);
  Wide both = first;
  both.f = [f = find_binary(node.node.op)->f, g = first.f, h = second.f](double x) { return f(g(x), h(x)); };
  return Value{std::move(both), a.view};
}

Result<Value> lower_pair(Lowering& lowering, const NodeView& node, const Value& a, const Value& b) {
  const bool aligned = a.view.shape == b.view.shape && a.view.order == b.view.order;
  const auto sum = [](const Value& v) {
    return std::holds_alternative<Wide>(v.kind) || std::holds_alternative<Accumulator>(v.kind);
  };
  if (aligned && sum(a) && sum(b)) return wide_of_both(lowering, node, a, b);
  if (!aligned || !is_function(a) || !is_function(b)) return combine_tensors(lowering, node, a, b);
  const auto fa = function_of_stored(lowering, node, a), fb = function_of_stored(lowering, node, b);
  if (!fa || !fb || fa->tensor != fb->tensor) return combine_tensors(lowering, node, a, b);
  return function_of_both(node, *fa, *fb, a.view);
}

/// Min and Max take any number of tensors, functions of one tensor one, all others two.
Result<void> check_inputs(const NodeView& node) {
  const std::size_t given = node.node.inputs.size();
  const bool any = node.node.op == "Min" || node.node.op == "Max";
  const std::size_t wanted = find_binary(node.node.op) ? 2 : 1;
  if (any ? given < 1 : given != wanted) return node.error(fmt::format("has {} inputs instead of {}", given, wanted));
  for (std::size_t i = 0; i < given; ++i) {
    if (!node.has_input(i)) return node.error(fmt::format("input {} is missing", i));
  }
  return {};
}

/// Nothing where the result does not exist (division by zero, overflow) or is no integer.
std::optional<int64_t> integer_result(std::string_view op, int64_t a, int64_t b) {
  int64_t out = 0;
  bool lost = false;
  if (op == "Add") lost = __builtin_add_overflow(a, b, &out);
  if (op == "Sub") lost = __builtin_sub_overflow(a, b, &out);
  if (op == "Mul") lost = __builtin_mul_overflow(a, b, &out);
  if (op == "Min" || op == "Max") out = op == "Min" ? std::min(a, b) : std::max(a, b);
  if (op == "Div") {
    lost = b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min());
    out = lost ? 0 : a / b;
  }
  if (op == "Pow" || op == "PRelu") {
    const double real = find_binary(op)->f(static_cast<double>(a), static_cast<double>(b));
    lost = !(std::abs(real) < 0x1p53);
    out = lost ? 0 : static_cast<int64_t>(real);
  }
  return lost ? std::nullopt : std::optional(out);
}

ArraysResult fold_pair(const NodeView& node, const Array& a, const Array& b) {
  auto shape = broadcast(a.shape, b.shape);
  if (!shape) return node.error(shape.error().what);
  const auto count = folded_count(*shape, std::max(a.count(), b.count()));
  if (!count) return node.error(count.error().what);
  const auto ia = broadcast_indices(a.shape, *shape), ib = broadcast_indices(b.shape, *shape);
  if (a.is_integer() && b.is_integer()) {
    const auto &va = std::get<2>(a.values), &vb = std::get<2>(b.values);
    std::vector<int64_t> out;
    for (std::size_t i = 0; i < ia.size(); ++i) {
      const auto v = integer_result(node.node.op, va[size_t(ia[i])], vb[size_t(ib[i])]);
      if (!v) return node.error("integer overflow or division by zero in a constant");
      out.push_back(*v);
    }
    return std::vector<Array>{{*shape, std::move(out)}};
  }
  const auto va = to_doubles(a), vb = to_doubles(b);
  const auto f = find_binary(node.node.op)->f;
  std::vector<double> out;
  for (std::size_t i = 0; i < ia.size(); ++i) out.push_back(f(va[size_t(ia[i])], vb[size_t(ib[i])]));
  if (a.values.index() == 0 && b.values.index() == 0) {
    return std::vector<Array>{{*shape, std::vector<float>(out.begin(), out.end())}};
  }
  return std::vector<Array>{{*shape, std::move(out)}};
}

ArraysResult fold_unary(const NodeView& node, const Function& f) {
  const Array& in = *node.constant(0);
  std::vector<double> out = to_doubles(in);
  std::transform(out.begin(), out.end(), out.begin(), f);
  if (in.values.index() == 0) return std::vector<Array>{{in.shape, std::vector<float>(out.begin(), out.end())}};
  Array real{in.shape, std::move(out)};
  if (!in.is_integer()) return std::vector<Array>{std::move(real)};
  auto integers = to_integers(real);
  if (!integers) return node.error(integers.error().what);
  return std::vector<Array>{make_integers(in.shape, std::move(*integers))};
}

std::string_view supported_unary(std::string_view name) {
  if (name == "Relu") return "anywhere: the clip range of the Quant behind it, or part of a table";
  if (name == "Neg" || name == "HardSigmoid") return "of a weighted layer's sums, or of a quantised tensor: a table";
  return "of a quantised tensor: a table, exact for all 256 inputs; of a weighted layer's sums: a curve over 16 bits";
}

std::string_view supported_binary(std::string_view name) {
  if (name == "Add" || name == "Sub" || name == "Mul")
    return "of two quantised tensors, the second as large or one value per channel; by a constant, one or one per "
           "channel";
  if (name == "Div") return "by a constant, one or one per channel";
  if (name == "Min" || name == "Max") return "with one constant: a clip range, or part of a table";
  return "with one constant, of a quantised tensor: a table";
}

}  // namespace

ArraysResult fold_elementwise(const NodeView& node) {
  if (const auto f = function_of(node.node)) return fold_unary(node, *f);
  if (auto ok = check_inputs(node); !ok) return tl::unexpected(ok.error());
  ArraysResult result = std::vector<Array>{*node.constant(0)};
  for (std::size_t i = 1; result && i < node.node.inputs.size(); ++i) {
    result = fold_pair(node, result->front(), *node.constant(i));
  }
  return result;
}

ShapesResult shapes_elementwise(const NodeView& node) {
  if (auto ok = check_inputs(node); !ok) return tl::unexpected(ok.error());
  auto shape = node.shape(0);
  for (std::size_t i = 1; shape && i < node.node.inputs.size(); ++i) {
    const auto other = node.shape(i);
    if (!other) return tl::unexpected(other.error());
    shape = broadcast(*shape, *other);
    if (!shape) return node.error(shape.error().what);
  }
  if (!shape) return tl::unexpected(shape.error());
  return std::vector<Shape>{std::move(*shape)};
}

Result<Value> lower_clip(Lowering& lowering, const NodeView& node, double lo, double hi) {
  const auto input = lowering.input(node, is_constant(lowering, node, 0) ? 1 : 0);
  if (!input) return tl::unexpected(input.error());
  if (std::isnan(lo) || std::isnan(hi)) return node.error("its bounds are no numbers");
  Value value = **input;
  if (Clip* clip = clip_of(value)) {
    apply_clip(lo, hi, *clip);
    return value;
  }
  const auto bounded = [lo, hi](double x) { return std::min(std::max(x, lo), hi); };
  if (const auto* wide = std::get_if<Wide>(&value.kind)) return composed(*wide, value.view, bounded);
  return table_of(lowering, node, value, bounded);
}

Result<Value> lower_elementwise(Lowering& lowering, const NodeView& node) {
  if (const auto f = function_of(node.node)) return lower_unary(lowering, node, *f);
  const auto a = lowering.input(node, 0);
  if (node.node.inputs.size() == 1) return pass_through(lowering, node);  // Min and Max of one
  const auto b = lowering.input(node, 1);
  if (!a || !b) return tl::unexpected(!a ? a.error() : b.error());
  if (node.node.inputs.size() > 2) return node.error("takes more than two tensors; write it as a chain of pairs");
  if (is_constant(lowering, node, 1)) return lower_with_constant(lowering, node, **a, 1);
  if (is_constant(lowering, node, 0)) return lower_with_constant(lowering, node, **b, 0);
  return lower_pair(lowering, node, **a, **b);
}

std::span<const Operator> elementwise_operators() {
  static const std::vector<Operator> operators = [] {
    std::vector<Operator> all;
    const auto add = [&](std::string_view name, std::string_view supports) {
      all.push_back({.name = name,
                     .shapes = shapes_elementwise,
                     .fold = fold_elementwise,
                     .lower = lower_elementwise,
                     .host = OnHost::yes,
                     .supports = supports});
    };
    for (const UnaryFunction& f : unary_functions()) {
      if (f.name != "GeluTanh") add(f.name, supported_unary(f.name));  // a Gelu with an attribute
    }
    for (const BinaryFunction& f : binary_functions()) add(f.name, supported_binary(f.name));
    return all;
  }();
  return operators;
}

}  // namespace ares::qonnx
