// Tensors that the model leaves unquantised but a layer has to read: kept in 16 or 32 bits. Constants that a layer
// reads as a tensor.
#pragma once

#include "core/import/operators/common.hpp"

namespace ares::qonnx {

/// The tensor on input i in 8 or 16 bits. A sum, a norm or a product that has no Quant becomes a layer with a 16-bit
/// output, once: exact where its sources share a scale, else over the range that follows from their clip ranges.
/// `normalised`: a norm reads it, over so many elements at once. A norm makes small differences large: in exact policy
/// a sum that nothing else reads is then kept in 32 bits, as finely as the norm's arithmetic takes it.
Result<TensorId> inner_tensor(Lowering& lowering, const NodeView& node, std::size_t i, int64_t normalised = 0);

/// Constants of the node in front of a sum (Concat) or added to all of it; nothing where that is not what it does.
std::optional<Value> token_sum(const Lowering& lowering, const NodeView& node);

/// A TokenSum that meets its Quant. Where nothing else reads it, its sum is kept in 16 bits over the range in which the
/// output still changes.
Result<Value> quantise_token_sum(Lowering& lowering, const NodeView& node, const TokenSum& sum, const ModelView& view,
                                 const Quantisation& q);

/// The same elements in the model's order, moved where they lie otherwise; of a tensor of 8 bits.
Result<TensorId> in_model_order(Lowering& lowering, const NodeView& node, const std::string& name, TensorId tensor,
                                const ModelView& view, const Dims& dims);

/// Whether inner_tensor can store a value of that kind.
bool has_inner(const ValueKind& kind);

/// The constant on input i, broadcast to `like` and stored in its order: 8 bits where the model quantises it so, else
/// 16 bits over its own range.
Result<TensorId> constant_tensor(Lowering& lowering, const NodeView& node, std::size_t i, const ModelView& like,
                                 const Dims& dims);

/// The stored 8 bits of a quantised constant with one scale; nothing where it has another form.
std::optional<Quantisation> stored_form(const QuantisedConstant& constant);

/// Elements in device order as the bytes of a constant tensor, low byte first.
void store(const std::vector<int>& values, const ModelView& view, Tensor& tensor);

/// 16 bits over a range of real values.
Quantisation over(double lo, double hi);

/// The range that a tensor of the model can have, narrowed to what samples say and a quarter more.
Clip narrowed(const Lowering& lowering, const std::string& tensor, const Clip& reachable);

/// Whether a constant of that shape differs along more than one axis of the tensor it meets.
bool fills_axes(const Shape& constant);

}  // namespace ares::qonnx
