#include "core/import/host_graph.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/evaluate/evaluate.hpp"
#include "core/evaluate/operator.hpp"
#include "core/import/operators/common.hpp"
#include "core/passes/pass.hpp"

namespace ares::qonnx {
namespace {

bool runs_on_host(const Node& node) {
  const Operator* op = find_operator(node.op);
  return op && op->host != OnHost::no && find_evaluator(node.op);
}

/// Whether the tensor is given, not computed: by its name alone, before anything is lowered.
bool is_constant(const ModelGraph& model, const std::string& name) {
  return name.empty() || model.constants.count(name) || model.quantised.count(name);
}

/// Takes the constants that a node reads over into `graph`, quantised ones as their real values.
void add_constants(const ModelGraph& model, const Node& node, ModelGraph& graph) {
  for (const std::string& name : node.inputs) {
    if (const auto c = model.constants.find(name); c != model.constants.end()) graph.constants[name] = c->second;
    if (const auto q = model.quantised.find(name); q != model.quantised.end()) {
      graph.constants[name] = dequantise(q->second);
    }
  }
}

Result<RealTensor> evaluate(const ModelGraph& graph, RealTensor x) {
  const auto evaluation = Evaluation::create(graph);
  if (!evaluation) return tl::unexpected(evaluation.error());
  auto tensors = evaluation->run({{graph.inputs[0], std::move(x)}});
  if (!tensors) return tl::unexpected(tensors.error());
  const auto out = tensors->find(graph.outputs[0]);
  if (out == tensors->end())
    return fail(fmt::format("'{}' does not depend on '{}'", graph.outputs[0], graph.inputs[0]));
  return out->second;
}

}  // namespace

Result<Value> host_value(const Lowering& lowering, const NodeView& node) {
  if (!runs_on_host(node.node))
    return node.error("is not supported on a tensor that is not quantised; put a Quant before it");
  HostFloat host{{}, true, fmt::format("'{}' ({})", node.node.name, node.node.op)};
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    if (is_constant(lowering.model, node.node.inputs[i])) continue;
    const auto input = lowering.input(node, i);
    if (!input) return tl::unexpected(input.error());
    const auto* before = std::get_if<HostFloat>(&(*input)->kind);
    if (before && before->computed) host.blame = before->blame;
    if (before) host.sources.insert(before->sources.begin(), before->sources.end());
    if (!before) host.sources.insert(node.node.inputs[i]);
  }
  return Value{std::move(host), {output_shape(lowering, node), {}}};
}

Result<std::shared_ptr<const ModelGraph>> host_slice(const Lowering& lowering, const std::string& from,
                                                     const std::string& to) {
  const ModelGraph& model = lowering.model;
  ModelGraph graph;
  graph.file = model.file;
  graph.name = model.name;
  graph.inputs = {from};
  graph.outputs = {to};
  std::set<std::string> needed{to};
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    const auto wanted = [&](const std::string& out) { return out != from && needed.count(out); };
    if (std::none_of(node->outputs.begin(), node->outputs.end(), wanted)) continue;
    if (!runs_on_host(*node)) {
      return tl::unexpected(node_error(model, *node, "lies between float nodes, where the host cannot compute it"));
    }
    needed.insert(node->inputs.begin(), node->inputs.end());
    add_constants(model, *node, graph);
    graph.nodes.push_back(*node);
  }
  std::reverse(graph.nodes.begin(), graph.nodes.end());
  graph.shapes[from] = model.shapes.at(from);
  graph.shapes[to] = model.shapes.at(to);
  if (auto shape = host_shape(graph, graph.shapes[from]); !shape) return tl::unexpected(shape.error());
  return std::make_shared<const ModelGraph>(std::move(graph));
}

Result<Shape> host_shape(const ModelGraph& graph, const Shape& input) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    return fail("its float nodes have no single input and output");
  NetworkState state{graph, {}, [](const std::string&) {}};
  ModelGraph& model = state.model;
  for (const Node& node : model.nodes) {
    if (!runs_on_host(node)) return tl::unexpected(node_error(model, node, "cannot be computed on the host"));
  }
  const auto stated = model.shapes.find(model.outputs[0]);
  const Shape expected = stated == model.shapes.end() ? Shape{} : stated->second;
  model.shapes = {{model.inputs[0], input}};
  if (auto ok = infer_shapes(state); !ok) return tl::unexpected(ok.error());
  const auto shape = model.shapes.find(model.outputs[0]);
  if (shape == model.shapes.end() || shape->second != expected)
    return fail("its float nodes give another shape than stated");
  const auto y = evaluate(graph, zeros(input));
  if (!y) return tl::unexpected(y.error());
  if (y->shape != expected) return fail("its float nodes give another shape than stated");
  return expected;
}

std::vector<float> run_host(const ModelGraph& graph, std::span<const float> x) {
  const auto y = evaluate(graph, real_tensor(graph.shapes.at(graph.inputs[0]), x));
  return y ? std::vector<float>(y->values.begin(), y->values.end()) : std::vector<float>();
}

}  // namespace ares::qonnx
