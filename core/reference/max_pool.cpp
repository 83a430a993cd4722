#include <algorithm>

#include "core/reference/operations.hpp"

namespace ares::reference {

void max_pool(const MaxPool& op, const Dims& in, std::span<const uint8_t> x, const Dims& out, std::span<uint8_t> y) {
  const Window& w = op.window;
  std::fill(y.begin(), y.end(), uint8_t{0});
  for (int row = 0; row < out.h; ++row) {
    for (int column = 0; column < out.w; ++column) {
      uint8_t* to = y.data() + (int64_t{row} * out.w + column) * out.c;
      for (int ky = 0; ky < w.kh; ++ky) {
        const int r = row * w.sh - w.pt + ky * w.dh;
        if (r < 0 || r >= in.h) continue;
        for (int kx = 0; kx < w.kw; ++kx) {
          const int s = column * w.sw - w.pl + kx * w.dw;
          if (s < 0 || s >= in.w) continue;
          const uint8_t* from = x.data() + (int64_t{r} * in.w + s) * in.c;
          for (int c = 0; c < in.c; ++c) to[c] = std::max(to[c], from[c]);
        }
      }
    }
  }
}

}  // namespace ares::reference
