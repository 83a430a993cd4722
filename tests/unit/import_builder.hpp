// Models written down node by node, for tests of the importer and its passes.
#pragma once

#include <numeric>
#include <string>
#include <vector>

#include "core/import/model_graph.hpp"
#include "core/ir/graph.hpp"
#include "core/passes/pass.hpp"

namespace ares::test {

struct ModelBuilder {
  using Attributes = std::map<std::string, qonnx::Attribute>;
  qonnx::ModelGraph model;

  ModelBuilder() {
    model.file = "test.qonnx";
    model.name = "test";
  }

  std::string input(const std::string& name, qonnx::Shape shape) {
    model.inputs.push_back(name);
    model.shapes[name] = std::move(shape);
    return name;
  }

  std::string floats(const std::string& name, qonnx::Shape shape, std::vector<float> values) {
    model.constants[name] = {std::move(shape), std::move(values)};
    return name;
  }

  std::string scalar(float value) { return floats("c" + std::to_string(model.constants.size()), {}, {value}); }

  std::string ints(const std::string& name, std::vector<int64_t> values) {
    const auto count = static_cast<int64_t>(values.size());
    model.constants[name] = qonnx::make_integers({count}, std::move(values));
    return name;
  }

  /// Adds a node named `name` with output "name:0".
  std::string node(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                   Attributes attributes = {}) {
    model.nodes.push_back({name, op, "", std::move(attributes), std::move(inputs), {name + ":0"}});
    return name + ":0";
  }

  struct QuantSpec {
    float scale = 1;
    bool is_signed = true;
    float zero_point = 0, bits = 8;
    bool narrow = false;
  };

  std::string quant(const std::string& name, const std::string& source, const QuantSpec& q) {
    return node("Quant", name, {source, scalar(q.scale), scalar(q.zero_point), scalar(q.bits)},
                {{"signed", int64_t{q.is_signed}}, {"narrow", int64_t{q.narrow}}});
  }

  void output(const std::string& name) { model.outputs.push_back(name); }
};

/// All passes; notices are appended to `notices` when given.
inline Result<LayerGraph> run_pipeline(const qonnx::ModelGraph& model, RequantPolicy policy = RequantPolicy::exact,
                                       std::vector<std::string>* notices = nullptr) {
  NetworkState state{model, {}, [&](const std::string& line) {
                       if (notices) notices->push_back(line);
                     }};
  state.layers.policy = policy;
  for (const Pass& pass : pipeline()) {
    if (auto ok = pass.run(state); !ok) return tl::unexpected(ok.error());
  }
  return std::move(state.layers);
}

/// The layer of that name; the graph has to have it.
inline const Layer& layer_named(const LayerGraph& g, const std::string& name) {
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) {
    if (g.dag[*v].name == name) return g.dag[*v];
  }
  throw std::out_of_range("no layer " + name);
}

inline const Tensor& output_of(const LayerGraph& g, const Layer& layer) {
  return g.tensors[static_cast<std::size_t>(layer.output)];
}

}  // namespace ares::test
