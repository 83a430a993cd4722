// What Conv, Gemm, MatMul and the element-wise operators share about weighted layers.
#pragma once

#include "core/import/operators/common.hpp"

namespace ares::qonnx {

/// The stored tensor on input i of an operator that multiplies; the error says what to quantise.
Result<Stored> stored_input(const Lowering& lowering, const NodeView& node, std::size_t i);

/// The stored image on input 0 of a Conv or pool, and the real zeros that a Pad put around it (all 0 where none did).
struct ImageInput {
  TensorId tensor = -1;
  Dims dims;
  Window pads;
  bool padded = false;
};
Result<ImageInput> image_input(Lowering& lowering, const NodeView& node);

/// Adds the padding of a Pad to the node's own.
Result<void> add_pads(const NodeView& node, const ImageInput& input, Window& window);

/// For each feature of a token, its place in device order; the same in every token.
Result<std::vector<int32_t>> feature_order(const NodeView& node, const ModelView& view, int64_t tokens,
                                           int64_t features);

/// The quantised weights on input i; the error says that they are missing or cannot be held in 8 bits.
Result<const QuantisedConstant*> weight_input(const Lowering& lowering, const NodeView& node, std::size_t i);

/// weights, weight_bits, weight_zero and weight_scale of a layer. `channel_axis`: of the output channel in the
/// constant; `source`: for each weight in [c_out][kh][kw][c_in] order, its index in the constant.
Result<Weighted> make_weighted(const NodeView& node, const QuantisedConstant& constant, std::size_t channel_axis,
                               const std::vector<int64_t>& source);

/// A linear layer from input 0 (tokens x features in its last axis) and weights whose element (output o, feature k)
/// lies at o * strides[0] + k * strides[1].
Result<Value> make_linear(Lowering& lowering, const NodeView& node, const QuantisedConstant& weights,
                          std::size_t channel_axis, std::array<int64_t, 2> strides);

/// Adds the constant on input i, times `factor`, as bias; a quantised constant stays marked as such.
Result<void> add_bias(const Lowering& lowering, const NodeView& node, std::size_t i, double factor, Accumulator& acc,
                      const Shape& shape);

/// Fails behind a Reshape, where no axis is known to hold the channels.
Result<void> has_channel_axis(const NodeView& node, const Accumulator& acc);

/// y = x * gain[c] + shift[c] after the accumulator. Fails where bounds stand between that would differ per channel.
Result<void> apply_affine(const NodeView& node, const std::vector<double>& gain, const std::vector<double>& shift,
                          Accumulator& acc);

/// y = min(max(x, lo), hi) after what `clip` bounds already.
void apply_clip(double lo, double hi, Clip& clip);

/// A stored tensor or an average as a sum: a depthwise convolution whose weights are 1, for what differs from channel
/// to channel or scales an average. Channels are axis 1 of an image, else the last axis.
Result<Value> as_accumulator(Lowering& lowering, const NodeView& node, const Value& value);

/// The layer of a sum that meets its quantiser.
Result<Value> quantise_accumulator(Lowering& lowering, const NodeView& node, const Value& value, Quantisation q);

/// Requires that the value is a [1, c, h, w] or [1, c, w] tensor stored channels last and returns its dims.
Result<Dims> image_dims(Lowering& lowering, const NodeView& node, const Value& value);

}  // namespace ares::qonnx
