#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

ArraysResult fold(const NodeView& node) {
  auto shape = node.integers(0);
  if (!shape) return tl::unexpected(shape.error());
  const auto count = folded_count(*shape, 0);
  if (!count) return node.error(count.error().what);
  Array value{{1}, std::vector<float>{0}};
  if (const Attribute* a = find_attribute(node.node, "value")) {
    if (const auto* array = std::get_if<Array>(a); array && array->count() == 1) value = *array;
  }
  return std::vector<Array>{pick(value, *shape, std::vector<int64_t>(static_cast<std::size_t>(*count), 0))};
}

}  // namespace

const Operator kConstantOfShape{.name = "ConstantOfShape", .fold = fold, .supports = "any"};

}  // namespace ares::qonnx
