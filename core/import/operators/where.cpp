#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The kind of number that holds the values of both.
Array as_kind_of(const Array& array, const Array& other) {
  if (array.values.index() == other.values.index()) return array;
  return {array.shape, to_doubles(array)};
}

/// Element by element the second input where the first holds true, else the third.
ArraysResult fold(const NodeView& node) {
  if (node.node.inputs.size() != 3 || !node.constant(0) || !node.constant(1) || !node.constant(2)) {
    return node.error("needs three inputs");
  }
  const Array &condition = *node.constant(0), &a = *node.constant(1), &b = *node.constant(2);
  auto shape = broadcast(a.shape, b.shape);
  if (shape) shape = broadcast(*shape, condition.shape);
  if (!shape) return node.error(shape.error().what);
  const auto count = folded_count(*shape, std::max({condition.count(), a.count(), b.count()}));
  if (!count) return node.error(count.error().what);
  const auto chosen = to_doubles(pick(condition, *shape, broadcast_indices(condition.shape, *shape)));
  Array out = pick(as_kind_of(a, b), *shape, broadcast_indices(a.shape, *shape));
  const Array other = pick(as_kind_of(b, a), *shape, broadcast_indices(b.shape, *shape));
  std::visit(
      [&](auto& values) {
        const auto& otherwise = std::get<std::decay_t<decltype(values)>>(other.values);
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (chosen[i] == 0) values[i] = otherwise[i];
        }
      },
      out.values);
  return std::vector<Array>{std::move(out)};
}

}  // namespace

const Operator kWhere{.name = "Where", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
