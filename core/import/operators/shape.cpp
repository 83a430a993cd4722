#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// The slice [start, end) of the input's shape (opset 15's attributes).
ArraysResult fold(const NodeView& node) {
  const auto shape = node.shape(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto rank = static_cast<int64_t>(shape->size());
  const auto bound = [&](const char* name, int64_t fallback) {
    const int64_t v = int_attribute(node.node, name, fallback);
    return std::clamp<int64_t>(v < 0 ? v + rank : v, 0, rank);
  };
  const int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  return std::vector<Array>{make_integers({end - start}, {shape->begin() + start, shape->begin() + end})};
}

}  // namespace

const Operator kShape{.name = "Shape", .fold = fold, .folds_from_shapes = true, .supports = "of any tensor"};

}  // namespace ares::qonnx
