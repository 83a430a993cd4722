// Lowering: the model's nodes, in order, become values; a value that meets its quantiser becomes an integer layer.
//
// A float tensor between two quantisers is never stored. It is held as what it was computed from (an accumulator with
// its epilogue, a function of one stored tensor) until a Quant gives it a scale, and that Quant is one rounding step.
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "core/import/finding.hpp"
#include "core/import/model_graph.hpp"
#include "core/import/operator.hpp"
#include "core/ir/layer.hpp"

namespace ares::qonnx {

/// A tensor that only the host can compute: a model input before its first quantiser, or what float nodes make of it or
/// of the last integer tensors.
struct HostFloat {
  std::set<std::string> sources;  ///< the model inputs and integer tensors it is computed from
  bool computed = false;          ///< false: a model input, moved about at most; its view says how
  std::string blame = {};         ///< the first node that only the host can compute, for messages
};

/// A stored integer tensor.
struct Stored {
  TensorId tensor = -1;
};

/// A function of each element of one stored tensor: its real value for each of the 256 stored inputs.
struct Unary {
  TensorId tensor = -1;
  std::array<double, 256> values{};
  std::string node;  ///< the node that began it
};

/// Real bounds on a value that is not quantised yet (ReLU, Clip). They become the clip range of its Quant: rounding is
/// monotone, so clip(round(clamp(v, lo, hi))) is clip(round(v)) within the rounded bounds.
struct Clip {
  double lo = -std::numeric_limits<double>::infinity(), hi = std::numeric_limits<double>::infinity();
  bool any() const { return std::isfinite(lo) || std::isfinite(hi); }
};

/// A weighted layer whose output is not quantised yet: weights, scales and bias are complete, requantisation is not.
struct Accumulator {
  Weighted layer;
  TensorId input = -1;
  Dims out;
  std::string node;
  Clip clip = {};
  std::size_t channel_axis = 0;  ///< of the model's shape
  bool reshaped = false;         ///< channel_axis no longer holds
};

/// A function of a sum that is not quantised: the sum is kept in 16 bits, the function becomes a Curve.
struct Wide {
  Accumulator sum;
  std::string base;  ///< the model's tensor that holds the sum
  std::function<double(double)> f;
};

/// An average whose output is not quantised yet; its requantisation is not filled.
struct Average {
  AveragePool layer;
  TensorId input = -1;
  Dims out;
  std::string node;
  Clip clip = {};
};

/// The sum, difference or product of two stored tensors, not quantised yet; its requantisation is not filled.
struct Pair {
  Operation op;  ///< Add or Multiply
  TensorId first = -1, second = -1;
  std::string node;
  Clip clip = {};
};

/// A norm, softmax or product of activations that is not quantised yet; its requantisation is not filled.
struct Pending {
  Operation op;  ///< Norm, Softmax or MatMul
  std::vector<TensorId> inputs;
  Dims out;
  std::string node;
  std::optional<Movement> picked = {};  ///< the part of `out` that the value is
};

/// A sum plus constants that differ from token to token, behind tokens that are constant (positional embedding, class
/// token), not quantised yet. All in the model's order, which is that of the device.
struct TokenSum {
  Accumulator sum;
  std::string base;            ///< the model's tensor that holds the sum
  ModelView view;              ///< of the sum alone
  std::vector<double> shift;   ///< what is added to each element of the sum
  std::vector<double> before;  ///< elements in front of them
  std::string node;
};

/// A function of a stored tensor that lands in a box of a rearranged one.
struct MovedPart {
  TensorId tensor = -1;
  std::array<double, 256> values{};  ///< real value of each stored input
  Movement movement;
  double fill = 0;  ///< real value outside of the input
};

/// Stored tensors that were moved (Concat, Slice, Pad, ..) and have no common scale before their Quant.
struct Moved {
  std::vector<MovedPart> parts;
  Dims out;
  bool flat = false;
  std::string node;
};

/// A stored image with real zeros around it, which a Conv or pool takes in. `inner`: the view without them.
struct Padded {
  TensorId tensor = -1;
  Window pads;  ///< its pads alone
  ModelView inner;
};

/// What a tensor of the model is while lowering. Constants stay where the ModelGraph has them: `Constant` names one.
struct Constant {
  std::string name;
};

using ValueKind = std::variant<Constant, HostFloat, Stored, Unary, Accumulator, Wide, Average, Padded, Pair, Pending,
                               TokenSum, Moved>;

/// `view`: the model's shape of it, and for each element its offset in device order; unused for a Constant.
struct Value {
  ValueKind kind;
  ModelView view;
};

/// Takes one line for the user.
using Notice = std::function<void(const std::string&)>;

/// The model and the layer graph that grows from it.
class Lowering {
 public:
  Lowering(ModelGraph& from, LayerGraph& to, Notice to_user);

  /// The value of input i of a node.
  Result<const Value*> input(const NodeView& node, std::size_t i) const;
  /// The raw or quantised constant on input i, or null.
  const Array* array(const NodeView& node, std::size_t i) const;
  const QuantisedConstant* quantised(const NodeView& node, std::size_t i) const;

  TensorId add_tensor(Tensor tensor);
  /// Adds a layer and its edges; its name comes from the node it stems from.
  LayerId add_layer(const std::string& node, Operation op, std::vector<TensorId> inputs, TensorId output);
  Tensor& tensor(TensorId id);
  const Tensor& tensor(TensorId id) const;
  /// True when nothing depends on the tensor's dims yet and its producer works element by element.
  bool free_dims(TensorId id) const;
  /// The node that computes a tensor of the model, or null.
  const Node* producer(const std::string& tensor) const;
  /// The nodes that read it, each once.
  std::vector<const Node*> readers(const std::string& tensor) const;

  ModelGraph& model;
  LayerGraph& graph;
  Notice notice;
  std::map<std::string, Value> values;
  std::map<std::string, std::pair<double, double>> observed;  ///< ranges of the model's tensors, from samples
  std::map<std::string, TensorId> inner;                      ///< tensors without a Quant that layers read in 16 bits

 private:
  std::map<TensorId, LayerId> producers_;
  std::set<TensorId> consumed_;
  std::set<std::string> names_;
  std::map<std::string, std::size_t> nodes_;                 ///< index of the node that computes each tensor
  std::map<std::string, std::vector<std::size_t>> readers_;  ///< and of those that read it
};

/// An identity order is the empty one.
std::vector<int32_t> normal_order(std::vector<int32_t> order);

/// Device offset of each element of a row-major [1, c, h, w] tensor stored as h x w x c.
std::vector<int32_t> channels_first_order(const Dims& dims);

/// Layer name from a node's: the module path without the operator and what exporters add, sanitised, unique in `taken`.
std::string layer_name(const std::string& node, const std::set<std::string>& taken);

/// The pass `lower`: every node of the model, then its outputs. With a log, what cannot be lowered is taken down, and
/// the graph holds the rest: a Quant of an unknown tensor is an input of it, what nothing reads any more an output.
Result<LayerGraph> lower_model(ModelGraph& model, RequantPolicy policy, const Notice& notice, CheckLog* log = nullptr,
                               std::map<std::string, std::pair<double, double>> observed = {});

}  // namespace ares::qonnx
