#include <algorithm>

#include "core/reference/operations.hpp"

namespace ares::reference {
namespace {

/// The positions of one window inside one axis: `count` of them from `first` on.
struct Taps {
  int first = 0, count = 0;
};

Taps taps(int start, int kernel, int dilation, int extent) {
  const int skipped = start < 0 ? (-start + dilation - 1) / dilation : 0;
  return {start + skipped * dilation, taps_inside(start, kernel, dilation, extent)};
}

}  // namespace

template <class X>
void average_pool(const AveragePool& op, const Dims& in, std::span<const X> x, const Dims& out, std::span<uint8_t> y) {
  const Window& w = op.window;
  const bool one_count = op.requant.B.size() == 1;
  auto to = y.begin();
  for (int row = 0; row < out.h; ++row) {
    const Taps rows = taps(row * w.sh - w.pt, w.kh, w.dh, in.h);
    for (int column = 0; column < out.w; ++column) {
      const Taps columns = taps(column * w.sw - w.pl, w.kw, w.dw, in.w);
      const int n = rows.count * columns.count;
      for (int c = 0; c < out.c; ++c) {
        int32_t acc = 0;
        for (int i = 0; i < rows.count; ++i) {
          for (int j = 0; j < columns.count; ++j) {
            const int64_t position = int64_t{rows.first + i * w.dh} * in.w + columns.first + j * w.dw;
            acc += x[static_cast<std::size_t>(position * in.c + c)];
          }
        }
        *to++ = static_cast<uint8_t>(requantise(op.requant, one_count ? 0 : static_cast<std::size_t>(n - 1), acc));
      }
    }
  }
}

template void average_pool(const AveragePool&, const Dims&, std::span<const uint8_t>, const Dims&, std::span<uint8_t>);
template void average_pool(const AveragePool&, const Dims&, std::span<const int16_t>, const Dims&, std::span<uint8_t>);

}  // namespace ares::reference
