// Element-wise functions of real values by their ONNX names: what tables are built from and what the host computes
// before the first and after the last integer tensor.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace ares {

/// Parameter of a function: the ONNX attribute that holds it and the value where a node lacks it.
struct FunctionParameter {
  std::string_view attribute;
  double fallback = 0;
};

/// y = f(x, a, b) with its parameters, as ONNX defines the operator of that name.
struct UnaryFunction {
  std::string_view name;
  double (*f)(double x, double a, double b) = nullptr;
  std::array<FunctionParameter, 2> parameters = {};
};

/// y = f(x, y) of two tensors, or of a tensor and a constant.
struct BinaryFunction {
  std::string_view name;
  double (*f)(double x, double y) = nullptr;
};

std::span<const UnaryFunction> unary_functions();
std::span<const BinaryFunction> binary_functions();

/// The function of that name, or null.
const UnaryFunction* find_unary(std::string_view name);
const BinaryFunction* find_binary(std::string_view name);

}  // namespace ares
