#include "core/reference/operations.hpp"

namespace ares::reference {

void transform(const Transform& op, std::span<const uint8_t> x, std::span<uint8_t> y) {
  const auto columns = static_cast<std::size_t>(op.columns), outputs = static_cast<std::size_t>(op.outputs);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto row = x.subspan(i / outputs * columns, columns);
    const int16_t* const coefficients = op.coefficients.data() + i % outputs * columns;
    int32_t acc = 0;
    for (std::size_t n = 0; n < columns; ++n) acc += row[n] * coefficients[n];
    y[i] = static_cast<uint8_t>(requantise(op.requant, i % outputs, acc));
  }
}

}  // namespace ares::reference
