#include "experiments/zoo/zoo.hpp"

#include <algorithm>

namespace ares::zoo {
namespace {

std::vector<Network> collect() {
  std::vector<Network> all;
  for (const auto& family :
       {small_cnns(), mlps(), residual_networks(), depthwise_networks(), sensor_networks(), tutorial_networks(),
        mlperf_tiny(), mobilenets(), transformers(), state_space_models(), luna_networks()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  const auto place = [](const Network& n) { return n.number ? n.number : 1000; };  // unnumbered ones last
  std::stable_sort(all.begin(), all.end(), [&](const Network& a, const Network& b) { return place(a) < place(b); });
  return all;
}

}  // namespace

std::span<const Network> networks() {
  static const std::vector<Network> all = collect();
  return all;
}

const Network* find_network(std::string_view name) {
  for (const auto& all : {networks(), layer_collections()}) {
    const auto it = std::find_if(all.begin(), all.end(), [&](const Network& n) { return n.name == name; });
    if (it != all.end()) return &*it;
  }
  return nullptr;
}

ModelGraph build(const Network& network, const BuildOptions& options) {
  ModelBuilder b{std::string(network.name), options};
  return network.build(b);
}

Samples make_samples(const ModelGraph& model, int count, uint64_t seed) {
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(model), ExitStatus::failed);
  Draws draws(seed);
  Samples s;
  s.inputs.resize(model.inputs.size());
  s.outputs.resize(model.outputs.size());
  for (int n = 0; n < count; ++n) {
    qonnx::Evaluation::Tensors x;
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      const Shape& shape = model.shapes.at(model.inputs[i]);
      std::vector<float> values(static_cast<std::size_t>(qonnx::element_count(shape).value()));
      for (float& v : values) v = static_cast<float>(draws.uniform(-1, 1));
      s.inputs[i].insert(s.inputs[i].end(), values.begin(), values.end());
      x[model.inputs[i]] = qonnx::real_tensor(shape, values);
    }
    const auto run = value_or_throw(evaluation.run(std::move(x)), ExitStatus::failed);
    for (std::size_t i = 0; i < model.outputs.size(); ++i) {
      const auto& y = run.at(model.outputs[i]).values;
      s.outputs[i].insert(s.outputs[i].end(), y.begin(), y.end());
    }
  }
  const auto batched = [&](const std::string& name) {
    Shape shape = model.shapes.at(name);
    shape[0] = count;
    return shape;
  };
  for (const std::string& name : model.inputs) s.input_shapes.push_back(batched(name));
  for (const std::string& name : model.outputs) s.output_shapes.push_back(batched(name));
  return s;
}

}  // namespace ares::zoo
