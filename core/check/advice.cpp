#include "core/check/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ares {
namespace {

using qonnx::Array;
using qonnx::ModelGraph;
using qonnx::Node;

// What Brevitas's modules hold inside, by exports of 0.9 to 0.12.
constexpr std::string_view kInnerModules[] = {"/act_quant/",    "/weight_quant/",   "/bias_quant/",
                                              "/tensor_quant/", "/export_handler/", "/activation_impl/"};

bool is_quant(const Node& n) { return n.op == "Quant" || n.op == "IntQuant"; }

const Node* find_node(const ModelGraph& model, const std::string& name) {
  const auto it = std::find_if(model.nodes.begin(), model.nodes.end(), [&](const Node& n) { return n.name == name; });
  return it == model.nodes.end() ? nullptr : &*it;
}

const Node* producer(const ModelGraph& model, const std::string& tensor) {
  const auto makes = [&](const Node& n) {
    return std::find(n.outputs.begin(), n.outputs.end(), tensor) != n.outputs.end();
  };
  const auto it = std::find_if(model.nodes.begin(), model.nodes.end(), makes);
  return it == model.nodes.end() ? nullptr : &*it;
}

std::string input_name(const Node& node, std::size_t i) { return i < node.inputs.size() ? node.inputs[i] : ""; }

/// The tensor's constant: a parameter, or folded.
const Array* constant(const ModelGraph& a, const ModelGraph& b, const std::string& name) {
  for (const ModelGraph* m : {&a, &b}) {
    if (const auto it = m->constants.find(name); it != m->constants.end()) return &it->second;
  }
  return nullptr;
}

std::string module_of(const Node& node) { return module_name(node.name); }

struct Case {
  const Node& node;
  const ModelGraph& original;
  const ModelGraph& inferred;

  const Array* input(std::size_t i) const { return constant(original, inferred, input_name(node, i)); }
  const Node* before(std::size_t i) const { return producer(original, input_name(node, i)); }
  bool constant_input(std::size_t i) const {
    const Node* quant = before(i);
    return input(i) || (quant && is_quant(*quant) && constant(original, inferred, input_name(*quant, 0)));
  }
};

std::string bits_of(const Case& c, const Node& quant) {
  const Array* bits = constant(c.original, c.inferred, input_name(quant, 3));
  return bits && bits->count() == 1 ? fmt::format("{}", qonnx::to_doubles(*bits)[0]) : "?";
}

bool all_of(const Array* array, bool (*f)(double)) {
  if (!array) return true;
  const auto values = qonnx::to_doubles(*array);
  return std::all_of(values.begin(), values.end(), f);
}

/// Bit widths that are supported.
bool fits_byte(const std::string& bits) { return bits.size() == 1 && bits[0] >= '1' && bits[0] <= '8'; }

std::string quant_change(const Case& c) {
  const bool weights = c.constant_input(0);
  const std::string module = module_of(c.node), bits = bits_of(c, c.node);
  const std::string mode = qonnx::string_attribute(c.node, "rounding_mode", "ROUND");
  if (!fits_byte(bits)) {
    return weights ? fmt::format("{}: weight_bit_width=8 (or fewer) instead of {}", module, bits)
                   : fmt::format("{}: bit_width=8 (or fewer) instead of {}, as in QuantIdentity(bit_width=8)", module,
                                 bits);
  }
  if (!all_of(c.input(1), [](double s) { return s > 0 && std::isfinite(s); })) {
    return fmt::format(
        "{}: its scale collapsed; run data through the model under brevitas.graph.calibrate.calibration_mode before "
        "export, or train on with scaling_min_val=2e-16",
        module);
  }
  if (mode != "ROUND" && mode != "round" && mode != "HALF_EVEN") {
    return fmt::format("{}: float_to_int_impl_type=FloatToIntImplType.ROUND", module);
  }
  if (!weights && c.input(1) && c.input(1)->count() > 1) {
    return fmt::format(
        "{}: one scale for the tensor: scaling_per_output_channel=False, no per_channel_broadcastable_shape", module);
  }
  if (!all_of(c.input(2), [](double z) { return z == std::floor(z); })) {
    return fmt::format(
        "{}: a quantiser with an integer zero point, as ShiftedUint8ActPerTensorFloat, or none (Int8ActPerTensorFloat)",
        module);
  }
  return "";
}

/// What stands between a quantiser and a layer without changing a value.
bool only_moves(const Node& n) {
  constexpr std::string_view movers[] = {"Reshape", "Flatten",  "Transpose", "Squeeze", "Unsqueeze",
                                         "MaxPool", "Identity", "Dropout",   "Pad"};
  return std::find(std::begin(movers), std::end(movers), n.op) != std::end(movers);
}

/// The node that input `i` really comes from; null for a model input.
const Node* source(const Case& c, std::size_t i) {
  const Node* n = c.before(i);
  for (std::size_t hops = 0; n && only_moves(*n) && hops < c.original.nodes.size(); ++hops) {
    n = producer(c.original, input_name(*n, 0));
  }
  return n;
}

std::string quantise_input(const Case& c, std::size_t i) {
  const Node* from = source(c, i);
  if (from && is_quant(*from)) return "";
  if (!from) return "first in forward(): x = self.input_quant(x), with self.input_quant = QuantIdentity(bit_width=8)";
  return fmt::format("a QuantIdentity(bit_width=8) after {} ({}), or QuantReLU where it is a ReLU", module_of(*from),
                     from->op);
}

std::string weighted_change(const Case& c, const char* layer) {
  const std::string module = module_of(c.node);
  if (!c.constant_input(1)) {
    return fmt::format("{}: a product of two activations is not supported; use {} with weights", module, layer);
  }
  const Node* quant = c.before(1);
  while (quant && quant->op == "Transpose") quant = producer(c.original, input_name(*quant, 0));
  if (!quant || !is_quant(*quant)) {
    return fmt::format("{}: {}(..., weight_bit_width=8) in place of the torch.nn layer", module, layer);
  }
  if (!fits_byte(bits_of(c, *quant))) return fmt::format("{}: weight_bit_width=8 (or fewer)", module);
  return quantise_input(c, 0);
}

struct Substitute {
  std::string_view op, change;
};

// What to write in place of operators that networks come with.
constexpr Substitute kSubstitutes[] = {
    {"InstanceNormalization", "nn.BatchNorm2d right after the convolution: it folds into its weights"},
    {"GroupNormalization", "nn.BatchNorm2d right after the convolution: it folds into its weights"},
    {"LayerNormalization", "nn.BatchNorm1d right after the linear layer: it folds into its weights"},
    {"ConvTranspose", "nn.Upsample(scale_factor=2, mode='nearest') and QuantConv2d in place of QuantConvTranspose2d"},
    {"LSTM", "QuantConv1d layers over time; recurrent layers are not supported"},
    {"GRU", "QuantConv1d layers over time; recurrent layers are not supported"},
    {"GlobalMaxPool", "nn.MaxPool2d with the size of the image as its window"},
    {"LpPool", "nn.AvgPool2d"},
    {"GridSample", "nn.Upsample(mode='nearest')"},
    {"ReduceMean", "nn.AdaptiveAvgPool2d(1) in place of mean(); nn.BatchNorm1d in place of a layer normalisation"},
    {"Einsum", "QuantLinear or QuantConv2d with weights"},
};

std::string substitute(const Node& node) {
  const std::string module = module_of(node);
  const std::string where = module == node.name ? "forward()" : module;
  for (const Substitute& s : kSubstitutes) {
    if (s.op == node.op) return fmt::format("{}: {}", where, s.change);
  }
  return fmt::format("{}: another operation in place of {}; `ares-check --operations` lists the supported ones", where,
                     node.op);
}

std::string change_of(const Finding& f, const Case& c) {
  const std::string& op = c.node.op;
  const std::string module = module_of(c.node);
  if (f.cause == "operator") return substitute(c.node);
  if (f.cause == "swapped") return "none needed here; export with brevitas>=0.11 to be rid of the repair";
  if (f.cause == "groups") {
    return fmt::format(
        "{}: groups=1 (as fast, more expressive) or groups=in_channels (depthwise) with a 1x1 convolution behind it",
        module);
  }
  if (f.cause == "requantisation" && f.change.find("output scale") != std::string::npos) {
    return fmt::format(
        "{}: the scale of the quantiser behind it collapsed; calibrate it "
        "(brevitas.graph.calibrate.calibration_mode) before export",
        module);
  }
  if (f.cause == "requantisation") {
    return fmt::format("{}: fewer input channels, weight_bit_width=4, or bit_width=4 in the quantiser that feeds it",
                       module);
  }
  if (is_quant(c.node)) return quant_change(c);
  if (f.cause == "shape") return "";
  if (op == "Conv") return weighted_change(c, "QuantConv2d");
  if (op == "Gemm" || op == "MatMul") return weighted_change(c, "QuantLinear");
  if (op == "BatchNormalization")
    return fmt::format("{}: right after its convolution or linear layer, before the activation", module);
  const bool lacks_quant =
      f.what.find("quantised") != std::string::npos || f.what.find("in float") != std::string::npos;
  for (std::size_t i = 0; lacks_quant && i < c.node.inputs.size(); ++i) {
    if (c.constant_input(i)) continue;
    if (std::string change = quantise_input(c, i); !change.empty()) return change;
  }
  return "";
}

}  // namespace

std::string module_name(const std::string& node) {
  const auto slash = node.rfind('/');
  if (slash == std::string::npos || slash == 0) return node;
  std::string path = node.substr(0, slash + 1);  // with a slash behind each part
  for (const std::string_view part : kInnerModules) path.resize(std::min(path.find(part), path.size() - 1) + 1);
  path.pop_back();
  path.erase(0, path.find_first_not_of('/'));
  std::replace(path.begin(), path.end(), '/', '.');
  return path.empty() ? node : path;
}

namespace {

/// The importer speaks of nodes of the model; Brevitas calls the module that writes a Quant so.
std::string in_brevitas(std::string advice) {
  constexpr std::string_view node = "put a Quant ", module = "put a QuantIdentity(bit_width=8) ";
  if (const auto at = advice.find(node); at != std::string::npos) advice.replace(at, node.size(), module);
  return advice;
}

}  // namespace

void advise(Finding& finding, const ModelGraph& original, const ModelGraph& inferred) {
  if (finding.cause == "output") {
    finding.change = "a QuantIdentity(bit_width=8) on what the model returns";
    return;
  }
  finding.change = in_brevitas(std::move(finding.change));
  const Node* node = find_node(original, finding.node);
  if (node) {
    const Case c{*node, original, inferred};
    if (std::string change = change_of(finding, c); !change.empty()) finding.change = std::move(change);
    if (finding.change.empty()) {
      finding.change =
          fmt::format("{}: one of the forms that `ares-check --operations` lists for {}", module_of(*node), node->op);
    }
  }
  if (finding.change.empty())
    finding.change = "export the model again with fixed input shapes by brevitas.export.export_qonnx";
}

}  // namespace ares
