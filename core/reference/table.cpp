#include <algorithm>

#include "core/reference/operations.hpp"

namespace ares::reference {

void table(const Table& op, std::span<const uint8_t> x, std::span<uint8_t> y) {
  std::transform(x.begin(), x.end(), y.begin(), [&](uint8_t v) { return op.map[v]; });
}

}  // namespace ares::reference
