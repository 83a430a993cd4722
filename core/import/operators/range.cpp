#include <fmt/format.h>

#include <cmath>

#include "core/import/operators/common.hpp"

namespace ares::qonnx {
namespace {

/// start, start + delta, .. up to limit, which is left out.
ArraysResult fold(const NodeView& node) {
  std::array<double, 3> v{};
  bool integer = true, single = true;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const auto value = scalar(node.constant(i));
    if (!value || !(std::abs(*value) < 0x1p53)) return node.error(fmt::format("input {} is no single number", i));
    v[i] = *value;
    integer = integer && node.constant(i)->is_integer();
    single = single && node.constant(i)->values.index() == 0;
  }
  const auto [start, limit, delta] = v;
  if (delta == 0) return node.error("its step is 0");
  const double steps = std::max(std::ceil((limit - start) / delta), 0.0);
  if (steps > static_cast<double>(kMaxFolded)) {
    return node.error(fmt::format("counts more than {} numbers", kMaxFolded));
  }
  std::vector<double> out;
  for (int64_t i = 0; i < static_cast<int64_t>(steps); ++i) out.push_back(start + static_cast<double>(i) * delta);
  const Shape shape{static_cast<int64_t>(out.size())};
  if (integer) return std::vector<Array>{make_integers(shape, {out.begin(), out.end()})};
  if (single) return std::vector<Array>{{shape, std::vector<float>(out.begin(), out.end())}};
  return std::vector<Array>{{shape, std::move(out)}};
}

}  // namespace

const Operator kRange{.name = "Range", .fold = fold, .supports = "shapes and indices"};

}  // namespace ares::qonnx
