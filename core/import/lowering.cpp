#include "core/import/lowering.hpp"
#include "core/ir/graph.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ares::qonnx {
namespace {

/// An accumulator that the model gives out as it is: int32 with the scale of its products.
Result<Value> give_out(Lowering& lowering, const std::string& name, const Value& value) {
  const auto& acc = std::get<Accumulator>(value.kind);
  const auto wrong = [&](const char* what) {
    return fail(fmt::format("{}: output '{}' (node '{}'): {}", lowering.model.file, name, acc.node, what));
  };
  if (acc.clip.any()) return wrong("a ReLU on an unquantised output is not supported; put a Quant after it");
  const double input_scale = lowering.tensor(acc.input).q.scale;
  std::vector<double> scales;
  for (const double s : acc.layer.weight_scale) scales.push_back(s * input_scale);
  if (std::any_of(scales.begin(), scales.end(), [](double s) { return s == 0; })) return wrong("a channel has gain 0");
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
  const Operator* op = find_operator(node.op);
  if (op && op->lower_all) {
    auto values = op->lower_all(lowering, view);
    if (!values) return tl::unexpected(values.error());
    for (std::size_t i = 0; i < std::min(values->size(), node.outputs.size()); ++i) {
      lowering.values[node.outputs[i]] = std::move((*values)[i]);
    }
    return {};
  }
  if (!op || !op->lower) return view.error("is only supported on constants");
  auto value = op->lower(lowering, view);
  if (!value) return tl::unexpected(value.error());
  lowering.values[node.outputs[0]] = std::move(*value);
  return {};
}

Result<void> lower_output(Lowering& lowering, const std::string& name) {
  const auto it = lowering.values.find(name);
  const auto wrong = [&](const char* what) {
    return fail(fmt::format("{}: output '{}' {}", lowering.model.file, name, what));
  };
  if (it == lowering.values.end()) return wrong("is not computed");
  Value value = it->second;
  if (std::holds_alternative<Constant>(value.kind)) return wrong("is constant");
  if (std::holds_alternative<HostFloat>(value.kind)) return wrong("is the model's float input");
  if (std::holds_alternative<Padded>(value.kind)) return wrong("is padded last; only a Conv or pool takes in a Pad");
  if (!std::holds_alternative<Accumulator>(value.kind) && !std::holds_alternative<Stored>(value.kind))
    return wrong("is not quantised; put a Quant before it");
  if (std::holds_alternative<Accumulator>(value.kind)) {
    auto given = give_out(lowering, name, value);
    if (!given) return tl::unexpected(given.error());
    value = std::move(*given);
  }
  lowering.graph.outputs.push_back({name, std::get<Stored>(value.kind).tensor, value.view});
  return {};
}

}  // namespace

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

Result<LayerGraph> lower_model(ModelGraph& model) {
  LayerGraph graph;
  graph.name = model.name;
  Lowering lowering(model, graph);
  for (const auto& [name, array] : model.constants) lowering.values[name] = {Constant{name}, {}};
  for (const auto& [name, constant] : model.quantised) lowering.values[name] = {Constant{name}, {}};
  for (const std::string& name : model.inputs) lowering.values[name] = {HostFloat{name}, {model.shapes.at(name), {}}};
  for (const Node& node : model.nodes) {
    if (auto ok = lower_node(lowering, node); !ok) return tl::unexpected(ok.error());
  }
  for (const std::string& name : model.outputs) {
    if (auto ok = lower_output(lowering, name); !ok) return tl::unexpected(ok.error());
  }
  if (graph.inputs.empty()) return fail(fmt::format("{}: its outputs depend on no quantised input", model.file));
  return graph;
}

}  // namespace ares::qonnx
