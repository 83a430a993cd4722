#include <fmt/format.h>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// 1 where `holds` of the two elements, else 0.
template <class Compare>
ArraysResult fold(const NodeView& node) {
  if (node.node.inputs.size() != 2 || !node.constant(0) || !node.constant(1)) return node.error("needs two inputs");
  const Array &a = *node.constant(0), &b = *node.constant(1);
  const auto shape = broadcast(a.shape, b.shape);
  if (!shape) return node.error(shape.error().what);
  const auto count = folded_count(*shape, std::max(a.count(), b.count()));
  if (!count) return node.error(count.error().what);
  const auto ia = broadcast_indices(a.shape, *shape), ib = broadcast_indices(b.shape, *shape);
  const auto compared = [&](const auto& va, const auto& vb) {
    std::vector<int64_t> out;
    out.reserve(ia.size());
    for (std::size_t i = 0; i < ia.size(); ++i) out.push_back(Compare()(va[size_t(ia[i])], vb[size_t(ib[i])]));
    return std::vector<Array>{make_integers(*shape, std::move(out))};
  };
  if (a.is_integer() && b.is_integer()) return compared(std::get<2>(a.values), std::get<2>(b.values));
  return compared(to_doubles(a), to_doubles(b));
}

}  // namespace

const Operator kEqual{.name = "Equal", .fold = fold<std::equal_to<>>, .supports = "shapes and indices"};
const Operator kGreater{.name = "Greater", .fold = fold<std::greater<>>, .supports = "shapes and indices"};
const Operator kLess{.name = "Less", .fold = fold<std::less<>>, .supports = "shapes and indices"};

}  // namespace ares::qonnx
