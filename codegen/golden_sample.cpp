#include "codegen/golden_sample.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "core/base/npy.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

/// The input that `[NAME=]FILE` is for: by its name, else number `position`.
std::pair<size_t, std::string> bind(const LayerGraph& graph, const std::string& option, size_t position) {
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    if (option.starts_with(graph.inputs[i].name + "=")) return {i, option.substr(graph.inputs[i].name.size() + 1)};
  return {position, option};
}

/// One sample of a file, quantised.
Result<TensorData> read_input(const LayerGraph& graph, size_t input, const std::string& file, size_t index) {
  const auto array = read_npy(file);
  if (!array) return tl::unexpected<Error>(array.error());
  const std::vector<int64_t>& shape = graph.inputs[input].view.shape;
  const std::vector<int64_t> own(shape.begin() + 1, shape.end());
  const bool batched =
      array->shape.size() == own.size() + 1 && std::equal(own.begin(), own.end(), array->shape.begin() + 1);
  if (!batched && array->shape != own)
    return fail(fmt::format("{}: shape ({}) does not fit input {} of shape (N, {})", file,
                            fmt::join(array->shape, ", "), graph.inputs[input].name, fmt::join(own, ", ")));
  const size_t samples = batched ? static_cast<size_t>(array->shape[0]) : 1;
  if (index >= samples) return fail(fmt::format("--sample {}: {} holds {} samples", index, file, samples));
  const auto values = values_as<float>(*array);
  const size_t size = values.size() / samples;
  const auto sample = std::span(values).subspan(index * size, size);
  if (std::any_of(sample.begin(), sample.end(), [](float v) { return v != v; }))
    return fail(fmt::format("{}: sample {} holds a value that is not a number", file, index));
  return quantise_input(graph, input, sample);
}

}  // namespace

Result<std::vector<TensorData>> read_sample(const LayerGraph& graph, const std::vector<std::string>& files,
                                            size_t index) {
  if (files.size() != graph.inputs.size())
    return fail(fmt::format("the model has {} inputs, {} --input given", graph.inputs.size(), files.size()));
  std::vector<TensorData> inputs(files.size());
  std::vector<bool> given(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    const auto [input, file] = bind(graph, files[i], i);
    if (given[input])
      return fail(fmt::format("--input {}: input {} is given twice", files[i], graph.inputs[input].name));
    given[input] = true;
    auto data = read_input(graph, input, file, index);
    if (!data) return tl::unexpected<Error>(data.error());
    inputs[input] = std::move(*data);
  }
  return inputs;
}

std::vector<TensorData> random_sample(const LayerGraph& graph, uint64_t seed) {
  boost::random::mt19937_64 random(seed);
  std::vector<TensorData> inputs;
  for (const NetworkInput& in : graph.inputs) {
    const Tensor& t = graph.tensors[static_cast<size_t>(in.tensor)];
    boost::random::uniform_int_distribution<int> stored(t.q.lo, t.q.hi);
    const auto draw = [&](auto element) {
      std::vector<decltype(element)> values(static_cast<size_t>(t.dims.count()));
      for (auto& v : values) v = static_cast<decltype(element)>(stored(random));
      inputs.push_back({std::move(values)});
    };
    switch (t.type) {
      case ElementType::u8:
        draw(uint8_t{});
        break;
      case ElementType::s16:
        draw(int16_t{});
        break;
      case ElementType::s32:
        draw(int32_t{});
        break;
    }
  }
  return inputs;
}

GoldenData golden_data(const LayerGraph& graph, const NetworkProgram& program, const std::vector<TensorData>& inputs) {
  const std::vector<TensorData> tensors = run(graph, inputs);
  GoldenData golden;
  for (const TensorData& in : inputs) golden.inputs.push_back(stored_bytes(in));
  for (const PlannedGroup& g : program.groups)
    golden.outputs.push_back(stored_bytes(tensors[static_cast<size_t>(g.group.output)]));
  return golden;
}

}  // namespace ares
