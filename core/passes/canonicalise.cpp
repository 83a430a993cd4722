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

/// Of operators that have no standard form.
constexpr std::string_view kOwnDomain = "ares";

constexpr std::string_view kChannelsLast = "qonnx.custom_op.channels_last";

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
  if (node.domain == "ai.onnx" || (node.domain == kOwnDomain && node.op == "SelectiveScan")) node.domain.clear();
}

/// Transpose of `tensor` to `name`.
qonnx::Node transpose(const std::string& tensor, const std::string& name, std::vector<int64_t> perm) {
  return {name, "Transpose", "", {{"perm", std::move(perm)}}, {tensor}, {name}};
}

/// A node of QONNX's channels-last domain (N, H, W, C; weights O, H, W, I) as the plain one between Transposes.
void expand_channels_last(qonnx::Node node, std::vector<qonnx::Node>& nodes) {
  const std::string out = node.outputs.empty() ? "" : node.outputs[0];
  const std::size_t moved = node.op == "Conv" ? 2 : 1;  // inputs that have channels last
  if (node.inputs.size() < moved || out.empty()) return nodes.push_back(std::move(node));
  for (std::size_t i = 0; i < moved; ++i) {
    nodes.push_back(transpose(node.inputs[i], fmt::format("{}/channels_first_{}", out, i), {0, 3, 1, 2}));
    node.inputs[i] = nodes.back().outputs[0];
  }
  node.domain.clear();
  node.outputs = {out + "/channels_first"};
  nodes.push_back(std::move(node));
  nodes.push_back(transpose(out + "/channels_first", out + "/channels_last", {0, 2, 3, 1}));
  nodes.back().outputs = {out};
}

}  // namespace

Result<void> canonicalise(NetworkState& state) {
  qonnx::ModelGraph& model = state.model;
  std::vector<qonnx::Node> nodes;
  for (qonnx::Node& node : model.nodes) {
    canonicalise_node(model, node);
    if (node.domain == kChannelsLast) {
      expand_channels_last(std::move(node), nodes);
    } else {
      nodes.push_back(std::move(node));
    }
  }
  model.nodes = std::move(nodes);
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
