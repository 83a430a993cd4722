#include "core/import/read_model.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <limits>
#include <set>

#include "core/base/file.hpp"
#include "core/import/read_tensor.hpp"

namespace ares::qonnx {
namespace {

using onnx::AttributeProto;

Result<std::optional<Attribute>> read_attribute(const AttributeProto& a) {
  switch (a.type()) {
    case AttributeProto::INT:
      return Attribute(int64_t{a.i()});
    case AttributeProto::FLOAT:
      return Attribute(double{a.f()});
    case AttributeProto::STRING:
      return Attribute(a.s());
    case AttributeProto::INTS:
      return Attribute(std::vector<int64_t>(a.ints().begin(), a.ints().end()));
    case AttributeProto::FLOATS:
      return Attribute(std::vector<double>(a.floats().begin(), a.floats().end()));
    case AttributeProto::TENSOR: {
      auto tensor = read_tensor(a.t());
      if (!tensor) return fail(fmt::format("attribute '{}': {}", a.name(), tensor.error().what));
      return Attribute(std::move(*tensor));
    }
    default:  // graphs, strings and sparse tensors: no operator that ARES supports has one
      return std::optional<Attribute>();
  }
}

Result<Node> read_node(const onnx::NodeProto& n, int index) {
  Node node{
      n.name().empty() ? fmt::format("{}#{}", n.op_type(), index) : n.name(), n.op_type(), n.domain(), {}, {}, {}};
  node.inputs.assign(n.input().begin(), n.input().end());
  node.outputs.assign(n.output().begin(), n.output().end());
  for (const auto& a : n.attribute()) {
    auto attribute = read_attribute(a);
    if (!attribute) return fail(fmt::format("node '{}' ({}): {}", node.name, node.op, attribute.error().what));
    if (*attribute) node.attributes[a.name()] = std::move(**attribute);
  }
  return node;
}

/// The declared shape; -1 for a dimension without a value.
Shape declared_shape(const onnx::ValueInfoProto& info) {
  Shape shape;
  for (const auto& d : info.type().tensor_type().shape().dim()) {
    shape.push_back(d.has_dim_value() && d.dim_value() > 0 ? d.dim_value() : -1);
  }
  return shape;
}

Result<void> read_initialisers(const onnx::GraphProto& graph, ModelGraph& model) {
  for (const auto& t : graph.initializer()) {
    auto array = read_tensor(t);
    if (!array) return fail(fmt::format("{}: initialiser '{}': {}", model.file, t.name(), array.error().what));
    model.constants[t.name()] = std::move(*array);
  }
  if (graph.sparse_initializer_size()) {
    return fail(fmt::format("{}: sparse initialisers are not supported; store them dense", model.file));
  }
  return {};
}

void read_ends(const onnx::GraphProto& graph, ModelGraph& model) {
  for (const auto& in : graph.input()) {
    if (model.constants.count(in.name())) continue;
    model.inputs.push_back(in.name());
    model.shapes[in.name()] = declared_shape(in);
  }
  for (const auto& out : graph.output()) model.outputs.push_back(out.name());
}

/// Puts every node after the producers of its inputs, keeping the file's order where it can.
Result<void> sort_nodes(ModelGraph& model) {
  std::set<std::string> known(model.inputs.begin(), model.inputs.end());
  for (const auto& [name, array] : model.constants) known.insert(name);
  std::vector<Node> sorted;
  std::vector<Node> waiting = std::move(model.nodes);
  while (!waiting.empty()) {
    std::vector<Node> later;
    const std::size_t before = sorted.size();
    for (Node& node : waiting) {
      const bool ready = std::all_of(node.inputs.begin(), node.inputs.end(),
                                     [&](const std::string& i) { return i.empty() || known.count(i); });
      if (!ready) {
        later.push_back(std::move(node));
        continue;
      }
      for (const std::string& out : node.outputs) {
        if (!out.empty() && !known.insert(out).second) {
          return tl::unexpected(node_error(model, node, fmt::format("tensor '{}' has two producers", out)));
        }
      }
      sorted.push_back(std::move(node));
    }
    if (sorted.size() == before) {
      const Node& node = later.front();
      for (const std::string& in : node.inputs) {
        if (in.empty() || known.count(in)) continue;
        return tl::unexpected(
            node_error(model, node, fmt::format("its input '{}' is produced by no earlier node", in)));
      }
    }
    waiting = std::move(later);
  }
  model.nodes = std::move(sorted);
  for (const std::string& out : model.outputs) {
    if (!known.count(out)) return fail(fmt::format("{}: output '{}' is produced by no node", model.file, out));
  }
  return {};
}

}  // namespace

Result<ModelGraph> parse_model(const std::string& bytes, const std::string& file) {
  const google::protobuf::LogSilencer silent;  // its own lines on stderr would stand beside ours
  onnx::ModelProto proto;
  if (bytes.size() > std::numeric_limits<int>::max()) {
    return fail(fmt::format("{}: larger than 2 GiB, which no ONNX file is", file));
  }
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(fmt::format("{}: not an ONNX file, or truncated ({} bytes); export it again", file, bytes.size()));
  }
  if (!proto.has_graph() || proto.graph().node_size() == 0) {
    return fail(fmt::format("{}: holds no ONNX graph ({} bytes); export it again", file, bytes.size()));
  }
  ModelGraph model;
  model.file = file;
  model.name = std::filesystem::path(file).stem().string();
  if (auto ok = read_initialisers(proto.graph(), model); !ok) return tl::unexpected(ok.error());
  read_ends(proto.graph(), model);
  if (model.inputs.empty()) return fail(fmt::format("{}: has no input (every input is an initialiser)", file));
  if (model.outputs.empty()) return fail(fmt::format("{}: has no output", file));
  for (int i = 0; i < proto.graph().node_size(); ++i) {
    auto node = read_node(proto.graph().node(i), i);
    if (!node) return fail(fmt::format("{}: {}", file, node.error().what));
    model.nodes.push_back(std::move(*node));
  }
  if (auto ok = sort_nodes(model); !ok) return tl::unexpected(ok.error());
  return model;
}

Result<ModelGraph> read_model(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_model(*bytes, path.string());
}

}  // namespace ares::qonnx
