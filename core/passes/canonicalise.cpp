#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/import/operator.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

// Domains under which exporters (QONNX 1 and 2, Brevitas, FINN) have written the same Quant.
constexpr std::array<std::string_view, 5> kQuantDomains = {"qonnx.custom_op.general", "onnx.brevitas",
                                                           "finn.custom_op.general", "qonnx", ""};

/// A constant of one element.
std::string add_constant(qonnx::ModelGraph& model, const std::string& name, float value) {
  model.constants[name] = {{}, std::vector<float>{value}};
  return name;
}

/// BipolarQuant(x, scale) is a Quant of one signed bit.
void make_quant(qonnx::ModelGraph& model, qonnx::Node& node) {
  node.op = "Quant";
  node.inputs.resize(2);
  node.inputs.push_back(add_constant(model, node.outputs[0] + "/bipolar_zero", 0));
  node.inputs.push_back(add_constant(model, node.outputs[0] + "/bipolar_bits", 1));
  node.attributes = {{"signed", int64_t{1}}, {"narrow", int64_t{0}}};
}

void canonicalise_node(qonnx::ModelGraph& model, qonnx::Node& node) {
  const bool quant = node.op == "Quant" || node.op == "IntQuant";
  const bool known = std::find(kQuantDomains.begin(), kQuantDomains.end(), node.domain) != kQuantDomains.end();
  if (quant && known) {
    node.op = "Quant";
    node.domain.clear();
  }
  if (known && (node.op == "BipolarQuant" || node.op == "Trunc")) node.domain.clear();
  if (node.op == "BipolarQuant" && node.domain.empty() && !node.outputs.empty()) make_quant(model, node);
  if (node.domain == "ai.onnx") node.domain.clear();
}

}  // namespace

Result<void> canonicalise(NetworkState& state) {
  qonnx::ModelGraph& model = state.model;
  for (qonnx::Node& node : model.nodes) canonicalise_node(model, node);
  const auto is_quant = [](const qonnx::Node& n) { return n.op == "Quant"; };
  if (std::none_of(model.nodes.begin(), model.nodes.end(), is_quant)) {
    return fail(
        fmt::format("{}: has no Quant node, so it is no quantised (QONNX) model; export it with Brevitas's "
                    "export_qonnx",
                    model.file));
  }
  for (const qonnx::Node& node : model.nodes) {
    if (node.domain.empty() && qonnx::find_operator(node.op)) continue;
    const std::string domain = node.domain.empty() ? "" : fmt::format(" of domain '{}'", node.domain);
    const std::string out = node.outputs.empty() ? "" : node.outputs[0];
    const Error error =
        qonnx::node_error(model, node,
                          fmt::format("the operator{} is not supported (tensor '{}'); replace it by one of {}", domain,
                                      out, qonnx::operator_names()));
    if (!note(state.check, "operator", model, node, error)) return tl::unexpected(error);
  }
  return {};
}

}  // namespace ares
