#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The input repeated to the common shape of itself and the shape asked for.
ArraysResult fold(const NodeView& node) {
  const Array& in = *node.constant(0);
  const auto target = node.integers(1);
  if (!target) return tl::unexpected(target.error());
  const auto shape = broadcast(in.shape, *target);
  if (!shape) return node.error(shape.error().what);
  if (const auto count = folded_count(*shape, in.count()); !count) return node.error(count.error().what);
  return std::vector<Array>{pick(in, *shape, broadcast_indices(in.shape, *shape))};
}

}  // namespace

const Operator kExpand{.name = "Expand", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
