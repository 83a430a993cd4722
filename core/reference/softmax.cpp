#include "core/arithmetic/softmax.hpp"

#include <algorithm>

#include "core/reference/operations.hpp"

namespace ares::reference {

template <class X>
void softmax(const Softmax& op, std::span<const X> x, std::span<uint8_t> y) {
  const auto n = static_cast<std::size_t>(op.columns);
  for (std::size_t row = 0; row < x.size(); row += n) {
    const std::span<const X> scores = x.subspan(row, n);
    const int32_t top = *std::max_element(scores.begin(), scores.end());
    const auto exponential = [&](X a) { return softmax_exponential(op.table, static_cast<uint32_t>(top - a)); };
    uint32_t sum = 0;
    for (const X a : scores) sum += exponential(a);
    const SoftmaxScale scale = softmax_scale(op.terms, sum);
    for (std::size_t i = 0; i < n; ++i)
      y[row + i] =
          static_cast<uint8_t>(std::clamp(softmax_output(scale, exponential(scores[i])), op.requant.lo, op.requant.hi));
  }
}

template void softmax(const Softmax&, std::span<const uint8_t>, std::span<uint8_t>);
template void softmax(const Softmax&, std::span<const int16_t>, std::span<uint8_t>);

}  // namespace ares::reference
