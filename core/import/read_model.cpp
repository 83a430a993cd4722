#include "core/import/read_model.hpp"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

#include "core/base/file.hpp"
#include "core/base/text.hpp"
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
      auto tensor = read_tensor(a.t(), {});
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

/// The version of ONNX's own operators; 0 where the file does not say.
int64_t opset_of(const onnx::ModelProto& proto) {
  for (const auto& set : proto.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") return set.version();
  }
  return 0;
}

/// Before opset 13 a softmax goes over all axes from `axis` (1 where it has none) on, as if they were one: an attribute
/// of ours tells the evaluation.
void mark_flattened(Node& node, int64_t opset) {
  if ((node.op != "Softmax" && node.op != "LogSoftmax") || opset < 1 || opset >= 13) return;
  node.attributes.try_emplace("axis", int64_t{1});
  node.attributes["flattened"] = int64_t{1};
}

/// Before opset 20 a transform goes along axis 1 where nothing else is said.
void mark_axis(Node& node, int64_t opset) {
  if (node.op == "DFT" && opset >= 1 && opset < 20) node.attributes.try_emplace("axis", int64_t{1});
}

/// The declared shape; -1 for a dimension without a value.
Shape declared_shape(const onnx::ValueInfoProto& info) {
  Shape shape;
  for (const auto& d : info.type().tensor_type().shape().dim()) {
    shape.push_back(d.has_dim_value() && d.dim_value() > 0 ? d.dim_value() : -1);
  }
  return shape;
}

/// The first name of the graph that cannot stand in a message or a report, or null.
const std::string* unclean_name(const onnx::GraphProto& graph) {
  const auto wrong = [](const std::string& name) { return !is_clean_text(name); };
  const auto first = [&](const auto& names) -> const std::string* {
    const auto it = std::find_if(names.begin(), names.end(), wrong);
    return it == names.end() ? nullptr : &*it;
  };
  for (const auto& n : graph.node()) {
    for (const auto* name : {&n.name(), &n.op_type(), &n.domain()}) {
      if (wrong(*name)) return name;
    }
    for (const auto* names : {&n.input(), &n.output()}) {
      if (const auto* name = first(*names)) return name;
    }
    for (const auto& a : n.attribute()) {
      if (wrong(a.name())) return &a.name();
    }
  }
  for (const auto& t : graph.initializer()) {
    if (wrong(t.name())) return &t.name();
  }
  for (const auto* ends : {&graph.input(), &graph.output()}) {
    for (const auto& end : *ends) {
      if (wrong(end.name())) return &end.name();
    }
  }
  return nullptr;
}

Result<void> read_initialisers(const onnx::GraphProto& graph, ModelGraph& model) {
  const auto directory = std::filesystem::path(model.file).parent_path();
  int64_t external = 0;
  for (const auto& t : graph.initializer()) {
    auto array = read_tensor(t, directory);
    if (!array) return fail(fmt::format("{}: initialiser '{}': {}", model.file, t.name(), array.error().what));
    external += t.data_location() == onnx::TensorProto::EXTERNAL ? array->count() : 0;
    if (external > kMaxExternal) {
      return fail(fmt::format("{}: more than {} values lie in other files", model.file, kMaxExternal));
    }
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

/// Which node produces each tensor; inputs and constants have none.
Result<std::map<std::string, std::size_t>> find_producers(const ModelGraph& model) {
  std::map<std::string, std::size_t> producers;
  const std::set<std::string> inputs(model.inputs.begin(), model.inputs.end());
  const auto taken = [&](const std::string& name) { return model.constants.count(name) || inputs.count(name); };
  for (std::size_t n = 0; n < model.nodes.size(); ++n) {
    for (const std::string& out : model.nodes[n].outputs) {
      if (out.empty()) continue;
      if (taken(out) || !producers.emplace(out, n).second) {
        return tl::unexpected(node_error(model, model.nodes[n], fmt::format("tensor '{}' has two producers", out)));
      }
    }
  }
  for (const std::string& out : model.outputs) {
    if (!producers.count(out) && !taken(out)) {
      return fail(fmt::format("{}: output '{}' is produced by no node", model.file, out));
    }
  }
  return producers;
}

/// The nodes that read what each node produces, once per input, and how many inputs each node waits for.
struct Dependencies {
  std::vector<std::vector<std::size_t>> readers;
  std::vector<std::size_t> waiting;
};

Result<Dependencies> find_dependencies(const ModelGraph& model) {
  const auto producers = find_producers(model);
  if (!producers) return tl::unexpected(producers.error());
  std::set<std::string> known(model.inputs.begin(), model.inputs.end());
  Dependencies d{std::vector<std::vector<std::size_t>>(model.nodes.size()),
                 std::vector<std::size_t>(model.nodes.size())};
  for (std::size_t n = 0; n < model.nodes.size(); ++n) {
    for (const std::string& in : model.nodes[n].inputs) {
      if (in.empty() || known.count(in) || model.constants.count(in)) continue;
      const auto producer = producers->find(in);
      if (producer == producers->end()) {
        return tl::unexpected(
            node_error(model, model.nodes[n], fmt::format("its input '{}' is produced by no node", in)));
      }
      d.readers[producer->second].push_back(n);
      ++d.waiting[n];
    }
  }
  return d;
}

/// Puts every node after the producers of its inputs, keeping the file's order where it can.
Result<void> sort_nodes(ModelGraph& model) {
  auto d = find_dependencies(model);
  if (!d) return tl::unexpected(d.error());
  std::set<std::size_t> ready;
  for (std::size_t n = 0; n < d->waiting.size(); ++n) {
    if (d->waiting[n] == 0) ready.insert(n);
  }
  std::vector<Node> sorted;
  while (!ready.empty()) {
    const std::size_t n = *ready.begin();
    ready.erase(ready.begin());
    sorted.push_back(std::move(model.nodes[n]));
    for (const std::size_t reader : d->readers[n]) {
      if (--d->waiting[reader] == 0) ready.insert(reader);
    }
  }
  for (std::size_t n = 0; n < d->waiting.size(); ++n) {
    if (d->waiting[n]) return tl::unexpected(node_error(model, model.nodes[n], "depends on its own output"));
  }
  model.nodes = std::move(sorted);
  return {};
}

}  // namespace

Result<ModelGraph> parse_model(const std::string& bytes, const std::string& file) {
  const google::protobuf::LogSilencer silent;  // its own lines on stderr would stand beside ours
  onnx::ModelProto proto;
  if (bytes.size() > static_cast<std::size_t>(kMaxFileBytes)) {
    return fail(fmt::format("{}: has {} bytes; at most {} are supported", file, bytes.size(), kMaxFileBytes));
  }
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(fmt::format("{}: not an ONNX file, or truncated ({} bytes); export it again", file, bytes.size()));
  }
  if (!proto.has_graph() || proto.graph().node_size() == 0) {
    return fail(fmt::format("{}: holds no ONNX graph ({} bytes); export it again", file, bytes.size()));
  }
  if (proto.graph().node_size() > kMaxNodes) {
    return fail(fmt::format("{}: has {} nodes; at most {} are supported", file, proto.graph().node_size(), kMaxNodes));
  }
  if (const auto* name = unclean_name(proto.graph())) {
    return fail(fmt::format("{}: the name '{}' is not UTF-8 or holds control characters; export it with plain names",
                            file, printable(*name, 80)));
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
    mark_flattened(*node, opset_of(proto));
    mark_axis(*node, opset_of(proto));
    model.nodes.push_back(std::move(*node));
  }
  if (auto ok = sort_nodes(model); !ok) return tl::unexpected(ok.error());
  return model;
}

Result<ModelGraph> read_model(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::is_regular_file(path, error) ? std::filesystem::file_size(path, error) : 0;
  if (!error && size > static_cast<std::uintmax_t>(kMaxFileBytes)) {
    return fail(fmt::format("{}: has {} bytes; at most {} are supported", path.string(), size, kMaxFileBytes));
  }
  const auto bytes = read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return parse_model(*bytes, path.string());
}

}  // namespace ares::qonnx
