#include "core/reference/operations.hpp"

namespace ares::reference {

template <class Y>
void matmul(const MatMul& op, int zero_a, int zero_b, std::span<const uint8_t> a, std::span<const uint8_t> b,
            std::span<Y> y) {
  const int64_t a_pitch = int64_t{op.heads} * op.depth, y_pitch = int64_t{op.heads} * op.columns;
  const int64_t b_rows = op.transposed ? op.columns : op.depth, b_pitch = op.transposed ? a_pitch : y_pitch;
  const int64_t along = op.transposed ? 1 : b_pitch, across = op.transposed ? b_pitch : 1;
  auto to = y.begin();
  for (int64_t s = 0; s < op.batch; ++s)
    for (int64_t i = 0; i < op.rows; ++i)
      for (int64_t h = 0; h < op.heads; ++h)
        for (int64_t j = 0; j < op.columns; ++j) {
          const uint8_t* left = a.data() + (s * op.rows + i) * a_pitch + h * op.depth;
          const uint8_t* right =
              b.data() + s * b_rows * b_pitch + h * (op.transposed ? op.depth : op.columns) + j * across;
          int32_t acc = 0;
          for (int64_t k = 0; k < op.depth; ++k) acc += (left[k] - zero_a) * (right[k * along] - zero_b);
          *to++ = static_cast<Y>(requantise(op.requant, 0, acc));
        }
}

template void matmul(const MatMul&, int, int, std::span<const uint8_t>, std::span<const uint8_t>, std::span<uint8_t>);
template void matmul(const MatMul&, int, int, std::span<const uint8_t>, std::span<const uint8_t>, std::span<int16_t>);

}  // namespace ares::reference
