#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/import/operator.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

using qonnx::ModelGraph;
using qonnx::Node;
using qonnx::NodeView;
using qonnx::Operator;

/// Shapes of the inputs for one sample.
Result<void> fix_inputs(ModelGraph& model) {
  for (const std::string& name : model.inputs) {
    qonnx::Shape& shape = model.shapes[name];
    if (shape.empty()) return fail(fmt::format("{}: input '{}' has no shape; export it with one", model.file, name));
    shape[0] = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) {
      if (shape[i] > 0) continue;
      return fail(
          fmt::format("{}: axis {} of input '{}' has no fixed extent; export it with one", model.file, i, name));
    }
    const auto count = qonnx::element_count(shape);
    if (!count) return fail(fmt::format("{}: input '{}': {}", model.file, name, count.error().what));
  }
  return {};
}

bool folds(const NodeView& node, const Operator& op) {
  if (!op.fold) return false;
  if (op.folds_from_shapes) return true;
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    if (node.has_input(i) && !node.constant(i)) return false;
  }
  return true;
}

/// True when the node became constants and can go.
Result<bool> visit(ModelGraph& model, const Node& node) {
  const NodeView view{model, node};
  const Operator* op = qonnx::find_operator(node.op);
  const bool has_data = node.op == "Constant" || view.has_input(0);  // no operator's first input is optional
  if (node.outputs.empty() || !has_data) return view.error("lacks inputs or outputs");
  if (folds(view, *op)) {
    auto values = op->fold(view);
    if (!values) return tl::unexpected(values.error());
    for (std::size_t i = 0; i < std::min(values->size(), node.outputs.size()); ++i) {
      model.constants[node.outputs[i]] = std::move((*values)[i]);
    }
    return true;
  }
  if (!op->shapes) return view.error("is only supported on constants");
  auto shapes = op->shapes(view);
  if (!shapes) return tl::unexpected(shapes.error());
  for (std::size_t i = 0; i < std::min(shapes->size(), node.outputs.size()); ++i) {
    model.shapes[node.outputs[i]] = std::move((*shapes)[i]);
  }
  return false;
}

struct Totals {
  int64_t activations = 0, folded = 0;
};

/// Adds what a node brings; fails where the model grows absurd.
Result<void> add_outputs(const ModelGraph& model, const Node& node, Totals& totals) {
  const auto wrong = [&](const std::string& what) { return tl::unexpected(qonnx::node_error(model, node, what)); };
  for (const std::string& out : node.outputs) {
    if (const auto c = model.constants.find(out); c != model.constants.end()) totals.folded += c->second.count();
    if (const auto s = model.shapes.find(out); s != model.shapes.end()) {
      const auto count = qonnx::element_count(s->second);
      if (!count) return wrong(count.error().what);
      if (*count == 0) return wrong("its output is empty");
      totals.activations += *count;
    }
  }
  if (totals.activations > qonnx::kMaxActivations) {
    return wrong(fmt::format("up to here the activations have more than {} elements", qonnx::kMaxActivations));
  }
  if (totals.folded > qonnx::kMaxAllFolded) {
    return wrong(fmt::format("up to here the computed constants have more than {} elements", qonnx::kMaxAllFolded));
  }
  return {};
}

void remove_dead(ModelGraph& model) {
  std::set<std::string> needed(model.outputs.begin(), model.outputs.end());
  std::vector<Node> alive;
  for (auto node = model.nodes.rbegin(); node != model.nodes.rend(); ++node) {
    if (std::none_of(node->outputs.begin(), node->outputs.end(), [&](const auto& o) { return needed.count(o); })) {
      continue;
    }
    needed.insert(node->inputs.begin(), node->inputs.end());
    alive.push_back(std::move(*node));
  }
  model.nodes.assign(std::make_move_iterator(alive.rbegin()), std::make_move_iterator(alive.rend()));
  std::erase_if(model.constants, [&](const auto& c) { return !needed.count(c.first); });
}

}  // namespace

Result<void> infer_shapes(NetworkState& state) {
  ModelGraph& model = state.model;
  if (auto ok = fix_inputs(model); !ok) return ok;
  std::vector<Node> kept;
  Totals totals;
  for (Node& node : model.nodes) {
    if (guess_shapes(state.check, model, node)) {
      kept.push_back(std::move(node));
      continue;
    }
    const auto folded = visit(model, node);
    if (!folded && !note_shape(state.check, model, node, folded.error())) return tl::unexpected(folded.error());
    if (!folded) {
      kept.push_back(std::move(node));
      continue;
    }
    spread_doubt(state.check, node);
    if (auto ok = add_outputs(model, node, totals); !ok) return ok;
    if (!*folded) kept.push_back(std::move(node));
  }
  model.nodes = std::move(kept);
  remove_dead(model);
  return {};
}

}  // namespace ares
