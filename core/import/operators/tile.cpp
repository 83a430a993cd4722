#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// Every axis repeated: [d0, d1, ..] broadcasts as [1, d0, 1, d1, ..] to [r0, d0, r1, d1, ..].
ArraysResult fold(const NodeView& node) {
  const Array& in = *node.constant(0);
  const auto repeats = node.integers(1);
  if (!repeats) return tl::unexpected(repeats.error());
  if (repeats->size() != in.shape.size()) return node.error("has not one repeat per axis");
  Shape once, often, shape;
  for (std::size_t i = 0; i < in.shape.size(); ++i) {
    const int64_t d = in.shape[i], r = (*repeats)[i];
    if (r < 0 || r > kMaxElements) return node.error(fmt::format("repeats an axis {} times", r));
    once.insert(once.end(), {1, d});
    often.insert(often.end(), {r, d});
    shape.push_back(r * d);
  }
  if (const auto count = folded_count(shape, in.count()); !count) return node.error(count.error().what);
  return std::vector<Array>{pick(in, std::move(shape), broadcast_indices(once, often))};
}

}  // namespace

const Operator kTile{.name = "Tile", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
