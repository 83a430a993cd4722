#include "core/import/finding.hpp"

#include <algorithm>

#include "core/import/operator.hpp"

namespace ares {
namespace {

using qonnx::ModelGraph;
using qonnx::Node;

/// The message without the place it begins with; its advice, behind the last "; ", becomes the change.
Finding to_finding(std::string_view cause, std::string_view place, std::string_view what) {
  if (what.substr(0, place.size()) == place) what.remove_prefix(place.size());
  Finding f{Severity::unsupported, std::string(cause), {}, {}, {}, {}, {}, {}};
  const auto advice = what.rfind("; ");
  f.what = what.substr(0, advice);
  if (advice != std::string_view::npos) f.change = what.substr(advice + 2);
  return f;
}

bool doubtful_input(const CheckLog& log, const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](const auto& in) { return log.doubtful.count(in); });
}

void add_outputs(const Node& node, std::set<std::string>& tensors) {
  tensors.insert(node.outputs.begin(), node.outputs.end());
}

}  // namespace

bool note(CheckLog* log, std::string_view cause, const ModelGraph& model, const Node& node, const Error& error) {
  if (!log) return false;
  Finding f = to_finding(cause, qonnx::node_error(model, node, "").what, error.what);
  f.node = node.name;
  f.op = node.op;
  f.tensor = node.outputs.empty() ? "" : node.outputs[0];
  log->findings.push_back(std::move(f));
  add_outputs(node, log->unknown);
  return true;
}

bool note(CheckLog* log, std::string_view cause, const std::string& node, std::string_view place, const Error& error) {
  if (!log) return false;
  log->findings.push_back(to_finding(cause, place, error.what));
  log->findings.back().node = node;
  return true;
}

void warn(CheckLog* log, std::string_view cause, const Node& node, std::string what) {
  if (!log) return;
  const std::string tensor = node.outputs.empty() ? "" : node.outputs[0];
  log->findings.push_back({Severity::warning, std::string(cause), {}, node.name, node.op, tensor, std::move(what), {}});
}

bool has_unsupported(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::unsupported; });
}

bool guess_shapes(CheckLog* log, ModelGraph& model, const Node& node) {
  if (!log || (node.domain.empty() && qonnx::find_operator(node.op))) return false;
  const auto shape = qonnx::NodeView{model, node}.shape(0);
  if (shape && !node.outputs.empty()) model.shapes[node.outputs[0]] = *shape;
  add_outputs(node, log->doubtful);
  return true;
}

void spread_doubt(CheckLog* log, const Node& node) {
  if (log && doubtful_input(*log, node)) add_outputs(node, log->doubtful);
}

bool note_shape(CheckLog* log, const ModelGraph& model, const Node& node, const Error& error) {
  if (!log) return false;
  if (!doubtful_input(*log, node)) note(log, "shape", model, node, error);
  add_outputs(node, log->doubtful);
  add_outputs(node, log->unknown);
  return true;
}

}  // namespace ares
