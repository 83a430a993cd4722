// What the importer knows of one operator. Adding one: a file in operators/ that defines its Operator, and its line in
// operators/registry.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

struct Value;
class Lowering;

using ShapesResult = Result<std::vector<Shape>>;
using ArraysResult = Result<std::vector<Array>>;

/// Whether an operator may run in float on the host, before the first Quant and after the last integer tensor. `moves`:
/// it changes no value, so that its `lower` takes a model input, too, as long as nothing has been computed of it.
enum class OnHost { no, yes, moves };

/// Functions that an operator lacks are null.
struct Operator {
  std::string_view name;
  /// Shapes of the outputs, from the shapes (and constants) of the inputs.
  ShapesResult (*shapes)(const NodeView&) = nullptr;
  /// Values of the outputs when every present input is constant.
  ArraysResult (*fold)(const NodeView&) = nullptr;
  /// `fold` needs the shapes of its inputs alone.
  bool folds_from_shapes = false;
  /// What the node's first output is in terms of integer layers; adds the layers that become complete.
  Result<Value> (*lower)(Lowering&, const NodeView&) = nullptr;
  /// The same for an operator with several outputs.
  Result<std::vector<Value>> (*lower_all)(Lowering&, const NodeView&) = nullptr;
  OnHost host = OnHost::no;
  /// One line of the page of supported operations.
  std::string_view supports = {};
};

/// The operator of that name, or null.
const Operator* find_operator(std::string_view name);

/// All of them, sorted by name.
std::vector<const Operator*> operators();

/// All names, sorted, separated by ", ".
std::string operator_names();

}  // namespace ares::qonnx
