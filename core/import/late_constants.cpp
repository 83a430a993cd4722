#include "core/import/late_constants.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/evaluate/evaluate.hpp"
#include "core/evaluate/operator.hpp"
#include "core/import/operators/common.hpp"
#include "core/import/quantiser.hpp"

namespace ares::qonnx {
namespace {

bool is_fixed(const Lowering& lowering, const std::string& name) {
  return name.empty() || lowering.model.constants.count(name) || lowering.model.quantised.count(name);
}

}  // namespace

Result<std::optional<Value>> late_constant(Lowering& lowering, const NodeView& node) {
  ModelGraph& model = lowering.model;
  const auto& inputs = node.node.inputs;
  if (!std::all_of(inputs.begin(), inputs.end(), [&](const auto& in) { return is_fixed(lowering, in); }))
    return std::nullopt;
  const bool moves = node.node.op == "Transpose" && model.quantised.count(inputs[0]);
  const std::string& out = node.node.outputs[0];
  const Array* raw = node.constant(0);
  if (moves || (node.node.op == "Quant" && !raw)) return std::nullopt;
  if (node.node.op == "Quant") {
    const auto q = read_quantiser(node);
    if (!q) return tl::unexpected(q.error());
    auto quantised = quantise_constant(node, *raw, *q);
    if (!quantised) return tl::unexpected(quantised.error());
    model.quantised[out] = std::move(*quantised);
    return Value{Constant{out}, {}};
  }
  if (!find_evaluator(node.node.op) || node.node.outputs.size() != 1) return std::nullopt;
  std::vector<RealTensor> values;
  for (const std::string& in : inputs) {
    const auto quantised = model.quantised.find(in);
    if (in.empty())
      values.emplace_back();
    else
      values.push_back(
          real_tensor(quantised != model.quantised.end() ? dequantise(quantised->second) : model.constants.at(in)));
  }
  std::vector<const RealTensor*> arguments;
  for (std::size_t i = 0; i < inputs.size(); ++i) arguments.push_back(inputs[i].empty() ? nullptr : &values[i]);
  auto result = evaluate_node(node.node, arguments);
  if (!result) return node.error(result.error().what);
  model.constants[out] = {result->front().shape, std::move(result->front().values)};
  return Value{Constant{out}, {}};
}

}  // namespace ares::qonnx
