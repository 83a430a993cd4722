#include <algorithm>

#include "core/reference/operations.hpp"

namespace ares::reference {

template <class X>
void lookup(const Lookup& op, std::span<const X> x, std::span<uint8_t> y) {
  const auto columns = static_cast<std::size_t>(op.columns);
  for (std::size_t i = 0; i < x.size(); ++i)
    std::copy_n(op.table.begin() + int64_t{x[i]} * op.columns, columns, y.begin() + static_cast<long>(i * columns));
}

template void lookup(const Lookup&, std::span<const uint8_t>, std::span<uint8_t>);
template void lookup(const Lookup&, std::span<const int16_t>, std::span<uint8_t>);

}  // namespace ares::reference
