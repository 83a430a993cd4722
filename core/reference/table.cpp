#include <algorithm>

#include "core/arithmetic/curve.hpp"
#include "core/reference/operations.hpp"

namespace ares::reference {

void table(const Table& op, std::span<const uint8_t> x, std::span<uint8_t> y) {
  std::transform(x.begin(), x.end(), y.begin(), [&](uint8_t v) { return op.map[v]; });
}

void curve(const Curve& op, std::span<const int16_t> x, std::span<uint8_t> y) {
  std::transform(x.begin(), x.end(), y.begin(),
                 [&](int16_t v) { return static_cast<uint8_t>(curve_value(op.points, v, op.lo, op.hi)); });
}

}  // namespace ares::reference
