#include <algorithm>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The permutation of a tensor of this rank; without the attribute the axes are reversed.
Result<std::vector<int64_t>> permutation(const NodeView& node, std::size_t rank) {
  std::vector<int64_t> identity(rank);
  for (std::size_t i = 0; i < rank; ++i) identity[i] = static_cast<int64_t>(i);
  auto perm = ints_attribute(node.node, "perm");
  if (!perm) return std::vector<int64_t>(identity.rbegin(), identity.rend());
  if (!std::is_permutation(perm->begin(), perm->end(), identity.begin(), identity.end())) {
    return node.error("perm is no permutation of the axes");
  }
  return *perm;
}

Shape permuted(const Shape& shape, const std::vector<int64_t>& perm) {
  Shape out;
  for (const int64_t axis : perm) out.push_back(shape[static_cast<std::size_t>(axis)]);
  return out;
}

Array transposed(const Array& in, const std::vector<int64_t>& perm) {
  return pick(in, permuted(in.shape, perm), transpose_indices(in.shape, perm));
}

ShapesResult shapes(const NodeView& node) {
  const auto in = node.shape(0);
  if (!in) return tl::unexpected(in.error());
  const auto perm = permutation(node, in->size());
  if (!perm) return tl::unexpected(perm.error());
  return std::vector<Shape>{permuted(*in, *perm)};
}

ArraysResult fold(const NodeView& node) {
  const Array& in = *node.constant(0);
  const auto perm = permutation(node, in.shape.size());
  if (!perm) return tl::unexpected(perm.error());
  return std::vector<Array>{transposed(in, *perm)};
}

QuantisedConstant transposed(const QuantisedConstant& in, const std::vector<int64_t>& perm) {
  QuantisedConstant out = in;
  out.q = std::get<2>(transposed(make_integers(in.shape, in.q), perm).values);
  out.shape = permuted(in.shape, perm);
  out.scale = transposed(in.scale, perm);
  out.zero_point = transposed(in.zero_point, perm);
  return out;
}

/// Nothing moves: the model's order of the elements changes. A quantised constant is transposed for good.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  const QuantisedConstant* constant = lowering.quantised(node, 0);
  const Shape shape = constant ? constant->shape : value.view.shape;
  const auto perm = permutation(node, shape.size());
  if (!perm) return tl::unexpected(perm.error());
  if (constant) {
    lowering.model.quantised[node.node.outputs[0]] = transposed(*constant, *perm);
    return Value{Constant{node.node.outputs[0]}, {}};
  }
  std::vector<int32_t> order;
  for (const int64_t i : transpose_indices(shape, *perm)) {
    order.push_back(value.view.order.empty() ? static_cast<int32_t>(i) : value.view.order[static_cast<std::size_t>(i)]);
  }
  if (auto* acc = std::get_if<Accumulator>(&value.kind)) {
    const auto axis = static_cast<int64_t>(acc->channel_axis);
    acc->channel_axis = static_cast<std::size_t>(std::find(perm->begin(), perm->end(), axis) - perm->begin());
  }
  value.view = {permuted(shape, *perm), normal_order(std::move(order))};
  return value;
}

}  // namespace

const Operator kTranspose{
    .name = "Transpose",
    .shapes = shapes,
    .fold = fold,
    .lower = lower,
    .host = OnHost::moves,
    .supports = "moves nothing where the layer behind it takes the order into its weights; else it is executed"};

}  // namespace ares::qonnx
