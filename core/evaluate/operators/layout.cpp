// What changes a tensor's shape or the order of its elements, none of its values; and what makes shapes.
#include <algorithm>
#include <numeric>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

Result<RealTensors> with_shape(const RealTensor& from, Shape shape) {
  const auto count = element_count(shape);
  if (!count || *count != from.count()) {
    return fail(fmt::format("cannot make {} of {}", to_string(shape), to_string(from.shape)));
  }
  RealTensor out = from;
  out.shape = std::move(shape);
  return RealTensors{std::move(out)};
}

Result<RealTensors> reshape(const Arguments& a) {
  Shape shape = a.integers(1, "shape").value_or(Shape{});
  const bool zero_is_zero = int_attribute(a.node, "allowzero", 0) != 0;
  int64_t known = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zero_is_zero && i < a[0].shape.size()) shape[i] = a[0].shape[i];
    if (shape[i] > 0) known *= shape[i];
  }
  for (int64_t& d : shape) d = d == -1 && known > 0 ? a[0].count() / known : d;
  return with_shape(a[0], std::move(shape));
}

Result<RealTensors> flatten(const Arguments& a) {
  const Shape& in = a[0].shape;
  int64_t axis = int_attribute(a.node, "axis", 1);
  axis =
      std::clamp<int64_t>(axis < 0 ? axis + static_cast<int64_t>(in.size()) : axis, 0, static_cast<int64_t>(in.size()));
  const int64_t rows = std::accumulate(in.begin(), in.begin() + axis, int64_t{1}, std::multiplies<>());
  return with_shape(a[0], {rows, rows ? a[0].count() / rows : 0});
}

Result<std::vector<std::size_t>> normal_axes(const std::vector<int64_t>& axes, std::size_t rank) {
  std::vector<std::size_t> out;
  for (const int64_t axis : axes) {
    const auto n = normal_axis(axis, rank);
    if (!n) return tl::unexpected(n.error());
    out.push_back(*n);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<RealTensors> squeeze(const Arguments& a) {
  const auto axes = a.integers(1, "axes");
  const auto dropped = normal_axes(axes.value_or(std::vector<int64_t>{}), a[0].shape.size());
  if (!dropped) return tl::unexpected(dropped.error());
  Shape shape;
  for (std::size_t i = 0; i < a[0].shape.size(); ++i) {
    const bool drop = axes ? std::binary_search(dropped->begin(), dropped->end(), i) : a[0].shape[i] == 1;
    if (!drop) shape.push_back(a[0].shape[i]);
  }
  return with_shape(a[0], std::move(shape));
}

Result<RealTensors> unsqueeze(const Arguments& a) {
  const auto axes = a.integers(1, "axes").value_or(std::vector<int64_t>{});
  const auto added = normal_axes(axes, a[0].shape.size() + axes.size());
  if (!added) return tl::unexpected(added.error());
  Shape shape = a[0].shape;
  for (const std::size_t axis : *added) shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return with_shape(a[0], std::move(shape));
}

Result<RealTensors> transpose(const Arguments& a) {
  const std::size_t rank = a[0].shape.size();
  std::vector<int64_t> reversed(rank);
  for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<int64_t>(rank - 1 - i);
  const auto axes = ints_attribute(a.node, "perm").value_or(reversed);
  if (axes.size() != rank || !std::is_permutation(axes.begin(), axes.end(), reversed.begin())) {
    return fail(fmt::format("perm is no permutation of {} axes", rank));
  }
  Shape shape;
  for (const int64_t axis : axes) shape.push_back(a[0].shape[static_cast<std::size_t>(axis)]);
  return RealTensors{picked(a[0], std::move(shape), transpose_indices(a[0].shape, axes))};
}

Result<RealTensors> shape(const Arguments& a) {
  return RealTensors{{{static_cast<int64_t>(a[0].shape.size())}, {a[0].shape.begin(), a[0].shape.end()}, true, false}};
}

Result<RealTensors> constant(const Arguments& a) {
  const Attribute* value = find_attribute(a.node, "value");
  if (value && std::holds_alternative<Array>(*value)) return RealTensors{real_tensor(std::get<Array>(*value))};
  if (find_attribute(a.node, "value_float")) {
    return RealTensors{{{}, {float_attribute(a.node, "value_float", 0)}, false, true}};
  }
  if (find_attribute(a.node, "value_int")) {
    return RealTensors{{{}, {static_cast<double>(int_attribute(a.node, "value_int", 0))}, true, false}};
  }
  const auto ints = ints_attribute(a.node, "value_ints");
  if (!ints) return fail("its value cannot be evaluated");
  return RealTensors{{{static_cast<int64_t>(ints->size())}, {ints->begin(), ints->end()}, true, false}};
}

Result<RealTensors> constant_of_shape(const Arguments& a) {
  const Shape shape = *a.integers(0, "");
  const auto count = element_count(shape);
  if (!count) return tl::unexpected(count.error());
  const Attribute* value = find_attribute(a.node, "value");
  const auto* array = value ? std::get_if<Array>(value) : nullptr;
  RealTensor fill = array ? real_tensor(*array) : zeros({1});
  if (fill.count() != 1) return fail("its value is no single element");
  return RealTensors{picked(fill, shape, std::vector<int64_t>(static_cast<std::size_t>(*count)))};
}

Result<RealTensors> expand(const Arguments& a) {
  const auto shape = broadcast(a[0].shape, *a.integers(1, ""));
  if (!shape) return tl::unexpected(shape.error());
  return RealTensors{picked(a[0], *shape, broadcast_indices(a[0].shape, *shape))};
}

const Evaluator kEvaluators[] = {
    {"Constant", 0, constant},   {"ConstantOfShape", 1, constant_of_shape},
    {"Expand", 2, expand},       {"Flatten", 1, flatten},
    {"Reshape", 1, reshape},     {"Shape", 1, shape},
    {"Squeeze", 1, squeeze},     {"Transpose", 1, transpose},
    {"Unsqueeze", 1, unsqueeze},
};

}  // namespace

std::span<const Evaluator> layout_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
