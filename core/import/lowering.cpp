#include "core/import/lowering.hpp"

#include "core/import/host_graph.hpp"
#include "core/import/late_constants.hpp"
#include "core/import/partial.hpp"
#include "core/ir/graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ares::qonnx {
namespace {

/// The scales of an accumulator's sums; nothing where they cannot be given out as they are.
std::optional<std::vector<double>> raw_scales(const Lowering& lowering, const Accumulator& acc) {
  std::vector<double> scales;
  for (const double s : acc.layer.weight_scale) scales.push_back(s * lowering.tensor(acc.input).q.scale);
  const bool zero = std::any_of(scales.begin(), scales.end(), [](double s) { return s == 0; });
  if (zero || acc.clip.any()) return std::nullopt;
  return scales;
}

/// An accumulator that the model gives out as it is: int32 with the scale of its products.
Value give_out(Lowering& lowering, const std::string& name, const Value& value, std::vector<double> scales) {
  const auto& acc = std::get<Accumulator>(value.kind);
  const bool same =
      scales[0] > 0 && std::all_of(scales.begin(), scales.end(), [&](double s) { return s == scales[0]; });
  Tensor tensor{name, ElementType::s32, acc.out, {}, {}, value.view};
  tensor.q = {same ? scales[0] : 1.0, 0, 0, 0, true, 32};
  if (!same) tensor.channel_scale = std::move(scales);
  const TensorId id = lowering.add_tensor(std::move(tensor));
  lowering.add_layer(acc.node, acc.layer, {acc.input}, id);
  return Value{Stored{id}, value.view};
}

Result<void> lower_node(Lowering& lowering, const Node& node) {
  const NodeView view{lowering.model, node};
  auto constant = late_constant(lowering, view);
  if (!constant) return tl::unexpected(constant.error());
  if (*constant) {
    lowering.values[node.outputs[0]] = std::move(**constant);
    return {};
  }
  const Operator* op = find_operator(node.op);
  if (op && op->lower_all) {
    auto values = op->lower_all(lowering, view);
    if (!values) return tl::unexpected(values.error());
    for (std::size_t i = 0; i < std::min(values->size(), node.outputs.size()); ++i) {
      lowering.values[node.outputs[i]] = std::move((*values)[i]);
    }
    return {};
  }
  if (!op || (!op->lower && op->host == OnHost::no)) return view.error("is only supported on constants");
  const auto on_host = [&](const std::string& name) {
    const auto it = lowering.values.find(name);
    const auto* host = it == lowering.values.end() ? nullptr : std::get_if<HostFloat>(&it->second.kind);
    return host && (host->computed || op->host == OnHost::yes);
  };
  const bool host =
      !op->lower || (op->host != OnHost::no && std::any_of(node.inputs.begin(), node.inputs.end(), on_host));
  auto value = host ? host_value(lowering, view) : op->lower(lowering, view);
  if (!value) return tl::unexpected(value.error());
  lowering.values[node.outputs[0]] = std::move(*value);
  return {};
}

/// An integer tensor that exists or can be given out.
bool is_given(const Lowering& lowering, const std::string& name) {
  const Value& value = lowering.values.at(name);
  if (std::holds_alternative<Stored>(value.kind)) return true;
  const auto* acc = std::get_if<Accumulator>(&value.kind);
  return acc && raw_scales(lowering, *acc);
}

/// Why the chain of float nodes that ends in a model output cannot begin at tensor `name`.
Error no_begin(const Lowering& lowering, const std::string& output, const std::string& name, const Node* node) {
  const auto& model = lowering.model;
  const std::string what = fmt::format("{}: output '{}' ", model.file, output);
  if (!node) return {what + fmt::format("is computed in float from the model's input '{}'; quantise the input", name)};
  if (std::holds_alternative<Padded>(lowering.values.at(name).kind)) {
    return {what + "is padded last; only a Conv or pool takes in a Pad"};
  }
  return node_error(model, *node, fmt::format("output '{}' depends on it unquantised; put a Quant after it", output));
}

/// The one integer tensor from which float nodes compute `output`: going back from it, node by node.
Result<std::string> last_integer(const Lowering& lowering, const std::string& output) {
  std::map<const Node*, std::string> cuts;  // by position: nodes are in order
  std::string name = output;
  for (;;) {
    const Node* node = lowering.producer(name);
    if (cuts.empty() && is_given(lowering, name)) return name;
    const auto it = lowering.values.find(name);
    const bool constant = it != lowering.values.end() && std::holds_alternative<Constant>(it->second.kind);
    const Operator* op = node ? find_operator(node->op) : nullptr;
    if (!op || op->host == OnHost::no || constant) return tl::unexpected(no_begin(lowering, output, name, node));
    for (const std::string& in : node->inputs) {
      const auto value = lowering.values.find(in);
      if (value == lowering.values.end() || std::holds_alternative<Constant>(value->second.kind)) continue;
      const Node* before = lowering.producer(in);
      // A name that two nodes compute could lead in a circle.
      if (!before || before >= node) return tl::unexpected(no_begin(lowering, output, in, before));
      cuts[before] = in;
    }
    if (cuts.empty()) return tl::unexpected(no_begin(lowering, output, name, node));
    name = std::prev(cuts.end())->second;
    cuts.erase(std::prev(cuts.end()));
  }
}

Result<void> lower_output(Lowering& lowering, const std::string& name) {
  const auto it = lowering.values.find(name);
  const auto wrong = [&](const char* what) {
    return fail(fmt::format("{}: output '{}' {}", lowering.model.file, name, what));
  };
  if (it == lowering.values.end()) return wrong("is not computed");
  if (std::holds_alternative<Constant>(it->second.kind)) return wrong("is constant");
  const auto begin = last_integer(lowering, name);
  if (!begin) return tl::unexpected(begin.error());
  Value& value = lowering.values[*begin];
  if (const auto* acc = std::get_if<Accumulator>(&value.kind)) {
    value = give_out(lowering, *begin, value, *raw_scales(lowering, *acc));
  }
  NetworkOutput output{name, std::get<Stored>(value.kind).tensor, value.view};
  if (*begin != name) {
    auto host = host_slice(lowering, *begin, name);
    if (!host) return tl::unexpected(host.error());
    output.host = std::move(*host);
  }
  lowering.graph.outputs.push_back(std::move(output));
  return {};
}

}  // namespace

Lowering::Lowering(ModelGraph& from, LayerGraph& to, Notice to_user)
    : model(from), graph(to), notice(std::move(to_user)) {
  for (const auto& [name, array] : model.constants) values[name] = {Constant{name}, {}};
  for (const auto& [name, constant] : model.quantised) values[name] = {Constant{name}, {}};
  for (const std::string& name : model.inputs) values[name] = {HostFloat{{name}}, {model.shapes.at(name), {}}};
  for (std::size_t n = 0; n < model.nodes.size(); ++n) {
    for (const std::string& out : model.nodes[n].outputs) nodes_[out] = n;
    for (const std::string& in : model.nodes[n].inputs) {
      auto& readers = readers_[in];
      if (readers.empty() || readers.back() != n) readers.push_back(n);
    }
  }
}

const Node* Lowering::producer(const std::string& tensor) const {
  const auto it = nodes_.find(tensor);
  return it == nodes_.end() ? nullptr : &model.nodes[it->second];
}

std::vector<const Node*> Lowering::readers(const std::string& tensor) const {
  std::vector<const Node*> nodes;
  const auto it = readers_.find(tensor);
  if (it == readers_.end()) return nodes;
  for (const std::size_t n : it->second) nodes.push_back(&model.nodes[n]);
  return nodes;
}

Result<const Value*> Lowering::input(const NodeView& node, std::size_t i) const {
  if (!node.has_input(i)) return node.error(fmt::format("input {} is missing", i));
  const auto it = values.find(node.node.inputs[i]);
  if (it == values.end()) return node.error(fmt::format("its input '{}' is not supported here", node.node.inputs[i]));
  return &it->second;
}

const Array* Lowering::array(const NodeView& node, std::size_t i) const { return node.constant(i); }

const QuantisedConstant* Lowering::quantised(const NodeView& node, std::size_t i) const {
  if (!node.has_input(i)) return nullptr;
  const auto it = model.quantised.find(node.node.inputs[i]);
  return it == model.quantised.end() ? nullptr : &it->second;
}

Tensor& Lowering::tensor(TensorId id) { return graph.tensors[static_cast<std::size_t>(id)]; }
const Tensor& Lowering::tensor(TensorId id) const { return graph.tensors[static_cast<std::size_t>(id)]; }

TensorId Lowering::add_tensor(Tensor tensor) {
  graph.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph.tensors.size() - 1);
}

LayerId Lowering::add_layer(const std::string& node, Operation op, std::vector<TensorId> inputs, TensorId output) {
  const std::string name = *names_.insert(layer_name(node, names_)).first;
  const LayerId id = boost::add_vertex(Layer{name, node, std::move(op), inputs, output}, graph.dag);
  for (const TensorId in : inputs) {
    consumed_.insert(in);
    const auto producer = producers_.find(in);
    if (producer != producers_.end()) boost::add_edge(producer->second, id, Flow{in}, graph.dag);
  }
  producers_[output] = id;
  return id;
}

bool Lowering::free_dims(TensorId id) const {
  if (consumed_.count(id)) return false;
  const auto producer = producers_.find(id);
  return producer == producers_.end() || std::holds_alternative<Table>(graph.dag[producer->second].op);
}

std::vector<int32_t> normal_order(std::vector<int32_t> order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != static_cast<int32_t>(i)) return order;
  }
  return {};
}

std::vector<int32_t> channels_first_order(const Dims& dims) {
  std::vector<int32_t> order;
  if (dims.c == 1 || int64_t{dims.h} * dims.w == 1) return order;
  order.reserve(static_cast<std::size_t>(dims.count()));
  const int32_t positions = dims.h * dims.w;
  for (int32_t c = 0; c < dims.c; ++c) {
    for (int32_t p = 0; p < positions; ++p) order.push_back(p * dims.c + c);
  }
  return order;
}

Result<LayerGraph> lower_model(ModelGraph& model, RequantPolicy policy, const Notice& notice, CheckLog* log,
                               std::map<std::string, std::pair<double, double>> observed) {
  LayerGraph graph;
  graph.name = model.name;
  graph.policy = policy;
  Lowering lowering(model, graph, notice);
  lowering.observed = std::move(observed);
  for (const Node& node : model.nodes) {
    if (log && pass_over(lowering, node, *log)) continue;
    const char* cause = node.op == "Quant" ? "quantiser" : "layer";
    if (auto ok = lower_node(lowering, node); !ok && !note(log, cause, model, node, ok.error())) {
      return tl::unexpected(ok.error());
    }
  }
  for (const std::string& name : model.outputs) {
    if (log && log->unknown.count(name)) continue;
    auto ok = lower_output(lowering, name);
    if (!ok && !note(log, "output", "", model.file + ": ", ok.error())) return tl::unexpected(ok.error());
    if (!ok) log->findings.back().tensor = name;
  }
  if (log && has_unsupported(log->findings)) {
    close_ends(graph);
    return graph;
  }
  if (graph.inputs.empty()) return fail(fmt::format("{}: its outputs depend on no quantised input", model.file));
  return graph;
}

}  // namespace ares::qonnx
