#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// Converts to the widest of the inputs' types by concatenating along `axis`.
ArraysResult fold(const NodeView& node) {
  const Array& first = *node.constant(0);
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), first.shape.size());
  if (!axis) return node.error(axis.error().what);
  Shape shape = first.shape;
  shape[*axis] = 0;
  bool integer = true;
  for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
    const Array& part = *node.constant(i);
    Shape others = part.shape;
    if (others.size() != shape.size()) return node.error("joins tensors of different rank");
    shape[*axis] += part.shape[*axis];
    others[*axis] = shape[*axis];
    if (others != shape) return node.error("joins tensors whose other axes differ");
    integer = integer && part.is_integer();
  }
  const auto count = element_count(shape);
  if (!count) return node.error(count.error().what);
  std::vector<double> reals;
  std::vector<int64_t> integers;
  const int64_t outer =
      first.shape[*axis] == 0 ? 0 : first.count() / (strides_of(first.shape)[*axis] * first.shape[*axis]);
  for (int64_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < node.node.inputs.size(); ++i) {
      const Array& part = *node.constant(i);
      const int64_t run = part.count() / outer;
      std::visit(
          [&](const auto& v) {
            const auto begin = v.begin() + o * run;
            if (integer) integers.insert(integers.end(), begin, begin + run);
            if (!integer) reals.insert(reals.end(), begin, begin + run);
          },
          part.values);
    }
  }
  if (integer) return std::vector<Array>{{shape, std::move(integers)}};
  return std::vector<Array>{{shape, std::move(reals)}};
}

}  // namespace

const Operator kConcat{.name = "Concat", .fold = fold};

}  // namespace ares::qonnx
