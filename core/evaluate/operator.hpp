// How one operator is evaluated. Adding one: its function in a file of operators/ and its line in that file's list.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string_view>

#include "core/evaluate/evaluate.hpp"

namespace ares::qonnx {

using RealTensors = std::vector<RealTensor>;

/// A node with the values of its inputs.
struct Arguments {
  const Node& node;
  const std::vector<const RealTensor*>& inputs;

  bool has(std::size_t i) const { return i < inputs.size() && inputs[i]; }
  const RealTensor& operator[](std::size_t i) const { return *inputs[i]; }
  /// Input i as integers, else the attribute of that name, else nothing.
  std::optional<std::vector<int64_t>> integers(std::size_t i, const std::string& attribute) const;
};

struct Evaluator {
  std::string_view name;
  std::size_t inputs = 1;  ///< how many must be present
  Result<RealTensors> (*run)(const Arguments&) = nullptr;
};

std::span<const Evaluator> elementwise_evaluators();
std::span<const Evaluator> expansion_evaluators();
std::span<const Evaluator> layout_evaluators();
std::span<const Evaluator> norm_evaluators();
std::span<const Evaluator> pool_evaluators();
std::span<const Evaluator> quant_evaluators();
std::span<const Evaluator> scan_evaluators();
std::span<const Evaluator> selection_evaluators();
std::span<const Evaluator> transform_evaluators();
std::span<const Evaluator> weighted_evaluators();

/// The evaluator of that operator, or null.
const Evaluator* find_evaluator(std::string_view op);

/// A tensor of zeros.
RealTensor zeros(Shape shape);

/// `from` with the elements at `indices`; keeps its kind of number.
RealTensor picked(const RealTensor& from, Shape shape, const std::vector<int64_t>& indices);

}  // namespace ares::qonnx
