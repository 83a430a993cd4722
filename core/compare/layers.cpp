#include "core/compare/layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace ares {
namespace {

const Tensor& tensor(const LayerGraph& g, TensorId id) { return g.tensors[static_cast<std::size_t>(id)]; }

/// The stored form of a tensor that the model has by that name; nothing where the engine has it to itself.
std::optional<std::vector<uint8_t>> stored(const Tensor& t, const qonnx::Evaluation::Tensors& real) {
  const auto it = real.find(t.name);
  if (it == real.end() || t.type != ElementType::u8) return std::nullopt;
  const auto& values = it->second.values;
  if (values.size() != static_cast<std::size_t>(t.dims.count())) return std::nullopt;
  std::vector<uint8_t> bytes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = t.view.order.empty() ? i : static_cast<std::size_t>(t.view.order[i]);
    bytes[at] = static_cast<uint8_t>(std::lround(values[i] / t.q.scale) + t.q.zero_point);
  }
  return bytes;
}

/// Compares the output of a layer and puts the expected one in its place, so that no difference is inherited.
void judge_layer(const LayerGraph& g, const Layer& layer, const qonnx::Evaluation::Tensors& real, TensorData& data,
                 Judgement& judgement) {
  auto expected = stored(tensor(g, layer.output), real);
  if (!expected) return;
  const auto& got = std::get<0>(data.values);
  const char* kind = kind_of(layer.op);
  Differences& total = judgement.by_kind[kind];
  int64_t largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const int64_t step = std::abs(int64_t{got[i]} - (*expected)[i]);
    largest = std::max(largest, step);
    total.differing += step != 0;
  }
  total.elements += static_cast<int64_t>(got.size());
  total.most = std::max(total.most, largest);
  if (largest > bound_of(kind).steps)
    judgement.findings.push_back(fmt::format("{} ({}) is {} steps away", layer.name, kind, largest));
  data.values = std::move(*expected);
}

/// Outputs that are not quantised are sums with a rounded bias: half a step of their scale away at most.
void judge_output(const LayerGraph& g, std::size_t index, const qonnx::Evaluation::Tensors& real,
                  const TensorData& data, Judgement& judgement) {
  const NetworkOutput& output = g.outputs[index];
  const Tensor& t = tensor(g, output.tensor);
  if (t.type != ElementType::s32) return;
  const auto got = dequantise_output(g, index, data);
  const auto& expected = real.at(output.name).values;
  const auto& scales = t.channel_scale;
  const double scale = scales.empty() ? t.q.scale : *std::max_element(scales.begin(), scales.end());
  double worst = got.size() == expected.size() ? 0 : HUGE_VAL;
  for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    // dequantise_output() gives float32, which has 24 bits.
    worst = std::max(worst, std::abs(got[i] - expected[i]) - 0x1p-23 * std::abs(expected[i]));
  }
  if (worst > 0.5001 * scale) {
    judgement.findings.push_back(fmt::format("output '{}' is {} steps away", output.name, worst / scale));
  }
}

}  // namespace

const char* kind_of(const Operation& op) {
  constexpr const char* kKinds[] = {"weighted", "max_pool",  "table",     "average_pool", "add",
                                    "multiply", "rearrange", "curve",     "norm",         "softmax",
                                    "matmul",   "scan",      "transform", "rotary",       "lookup"};
  static_assert(std::size(kKinds) == std::variant_size_v<Operation>);
  return kKinds[op.index()];
}

Bound bound_of(std::string_view kind) {
  if (kind == "table" || kind == "max_pool" || kind == "rearrange" || kind == "lookup") return {0, 0};
  if (kind == "scan") return {1, 0.01};
  if (kind == "curve") return {1, 0.005};
  return {};
}

std::vector<TensorData> judge_layers(const LayerGraph& g, const qonnx::Evaluation::Tensors& real,
                                     Judgement& judgement) {
  std::vector<TensorData> data(g.tensors.size());
  for (std::size_t i = 0; i < g.inputs.size(); ++i) {
    const NetworkInput& input = g.inputs[i];
    const auto& values = real.at(input.name).values;
    auto& first = data[static_cast<std::size_t>(input.tensor)];
    first = quantise_input(g, i, std::vector<float>(values.begin(), values.end()));
    if (tensor(g, input.tensor).type != ElementType::u8) continue;  // numbers of rows, as they are
    const auto expected = stored(tensor(g, input.tensor), real);
    if (!expected || std::get<0>(first.values) != *expected) {
      judgement.findings.push_back(fmt::format("input '{}' is quantised otherwise", input.name));
    }
  }
  for (const LayerId id : execution_order(g)) {
    run_layer(g, id, data);
    const Layer& layer = g.dag[id];
    judge_layer(g, layer, real, data[static_cast<std::size_t>(layer.output)], judgement);
  }
  for (std::size_t i = 0; i < g.outputs.size(); ++i) {
    judge_output(g, i, real, data[static_cast<std::size_t>(g.outputs[i].tensor)], judgement);
  }
  return data;
}

}  // namespace ares
