#include "core/import/partial.hpp"

#include <algorithm>

#include "core/ir/graph.hpp"

namespace ares::qonnx {
namespace {

/// The Quant as that of a model input of its own.
Result<Value> begin_anew(Lowering& lowering, const Node& node) {
  const auto shape = lowering.model.shapes.find(node.outputs[0]);
  const std::string source = "unknown, quantised to " + node.outputs[0];
  lowering.model.shapes[source] = shape->second;
  lowering.values[node.inputs[0]] = {HostFloat{{source}}, {shape->second, {}}};
  auto value = find_operator("Quant")->lower(lowering, {lowering.model, node});
  lowering.values.erase(node.inputs[0]);
  return value;
}

}  // namespace

bool pass_over(Lowering& lowering, const Node& node, CheckLog& log) {
  const auto noted = [&](const std::string& out) { return log.unknown.count(out) > 0; };
  if (std::any_of(node.outputs.begin(), node.outputs.end(), noted)) return true;
  const auto has_value = [&](const std::string& in) { return in.empty() || lowering.values.count(in); };
  if (std::all_of(node.inputs.begin(), node.inputs.end(), has_value)) return false;
  const bool parameters = std::all_of(node.inputs.begin() + 1, node.inputs.end(), has_value);
  if (node.op != "Quant" || !parameters || !lowering.model.shapes.count(node.outputs[0])) {
    log.unknown.insert(node.outputs.begin(), node.outputs.end());
    return true;
  }
  auto value = begin_anew(lowering, node);
  if (value) lowering.values[node.outputs[0]] = std::move(*value);
  if (!value) note(&log, "quantiser", lowering.model, node, value.error());
  return true;
}

void close_ends(LayerGraph& graph) {
  std::vector<bool> read(graph.tensors.size());
  for (const LayerId id : execution_order(graph)) {
    for (const TensorId in : graph.dag[id].inputs) read[static_cast<std::size_t>(in)] = true;
  }
  for (const NetworkOutput& out : graph.outputs) read[static_cast<std::size_t>(out.tensor)] = true;
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    if (!read[t]) graph.outputs.push_back({graph.tensors[t].name, static_cast<TensorId>(t), graph.tensors[t].view});
  }
}

}  // namespace ares::qonnx
