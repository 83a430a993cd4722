#include "core/check/check_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/check/advice.hpp"
#include "core/import/read_model.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

/// What the nodes are called before the pass `lower` drops them.
std::vector<CheckedNode> nodes_of(const qonnx::ModelGraph& model) {
  std::vector<CheckedNode> nodes;
  for (const qonnx::Node& n : model.nodes) nodes.push_back({n.name, n.op, n.outputs.empty() ? "" : n.outputs[0], true});
  return nodes;
}

/// Convolutions with groups that the pass expand_groups is about to fill with zeros.
void warn_of_groups(const LayerGraph& g, std::vector<Finding>& findings) {
  for (const LayerId id : execution_order(g)) {
    const Layer& layer = g.dag[id];
    const auto* op = std::get_if<Weighted>(&layer.op);
    if (!op || op->groups == 1) continue;
    const int32_t in = input_dims(g, id).c, out = g.tensors[static_cast<std::size_t>(layer.output)].dims.c;
    if (op->groups == in && op->groups == out) continue;
    Finding f{Severity::warning, "groups", {}, layer.model_node, {}, {}, {}, {}};
    f.what = fmt::format("{} groups of {} channels run as a dense convolution: {} multiply-accumulates instead of {}",
                         op->groups, in, macs(g, id) * op->groups, macs(g, id));
    findings.push_back(std::move(f));
  }
}

/// An error after which nothing more can be said.
void add_last(std::vector<Finding>& findings, const std::string& file, const Error& error) {
  CheckLog log;
  note(&log, "model", "", file + ": ", error);
  findings.push_back(std::move(log.findings.front()));
}

/// Keeps one finding of those with one cause: repairs of one exporter, and the parts of one module that are the same
/// unknown operator (a layer normalisation has two means).
void merge(std::vector<Finding>& findings) {
  std::map<std::string, std::pair<std::size_t, int>> first;  // its index, and how many it stands for
  std::vector<Finding> kept;
  for (Finding& f : findings) {
    const std::string module = module_name(f.node);
    std::string key;
    if (f.cause == "swapped") key = f.cause;
    if (f.cause == "operator" && module != f.node) key = f.op + " in " + module;
    const auto known = key.empty() ? first.end() : first.find(key);
    if (known != first.end()) {
      ++known->second.second;
      continue;
    }
    if (!key.empty()) first[key] = {kept.size(), 0};
    kept.push_back(std::move(f));
  }
  for (const auto& [key, found] : first) {
    if (found.second) kept[found.first].what += fmt::format(" (and {} more)", found.second);
  }
  findings = std::move(kept);
}

}  // namespace

ModelCheck check_model(qonnx::ModelGraph model, RequantPolicy policy) {
  ModelCheck check;
  check.file = model.file;
  CheckLog log;
  NetworkState state;
  state.model = std::move(model);
  state.layers.policy = policy;
  state.notice = [](const std::string&) {};
  state.check = &log;
  const qonnx::ModelGraph original = state.model;
  qonnx::ModelGraph inferred;
  for (const Pass& pass : pipeline()) {
    if (pass.run == lower) {
      check.nodes = nodes_of(state.model);
      inferred = state.model;
    }
    if (pass.run == expand_groups) warn_of_groups(state.layers, log.findings);
    const auto ok = pass.run(state);
    if (ok) continue;
    add_last(log.findings, check.file, ok.error());
    state.layers = {};
    break;
  }
  for (CheckedNode& n : check.nodes) n.judged = !log.unknown.count(n.tensor);
  check.findings = std::move(log.findings);
  merge(check.findings);
  complete_findings(check);
  for (Finding& f : check.findings) {
    advise(f, original, inferred);
    check.expanded = check.expanded && (f.severity == Severity::warning || f.cause != "groups");
  }
  check.layers = std::move(state.layers);
  return check;
}

Result<ModelCheck> check_model(const std::filesystem::path& path, RequantPolicy policy) {
  auto model = qonnx::read_model(path);
  if (!model) return tl::unexpected(model.error());
  return check_model(std::move(*model), policy);
}

void complete_findings(ModelCheck& check) {
  std::unordered_map<std::string, const CheckedNode*> nodes;
  for (const CheckedNode& n : check.nodes) nodes.emplace(n.name, &n);
  nodes.erase("");
  for (Finding& f : check.findings) {
    f.file = check.file;
    const auto node = nodes.find(f.node);
    if (node == nodes.end()) continue;
    if (f.op.empty()) f.op = node->second->op;
    if (f.tensor.empty()) f.tensor = node->second->tensor;
  }
}

}  // namespace ares
