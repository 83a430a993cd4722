#include "core/builder/write_model.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <limits>

#include "core/base/file.hpp"
#include "core/builder/model_builder.hpp"
#include "core/passes/pass.hpp"

namespace ares::qonnx {
namespace {

// What PyTorch 1.13 and Brevitas 0.12 write.
constexpr int64_t kIrVersion = 7, kOpset = 14, kQonnxVersion = 2;

/// The version of ONNX's own operators that has all of a model's.
int64_t opset_of(const ModelGraph& model) {
  static const std::map<std::string, int64_t> since{
      {"DFT", 17},  {"LayerNormalization", 17}, {"GroupNormalization", 18},
      {"Gelu", 20}, {"RMSNormalization", 23},   {"RotaryEmbedding", 23}};
  int64_t opset = kOpset;
  for (const Node& node : model.nodes) {
    const auto it = node.domain.empty() ? since.find(node.op) : since.end();
    if (it != since.end()) opset = std::max(opset, it->second);
  }
  return opset;
}

template <class T>
std::string raw_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void write_tensor(const Array& array, onnx::TensorProto& t) {
  for (const int64_t d : array.shape) t.add_dims(d);
  constexpr int kTypes[] = {onnx::TensorProto::FLOAT, onnx::TensorProto::DOUBLE, onnx::TensorProto::INT64};
  t.set_data_type(kTypes[array.values.index()]);
  std::visit([&](const auto& values) { t.set_raw_data(raw_bytes(values)); }, array.values);
}

struct AttributeWriter {
  onnx::AttributeProto& a;

  void operator()(int64_t v) {
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(v);
  }
  void operator()(double v) {
    a.set_type(onnx::AttributeProto::FLOAT);
    a.set_f(static_cast<float>(v));
  }
  void operator()(const std::string& v) {
    a.set_type(onnx::AttributeProto::STRING);
    a.set_s(v);
  }
  void operator()(const std::vector<int64_t>& v) {
    a.set_type(onnx::AttributeProto::INTS);
    for (const int64_t i : v) a.add_ints(i);
  }
  void operator()(const std::vector<double>& v) {
    a.set_type(onnx::AttributeProto::FLOATS);
    for (const double f : v) a.add_floats(static_cast<float>(f));
  }
  void operator()(const Array& v) {
    a.set_type(onnx::AttributeProto::TENSOR);
    write_tensor(v, *a.mutable_t());
  }
};

void write_node(const Node& node, onnx::NodeProto& n) {
  for (const std::string& in : node.inputs) n.add_input(in);
  for (const std::string& out : node.outputs) n.add_output(out);
  n.set_name(node.name);
  n.set_op_type(node.op);
  if (!node.domain.empty()) n.set_domain(node.domain);
  for (const auto& [name, value] : node.attributes) {
    onnx::AttributeProto& a = *n.add_attribute();
    a.set_name(name);
    std::visit(AttributeWriter{a}, value);
  }
}

void write_end(const std::string& name, int type, const Shape& shape, onnx::ValueInfoProto& info) {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  auto& dims = *tensor.mutable_shape();
  for (const int64_t d : shape) dims.add_dim()->set_dim_value(d);
}

/// Shapes of the outputs: the model's own, else what the importer's passes infer on a copy.
Result<std::vector<Shape>> output_shapes(const ModelGraph& model) {
  const auto all_from = [&](const ModelGraph& m) -> std::optional<std::vector<Shape>> {
    std::vector<Shape> shapes;
    for (const std::string& name : model.outputs) {
      const auto it = m.shapes.find(name);
      if (it == m.shapes.end()) return std::nullopt;
      shapes.push_back(it->second);
    }
    return shapes;
  };
  if (auto shapes = all_from(model)) return *shapes;
  NetworkState state{model, {}, [](const std::string&) {}};
  for (const auto pass : {canonicalise, infer_shapes}) {
    if (auto ok = pass(state); !ok) return tl::unexpected(ok.error());
  }
  if (auto shapes = all_from(state.model)) return *shapes;
  return fail(fmt::format("{}: an output is constant; it needs no model", model.file));
}

void write_header(const ModelGraph& model, onnx::ModelProto& proto) {
  proto.set_ir_version(kIrVersion);
  proto.set_producer_name("ares");
  auto& opset = *proto.add_opset_import();
  opset.set_domain("");
  opset.set_version(opset_of(model));
  auto& custom = *proto.add_opset_import();
  custom.set_domain(builder::kQonnxDomain);
  custom.set_version(kQonnxVersion);
  const auto is_own = [](const Node& n) { return n.domain == builder::kAresDomain; };
  if (std::none_of(model.nodes.begin(), model.nodes.end(), is_own)) return;
  auto& own = *proto.add_opset_import();
  own.set_domain(builder::kAresDomain);
  own.set_version(1);
}

}  // namespace

Result<std::string> serialise_model(const ModelGraph& model) {
  const auto outputs = output_shapes(model);
  if (!outputs) return tl::unexpected(outputs.error());
  onnx::ModelProto proto;
  write_header(model, proto);
  onnx::GraphProto& graph = *proto.mutable_graph();
  graph.set_name("torch_jit");
  for (const Node& node : model.nodes) write_node(node, *graph.add_node());
  for (const std::string& name : model.inputs) {
    const auto shape = model.shapes.find(name);
    if (shape == model.shapes.end()) return fail(fmt::format("{}: input '{}' has no shape", model.file, name));
    write_end(name, onnx::TensorProto::FLOAT, shape->second, *graph.add_input());
  }
  for (const auto& [name, array] : model.constants) {
    onnx::TensorProto& t = *graph.add_initializer();
    write_tensor(array, t);
    t.set_name(name);
    write_end(name, t.data_type(), array.shape, *graph.add_input());
  }
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    write_end(model.outputs[i], onnx::TensorProto::FLOAT, (*outputs)[i], *graph.add_output());
  }
  if (proto.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(fmt::format("{}: larger than 2 GiB, which no ONNX file can be", model.file));
  }
  return proto.SerializeAsString();
}

Result<void> write_model(const ModelGraph& model, const std::filesystem::path& path) {
  const auto bytes = serialise_model(model);
  if (!bytes) return tl::unexpected(bytes.error());
  return write_file(path, *bytes);
}

}  // namespace ares::qonnx
