// The model as the ONNX file states it, in plain structs: nodes, constants, shapes. Passes rewrite it until every node
// can be lowered to integer layers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/import/array.hpp"

namespace ares::qonnx {

using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, Array>;

struct Node {
  std::string name;  ///< as in the file; "Op#index" where the file gives none
  std::string op, domain;
  std::map<std::string, Attribute> attributes;
  std::vector<std::string> inputs, outputs;  ///< an absent optional one is an empty string
};

/// A constant that the model quantises: real = (q - zero_point) * scale. Scale and zero point have the rank of `shape`
/// and broadcast to it.
struct QuantisedConstant {
  Shape shape;
  std::vector<int64_t> q;
  Array scale, zero_point;
  int bits = 8;
  bool is_signed = true;
};

struct ModelGraph {
  std::string file;         ///< as the user gave it, for messages
  std::string name;         ///< the file's stem
  std::vector<Node> nodes;  ///< every node after the producers of its inputs
  std::map<std::string, Array> constants;
  std::map<std::string, QuantisedConstant> quantised;  ///< filled by the pass quantise_constants
  std::map<std::string, Shape> shapes;                 ///< activations, filled by infer_shapes; inputs: from the file
  std::vector<std::string> inputs, outputs;            ///< inputs that are no initialisers
};

/// "model.qonnx: node '/conv1/Conv' (Conv): what"
Error node_error(const ModelGraph& model, const Node& node, const std::string& what);

const Attribute* find_attribute(const Node& node, const std::string& name);

/// The attribute, or `fallback` where the node lacks it or holds another type.
int64_t int_attribute(const Node& node, const std::string& name, int64_t fallback);
double float_attribute(const Node& node, const std::string& name, double fallback);
std::string string_attribute(const Node& node, const std::string& name, const std::string& fallback);
std::optional<std::vector<int64_t>> ints_attribute(const Node& node, const std::string& name);

/// A node in its model: what operators see of both.
struct NodeView {
  const ModelGraph& model;
  const Node& node;

  bool has_input(std::size_t i) const { return i < node.inputs.size() && !node.inputs[i].empty(); }
  /// Shape of input i; fails where it is absent or not known.
  Result<Shape> shape(std::size_t i) const;
  /// The constant on input i, or null.
  const Array* constant(std::size_t i) const;
  /// The integers of input i, which has to be constant.
  Result<std::vector<int64_t>> integers(std::size_t i) const;
  tl::unexpected<Error> error(const std::string& what) const { return tl::unexpected(node_error(model, node, what)); }
};

}  // namespace ares::qonnx
