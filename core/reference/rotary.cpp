#include "core/reference/operations.hpp"

namespace ares::reference {

void rotary(const Rotary& op, int zero, std::span<const uint8_t> x, std::span<uint8_t> y) {
  const auto depth = static_cast<std::size_t>(op.depth), row = static_cast<std::size_t>(op.heads) * depth;
  const std::size_t half = depth / 2, apart = op.interleaved ? 1 : half;
  for (std::size_t head = 0; head < x.size(); head += depth) {
    const int16_t* const factors = op.factors.data() + head / row * depth;
    for (std::size_t i = 0; i < half; ++i) {
      const std::size_t at = head + (op.interleaved ? 2 * i : i), partner = at + apart;
      const int32_t a = x[at] - zero, b = x[partner] - zero, cosine = factors[2 * i], sine = factors[2 * i + 1];
      y[at] = static_cast<uint8_t>(requantise(op.requant, 0, a * cosine - b * sine));
      y[partner] = static_cast<uint8_t>(requantise(op.requant, 0, b * cosine + a * sine));
    }
  }
}

}  // namespace ares::reference
