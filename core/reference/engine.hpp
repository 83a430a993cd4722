// The reference engine: the whole network in pure integers, layer by layer, in device layout. It defines what every
// generated program has to produce, byte for byte.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "core/ir/layer.hpp"

namespace ares {

/// The elements of one tensor for one sample, in device order; which alternative follows from Tensor::type.
struct TensorData {
  std::variant<std::vector<uint8_t>, std::vector<int16_t>, std::vector<int32_t>> values;

  std::size_t size() const {
    return std::visit([](const auto& v) { return v.size(); }, values);
  }
  int32_t at(std::size_t i) const {
    return std::visit([i](const auto& v) { return static_cast<int32_t>(v[i]); }, values);
  }
  friend bool operator==(const TensorData&, const TensorData&) = default;
};

/// Every tensor of the graph by TensorId, from the stored inputs in the order of g.inputs. Requantisation has to be
/// filled in (load_network does).
std::vector<TensorData> run(const LayerGraph& g, std::span<const TensorData> inputs);

/// One layer alone: reads its input in `data` (indexed by TensorId) and replaces its output there.
void run_layer(const LayerGraph& g, LayerId layer, std::vector<TensorData>& data);

/// The stored form of one sample of input `index`, given in the model's row-major order: the input's float nodes, then
/// clip(round(x / scale + z)) in float32, half to even, as Brevitas computes it. What is not a number becomes the
/// lowest value.
TensorData quantise_input(const LayerGraph& g, std::size_t index, std::span<const float> x);

/// Real values of one sample of output `index` in the model's row-major order, after the output's float nodes.
std::vector<float> dequantise_output(const LayerGraph& g, std::size_t index, const TensorData& data);

/// The elements as they lie in the device's memory, low byte first, and back.
std::vector<uint8_t> stored_bytes(const TensorData& data);
TensorData from_stored_bytes(ElementType type, std::span<const uint8_t> bytes);

/// The integers q as QONNX means them, in the model's row-major order.
std::vector<int32_t> model_integers(const Tensor& tensor, const TensorData& data);

/// The inverse of model_integers(): one element of `q` for each of the tensor's, inside its type's range.
TensorData stored_integers(const Tensor& tensor, std::span<const int32_t> q);

}  // namespace ares
