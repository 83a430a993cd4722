// Functions of activations.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/builder/model_builder.hpp"

namespace ares::builder {
namespace {

/// Name of the i-th constant that a module computes with, as PyTorch numbers them.
std::string constant_name(std::string path, int i) {
  std::replace(path.begin(), path.end(), '.', '/');
  const std::string place = path.empty() ? "" : fmt::format("/{}", path);
  return i ? fmt::format("{}/Constant_{}_output_0", place, i) : fmt::format("{}/Constant_output_0", place);
}

}  // namespace

Value ModelBuilder::add(const std::string& path, const Value& a, const Value& b) {
  return only(node("Add", path, {a.name, b.name}));
}

Value ModelBuilder::mul(const std::string& path, const Value& a, const Value& b) {
  return only(node("Mul", path, {a.name, b.name}));
}

Value ModelBuilder::matmul(const std::string& path, const Value& a, const Value& b) {
  return only(node("MatMul", path, {a.name, b.name}));
}

Value ModelBuilder::function(const std::string& op, const std::string& path, const Value& x,
                             std::map<std::string, Attribute> attributes) {
  return only(node(op, path, {x.name}, std::move(attributes)));
}

Value ModelBuilder::leaky_relu(const std::string& path, const Value& x, double slope) {
  return function("LeakyRelu", path, x, {{"alpha", slope}});
}

Value ModelBuilder::clip(const std::string& path, const Value& x, double low, double high) {
  return only(node("Clip", path, {x.name, scalar(constant_name(path, 0), low), scalar(constant_name(path, 1), high)}));
}

Value ModelBuilder::silu(const std::string& path, const Value& x) { return mul(path, x, function("Sigmoid", path, x)); }

Value ModelBuilder::gelu(const std::string& path, const Value& x) {
  const Value scaled = only(node("Div", path, {x.name, scalar(constant_name(path, 0), std::sqrt(2.0))}));
  const Value erf = function("Erf", path, scaled);
  const Value shifted = only(node("Add", path, {erf.name, scalar(constant_name(path, 1), 1)}));
  const Value product = mul(path, x, shifted);
  return only(node("Mul", path, {product.name, scalar(constant_name(path, 2), 0.5)}));
}

Value ModelBuilder::softmax(const std::string& path, const Value& x, int64_t axis) {
  return function("Softmax", path, x, {{"axis", axis}});
}

}  // namespace ares::builder
