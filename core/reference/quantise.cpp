#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/import/host_graph.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/engine.hpp"

namespace ares {
namespace {

/// Device offset of element i of the model's row-major order.
std::size_t offset(const ModelView& view, std::size_t i) {
  return view.order.empty() ? i : static_cast<std::size_t>(view.order[i]);
}

/// Stored value minus q.
int stored_shift(const Tensor& t) { return t.type == ElementType::u8 && t.q.is_signed ? 128 : 0; }

template <class T>
TensorData stored_as(const Tensor& tensor, std::span<const int32_t> q) {
  std::vector<T> values(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    const int32_t value = q[i] + stored_shift(tensor);
    assert(value == static_cast<T>(value));
    values[offset(tensor.view, i)] = static_cast<T>(value);
  }
  return {std::move(values)};
}

}  // namespace

TensorData quantise_input(const LayerGraph& g, std::size_t index, std::span<const float> given) {
  const NetworkInput& input = g.inputs.at(index);
  const std::vector<float> computed = input.host ? qonnx::run_host(*input.host, given) : std::vector<float>();
  const std::span<const float> x = input.host ? std::span(computed) : given;
  const Quantisation& q = g.tensors[static_cast<std::size_t>(input.tensor)].q;
  const auto scale = static_cast<float>(q.scale), zero = static_cast<float>(q.zero_point - (q.is_signed ? 128 : 0));
  const auto lo = static_cast<float>(q.lo - (q.is_signed ? 128 : 0));
  const auto hi = static_cast<float>(q.hi - (q.is_signed ? 128 : 0));
  assert(static_cast<int64_t>(x.size()) == g.tensors[static_cast<std::size_t>(input.tensor)].dims.count());
  const auto all = [&](auto stored) -> TensorData {
    using T = typename decltype(stored)::value_type;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float rounded = std::nearbyint(x[i] / scale + zero);
      const float clipped = rounded > lo ? std::min(rounded, hi) : lo;
      stored[offset(input.view, i)] = static_cast<T>(static_cast<int>(clipped) + (q.is_signed ? 128 : 0));
    }
    return {std::move(stored)};
  };
  const bool bytes = g.tensors[static_cast<std::size_t>(input.tensor)].type == ElementType::u8;
  return bytes ? all(std::vector<uint8_t>(x.size())) : all(std::vector<int16_t>(x.size()));
}

std::vector<float> dequantise_output(const LayerGraph& g, std::size_t index, const TensorData& data) {
  const NetworkOutput& output = g.outputs.at(index);
  const Tensor& tensor = g.tensors[static_cast<std::size_t>(output.tensor)];
  std::vector<float> real(data.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    const std::size_t at = offset(output.view, i);
    const auto c = static_cast<std::size_t>(tensor.dims.c);
    const double scale = tensor.channel_scale.empty() ? tensor.q.scale : tensor.channel_scale[at % c];
    real[i] = static_cast<float>((static_cast<double>(data.at(at)) - tensor.q.zero_point) * scale);
  }
  return output.host ? qonnx::run_host(*output.host, real) : real;
}

std::vector<int32_t> model_integers(const Tensor& tensor, const TensorData& data) {
  const int shift = stored_shift(tensor);
  std::vector<int32_t> q(data.size());
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = data.at(offset(tensor.view, i)) - shift;
  return q;
}

TensorData stored_integers(const Tensor& tensor, std::span<const int32_t> q) {
  assert(static_cast<int64_t>(q.size()) == tensor.dims.count());
  if (tensor.type == ElementType::u8) return stored_as<uint8_t>(tensor, q);
  return tensor.type == ElementType::s16 ? stored_as<int16_t>(tensor, q) : stored_as<int32_t>(tensor, q);
}

}  // namespace ares
