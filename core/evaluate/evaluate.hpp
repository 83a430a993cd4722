// Evaluation of a QONNX graph in real numbers: what the model means, before any integer arithmetic.
//
// Every node is computed in double, so that sums of quantised values are exact as long as 53 bits hold them; a Quant is
// clip(round(x / scale + zero)), half to even. It shares no code with the importer's lowering or the reference engine:
// the builder calibrates with it, and tests judge the integer arithmetic by it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/import/model_graph.hpp"

namespace ares::qonnx {

/// A dense tensor in row-major order.
struct RealTensor {
  Shape shape;
  std::vector<double> values;
  bool is_integer = false;  ///< of an integer type: Div truncates
  /// float32 data of the file or the caller, at most moved about: its Quant divides in float32, as exporters and the
  /// host do.
  bool is_single = false;

  int64_t count() const { return static_cast<int64_t>(values.size()); }
};

/// The tensor of a constant of the model.
RealTensor real_tensor(const Array& array);

/// float32 data of the caller, such as a model's input.
RealTensor real_tensor(Shape shape, std::span<const float> values);

/// One node on its inputs; an absent optional one is null. Fails where the operator is unknown or the shapes do not
/// fit.
Result<std::vector<RealTensor>> evaluate_node(const Node& node, const std::vector<const RealTensor*>& inputs);

/// Names of the operators that can be evaluated, sorted.
std::vector<std::string> evaluated_operators();

/// A model made ready to be evaluated on many samples: what depends on constants alone is computed once.
class Evaluation {
 public:
  using Tensors = std::map<std::string, RealTensor>;

  /// Fails naming the node that cannot be evaluated.
  static Result<Evaluation> create(ModelGraph model);

  /// Every tensor that depends on the inputs, by name, the inputs included. `inputs` holds one for each of the model's.
  Result<Tensors> run(Tensors inputs) const;

  /// Tensors that follow from constants alone: parameters, quantised weights.
  const Tensors& constants() const { return constants_; }
  const ModelGraph& model() const { return model_; }

 private:
  ModelGraph model_;  ///< nodes that constants_ does not answer
  Tensors constants_;
};

/// The integers q of a tensor that Quant `node` produced: round(x / scale) + zero point. `run` is what run() returned.
Result<std::vector<int64_t>> quantised_integers(const Evaluation& evaluation, const Evaluation::Tensors& run,
                                                const Node& node);

}  // namespace ares::qonnx
