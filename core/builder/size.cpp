#include "core/builder/size.hpp"

#include <fmt/format.h>

#include <set>

namespace ares::qonnx {
namespace {

/// Products that make one element of the output.
Result<int64_t> depth_of(const NodeView& node) {
  const auto shape = node.shape(node.node.op == "Conv" ? 1 : 0);
  if (!shape) return tl::unexpected(shape.error());
  if (shape->size() < 2) return node.error("its input has no two axes");
  if (node.node.op != "Conv") return (*shape)[shape->size() - (int_attribute(node.node, "transA", 0) ? 2 : 1)];
  int64_t depth = 1;
  for (std::size_t i = 1; i < shape->size(); ++i) depth *= (*shape)[i];
  return depth;
}

/// Constants that are no parameters: what quantisers take, shapes, and scalars that formulas contain.
std::set<std::string> other_constants(const ModelGraph& model) {
  std::set<std::string> others;
  for (const Node& node : model.nodes) {
    if (node.op == "Quant" || node.op == "BipolarQuant" || node.op == "Trunc")
      others.insert(node.inputs.begin() + 1, node.inputs.end());
    if (node.op == "Resize") others.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const auto& [name, array] : model.constants) {
    if (array.is_integer() || array.shape.empty()) others.insert(name);
  }
  return others;
}

}  // namespace

Result<ModelSize> model_size(const ModelGraph& model) {
  ModelSize size;
  for (const Node& node : model.nodes) {
    if (node.op == "SelectiveScan") {  // per state: decay, input, output
      const auto x = NodeView{model, node}.shape(0), rates = NodeView{model, node}.shape(2);
      if (!x || !rates || rates->size() != 2) return fail(node_error(model, node, "its shapes are not known").what);
      size.macs += 3 * *element_count(*x) * (*rates)[1];
    }
    if (node.op == "DFT") {  // two products per sample and bin
      const auto x = NodeView{model, node}.shape(0);
      const auto out = model.shapes.find(node.outputs.at(0));
      if (!x || x->size() < 2 || out == model.shapes.end())
        return fail(node_error(model, node, "its shapes are not known").what);
      size.macs += *element_count(out->second) * (*x)[x->size() - 2];
    }
    if (node.op != "Conv" && node.op != "Gemm" && node.op != "MatMul") continue;
    const auto depth = depth_of({model, node});
    if (!depth) return tl::unexpected(depth.error());
    const auto shape = model.shapes.find(node.outputs.at(0));
    if (shape == model.shapes.end()) return fail(node_error(model, node, "the shape of its output is not known").what);
    const auto count = element_count(shape->second);
    if (!count) return tl::unexpected(count.error());
    size.macs += *count * *depth;
  }
  const auto others = other_constants(model);
  for (const auto& [name, array] : model.constants) size.parameters += others.count(name) ? 0 : array.count();
  return size;
}

}  // namespace ares::qonnx
