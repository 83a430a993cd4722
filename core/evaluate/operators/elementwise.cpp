// Functions of one element, and of two with NumPy's broadcast.
#include <algorithm>
#include <cmath>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

template <class F>
Result<RealTensors> map(const Arguments& a, F f) {
  RealTensor out{a[0].shape, a[0].values, a[0].is_integer, false};
  for (double& v : out.values) v = f(v);
  return RealTensors{std::move(out)};
}

/// A unary operator without attributes.
template <double (*kFunction)(double)>
Result<RealTensors> unary(const Arguments& a) {
  return map(a, kFunction);
}

template <double (*kFunction)(double, double)>
Result<RealTensors> binary(const Arguments& a) {
  const RealTensor &x = a[0], &y = a[1];
  const auto shape = broadcast(x.shape, y.shape);
  if (!shape) return fail(shape.error().what);
  RealTensor out = zeros(*shape);
  out.is_integer = x.is_integer && y.is_integer;
  if (x.shape == y.shape) {
    for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = kFunction(x.values[i], y.values[i]);
  } else {
    const auto ix = broadcast_indices(x.shape, *shape), iy = broadcast_indices(y.shape, *shape);
    for (std::size_t i = 0; i < out.values.size(); ++i) {
      out.values[i] = kFunction(x.values[static_cast<std::size_t>(ix[i])], y.values[static_cast<std::size_t>(iy[i])]);
    }
  }
  if (a.node.op == "Div" && out.is_integer)
    std::transform(out.values.begin(), out.values.end(), out.values.begin(), [](double v) { return std::trunc(v); });
  return RealTensors{std::move(out)};
}

double relu(double x) { return std::max(x, 0.0); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hard_swish(double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double softplus(double x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0); }
double softsign(double x) { return x / (1 + std::abs(x)); }
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double reciprocal(double x) { return 1 / x; }
double negative(double x) { return -x; }
double logical_not(double x) { return x == 0; }
double mish(double x) { return x * std::tanh(softplus(x)); }
double absolute(double x) { return std::abs(x); }
double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double error_function(double x) { return std::erf(x); }
double hyperbolic_tangent(double x) { return std::tanh(x); }
double floor_of(double x) { return std::floor(x); }
double ceil_of(double x) { return std::ceil(x); }
double round_of(double x) { return std::nearbyint(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }

double add(double x, double y) { return x + y; }
double sub(double x, double y) { return x - y; }
double mul(double x, double y) { return x * y; }
double div(double x, double y) { return x / y; }
double power(double x, double y) { return std::pow(x, y); }
double largest(double x, double y) { return std::max(x, y); }
double smallest(double x, double y) { return std::min(x, y); }
double equal(double x, double y) { return x == y; }
double less(double x, double y) { return x < y; }
double greater(double x, double y) { return x > y; }
double prelu(double x, double slope) { return x < 0 ? slope * x : x; }

Result<RealTensors> leaky_relu(const Arguments& a) {
  const double alpha = float_attribute(a.node, "alpha", 0.01);
  return map(a, [=](double x) { return x < 0 ? alpha * x : x; });
}

Result<RealTensors> elu(const Arguments& a) {
  const double alpha = float_attribute(a.node, "alpha", 1);
  return map(a, [=](double x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

Result<RealTensors> selu(const Arguments& a) {
  // Defaults of the ONNX operator.
  const double alpha = float_attribute(a.node, "alpha", 1.67326319217681884765625);
  const double gamma = float_attribute(a.node, "gamma", 1.05070102214813232421875);
  return map(a, [=](double x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

Result<RealTensors> hard_sigmoid(const Arguments& a) {
  const double alpha = float_attribute(a.node, "alpha", 0.2), beta = float_attribute(a.node, "beta", 0.5);
  return map(a, [=](double x) { return std::clamp(alpha * x + beta, 0.0, 1.0); });
}

Result<RealTensors> gelu(const Arguments& a) {
  if (string_attribute(a.node, "approximate", "none") != "tanh") {
    return map(a, [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); });
  }
  return map(a, [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); });
}

/// Bounds are inputs from opset 11, attributes before.
Result<RealTensors> clip(const Arguments& a) {
  const auto bound = [&](std::size_t i, const char* name, double fallback) {
    if (a.has(i) && !a[i].values.empty()) return a[i].values[0];
    return float_attribute(a.node, name, fallback);
  };
  const double low = bound(1, "min", -HUGE_VAL), high = bound(2, "max", HUGE_VAL);
  return map(a, [=](double x) { return std::min(std::max(x, low), high); });
}

Result<RealTensors> cast(const Arguments& a) {
  // TensorProto.DataType: 1 FLOAT, 10 FLOAT16, 11 DOUBLE, 16 BFLOAT16; the others are integers and bool (9).
  const int64_t to = int_attribute(a.node, "to", 1);
  RealTensor out = a[0];
  out.is_integer = to != 1 && to != 10 && to != 11 && to != 16;
  for (double& v : out.values) v = to == 9 ? v != 0 : out.is_integer ? std::trunc(v) : v;
  return RealTensors{std::move(out)};
}

Result<RealTensors> identity(const Arguments& a) { return RealTensors{a[0]}; }

Result<RealTensors> where(const Arguments& a) {
  const auto first = broadcast(a[1].shape, a[2].shape);
  const auto shape = first ? broadcast(*first, a[0].shape) : first;
  if (!shape) return fail(shape.error().what);
  const auto ic = broadcast_indices(a[0].shape, *shape), ix = broadcast_indices(a[1].shape, *shape),
             iy = broadcast_indices(a[2].shape, *shape);
  RealTensor out = zeros(*shape);
  out.is_integer = a[1].is_integer;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const bool yes = a[0].values[static_cast<std::size_t>(ic[i])] != 0;
    out.values[i] = yes ? a[1].values[static_cast<std::size_t>(ix[i])] : a[2].values[static_cast<std::size_t>(iy[i])];
  }
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {
    {"Abs", 1, unary<absolute>},
    {"Add", 2, binary<add>},
    {"Cast", 1, cast},
    {"Ceil", 1, unary<ceil_of>},
    {"Clip", 1, clip},
    {"Cos", 1, unary<cosine>},
    {"Div", 2, binary<div>},
    {"Dropout", 1, identity},
    {"Elu", 1, elu},
    {"Equal", 2, binary<equal>},
    {"Erf", 1, unary<error_function>},
    {"Exp", 1, unary<exponential>},
    {"Floor", 1, unary<floor_of>},
    {"Gelu", 1, gelu},
    {"Greater", 2, binary<greater>},
    {"HardSigmoid", 1, hard_sigmoid},
    {"HardSwish", 1, unary<hard_swish>},
    {"Identity", 1, identity},
    {"LeakyRelu", 1, leaky_relu},
    {"Less", 2, binary<less>},
    {"Log", 1, unary<logarithm>},
    {"Max", 2, binary<largest>},
    {"Min", 2, binary<smallest>},
    {"Mish", 1, unary<mish>},
    {"Mul", 2, binary<mul>},
    {"Neg", 1, unary<negative>},
    {"Not", 1, unary<logical_not>},
    {"PRelu", 2, binary<prelu>},
    {"Pow", 2, binary<power>},
    {"Reciprocal", 1, unary<reciprocal>},
    {"Relu", 1, unary<relu>},
    {"Round", 1, unary<round_of>},
    {"Selu", 1, selu},
    {"Sigmoid", 1, unary<sigmoid>},
    {"Sign", 1, unary<sign>},
    {"Sin", 1, unary<sine>},
    {"Softplus", 1, unary<softplus>},
    {"Softsign", 1, unary<softsign>},
    {"Sqrt", 1, unary<square_root>},
    {"Sub", 2, binary<sub>},
    {"Tanh", 1, unary<hyperbolic_tangent>},
    {"Where", 3, where},
};

}  // namespace

std::span<const Evaluator> elementwise_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
