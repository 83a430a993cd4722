#include "core/ir/float_function.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ares {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double hard_sigmoid(double x, double a, double b) { return std::clamp(a * x + b, 0.0, 1.0); }

double gelu(double x, double, double) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }

double gelu_tanh(double x, double, double) {
  const double root = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;  // sqrt(2 / pi): ONNX Gelu, approximate = tanh
  return 0.5 * x * (1 + std::tanh(root * (x + 0.044715 * x * x * x)));
}

double elu(double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }

double sign(double x, double, double) { return x > 0 ? 1 : x < 0 ? -1 : x; }

// Names, formulas and default parameters: the ONNX operator reference.
constexpr UnaryFunction kUnary[] = {
    {"Abs", [](double x, double, double) { return std::abs(x); }},
    {"Ceil", [](double x, double, double) { return std::ceil(x); }},
    {"Celu",
     [](double x, double a, double) { return std::max(x, 0.0) + std::min(0.0, a * std::expm1(x / a)); },
     {{{"alpha", 1}}}},
    {"Cos", [](double x, double, double) { return std::cos(x); }},
    {"Elu", elu, {{{"alpha", 1}}}},
    {"Erf", [](double x, double, double) { return std::erf(x); }},
    {"Exp", [](double x, double, double) { return std::exp(x); }},
    {"Floor", [](double x, double, double) { return std::floor(x); }},
    {"Gelu", gelu},
    {"GeluTanh", gelu_tanh},
    {"HardSigmoid", hard_sigmoid, {{{"alpha", 0.2}, {"beta", 0.5}}}},
    {"HardSwish", [](double x, double, double) { return x * hard_sigmoid(x, 1.0 / 6, 0.5); }},
    {"LeakyRelu", [](double x, double a, double) { return x < 0 ? a * x : x; }, {{{"alpha", 0.01}}}},
    {"Log", [](double x, double, double) { return std::log(x); }},
    {"Mish", [](double x, double, double) { return x * std::tanh(softplus(x)); }},
    {"Neg", [](double x, double, double) { return -x; }},
    {"Reciprocal", [](double x, double, double) { return 1 / x; }},
    {"Relu", [](double x, double, double) { return std::max(x, 0.0); }},
    {"Round", [](double x, double, double) { return std::nearbyint(x); }},
    {"Selu",
     [](double x, double a, double g) { return g * elu(x, a, 0); },
     {{{"alpha", 1.67326319217681884765625}, {"gamma", 1.05070102214813232421875}}}},
    {"Sigmoid", [](double x, double, double) { return sigmoid(x); }},
    {"Sign", sign},
    {"Sin", [](double x, double, double) { return std::sin(x); }},
    {"Softplus", [](double x, double, double) { return softplus(x); }},
    {"Softsign", [](double x, double, double) { return x / (1 + std::abs(x)); }},
    {"Sqrt", [](double x, double, double) { return std::sqrt(x); }},
    {"Swish", [](double x, double a, double) { return x * sigmoid(a * x); }, {{{"alpha", 1}}}},
    {"Tanh", [](double x, double, double) { return std::tanh(x); }},
    {"ThresholdedRelu", [](double x, double a, double) { return x > a ? x : 0; }, {{{"alpha", 1}}}},
};

constexpr BinaryFunction kBinary[] = {
    {"Add", [](double x, double y) { return x + y; }},
    {"Div", [](double x, double y) { return x / y; }},
    {"Max", [](double x, double y) { return std::max(x, y); }},
    {"Min", [](double x, double y) { return std::min(x, y); }},
    {"Mul", [](double x, double y) { return x * y; }},
    {"Pow", [](double x, double y) { return std::pow(x, y); }},
    {"PRelu", [](double x, double y) { return x < 0 ? x * y : x; }},
    {"Sub", [](double x, double y) { return x - y; }},
};

template <class Rows>
auto find(const Rows& rows, std::string_view name) {
  const auto it = std::find_if(std::begin(rows), std::end(rows), [&](const auto& row) { return row.name == name; });
  return it == std::end(rows) ? nullptr : &*it;
}

}  // namespace

std::span<const UnaryFunction> unary_functions() { return kUnary; }
std::span<const BinaryFunction> binary_functions() { return kBinary; }
const UnaryFunction* find_unary(std::string_view name) { return find(kUnary, name); }
const BinaryFunction* find_binary(std::string_view name) { return find(kBinary, name); }

}  // namespace ares
