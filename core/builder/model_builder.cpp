#include "core/builder/model_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ares::builder {

using qonnx::Node;
using qonnx::RealTensor;

ModelBuilder::ModelBuilder(std::string name, const BuildOptions& options) : options_(options), draws_(options.seed) {
  model_.file = name + ".qonnx";
  model_.name = std::move(name);
}

Value ModelBuilder::input(const std::string& name, Shape shape) {
  model_.inputs.push_back(name);
  model_.shapes[name] = shape;
  auto& samples = values_[name];
  for (int n = 0; n < options_.samples; ++n) {
    std::vector<float> x(static_cast<std::size_t>(qonnx::element_count(shape).value()));
    for (float& v : x) v = static_cast<float>(draws_.uniform(-1, 1));
    samples.push_back(qonnx::real_tensor(shape, x));
  }
  return {name, std::move(shape)};
}

std::string ModelBuilder::unique(const std::string& base) {
  const int count = names_[base]++;
  return count ? fmt::format("{}_{}", base, count) : base;
}

std::string ModelBuilder::constant(const std::string& name, Array array) {
  if (model_.constants.count(name)) throw std::logic_error(fmt::format("constant '{}' twice", name));
  values_[name] = {qonnx::real_tensor(array)};
  model_.constants[name] = std::move(array);
  return name;
}

std::string ModelBuilder::scalar(const std::string& name, double value) {
  const auto single = static_cast<float>(value);
  auto [it, added] = shared_.try_emplace(fmt::format("{:a}", single), name);
  return added ? constant(name, {{}, std::vector<float>{single}}) : it->second;
}

const std::vector<RealTensor>& ModelBuilder::samples(const std::string& name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) throw std::logic_error(fmt::format("no tensor '{}'", name));
  return it->second;
}

std::vector<Value> ModelBuilder::node(const std::string& op, const std::string& path, std::vector<std::string> inputs,
                                      std::map<std::string, Attribute> attributes, std::size_t outputs,
                                      const std::string& domain) {
  std::string place = path;
  std::replace(place.begin(), place.end(), '.', '/');
  Node n{unique(fmt::format("{}{}/{}", place.empty() || place[0] == '/' ? "" : "/", place, op)),
         op,
         domain,
         std::move(attributes),
         std::move(inputs),
         {}};
  for (std::size_t i = 0; i < outputs; ++i) n.outputs.push_back(fmt::format("{}_output_{}", n.name, i));
  std::size_t runs = 1;
  for (const std::string& in : n.inputs) runs = std::max(runs, in.empty() ? 0 : samples(in).size());
  for (std::size_t sample = 0; sample < runs; ++sample) {
    std::vector<const RealTensor*> arguments;
    for (const std::string& in : n.inputs) {
      arguments.push_back(in.empty() ? nullptr : &samples(in)[samples(in).size() == 1 ? 0 : sample]);
    }
    auto result = qonnx::evaluate_node(n, arguments);
    if (!result) throw std::logic_error(qonnx::node_error(model_, n, result.error().what).what);
    for (std::size_t i = 0; i < outputs; ++i) values_[n.outputs[i]].push_back(std::move(result->at(i)));
  }
  std::vector<Value> out;
  for (const std::string& name : n.outputs) {
    out.push_back({name, samples(name)[0].shape});
    model_.shapes[name] = out.back().shape;
  }
  model_.nodes.push_back(std::move(n));
  return out;
}

ModelGraph ModelBuilder::finish(const std::vector<Value>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string name = outputs.size() == 1 ? "output" : fmt::format("output_{}", i);
    for (Node& n : model_.nodes) {
      std::replace(n.outputs.begin(), n.outputs.end(), outputs[i].name, name);
      std::replace(n.inputs.begin(), n.inputs.end(), outputs[i].name, name);
    }
    model_.shapes[name] = outputs[i].shape;
    model_.shapes.erase(outputs[i].name);
    model_.outputs.push_back(name);
  }
  return std::move(model_);
}

}  // namespace ares::builder
