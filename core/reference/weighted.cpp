#include <algorithm>
#include <vector>

#include "core/reference/operations.hpp"

namespace ares::reference {
namespace {

/// w - z_w in [c_out][k] order, 16 bits wide: what vector multiply-add instructions take.
std::vector<int16_t> centred_weights(const Weighted& op, std::size_t channels) {
  std::vector<int16_t> out(op.weights.size());
  const std::size_t k = op.weights.size() / channels;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<int16_t>(op.weights[i] - (op.weight_zero.empty() ? 0 : op.weight_zero[i / k]));
  }
  return out;
}

int32_t dot(const int16_t* a, const int16_t* b, std::size_t n) {
  int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += int32_t{a[i]} * b[i];
  return sum;
}

/// The inputs of one output position and group, [kh][kw][c_in / groups]; outside the image they are `zero`.
void gather(const Window& w, const Dims& in, std::span<const uint8_t> x, int zero, int top, int left, int first_channel,
            int channels, std::vector<int16_t>& patch) {
  auto to = patch.begin();
  for (int ky = 0; ky < w.kh; ++ky) {
    const int row = top + ky * w.dh;
    for (int kx = 0; kx < w.kw; ++kx, to += channels) {
      const int column = left + kx * w.dw;
      if (row < 0 || row >= in.h || column < 0 || column >= in.w) {
        std::fill_n(to, channels, static_cast<int16_t>(zero));
      } else {
        std::copy_n(x.begin() + (int64_t{row} * in.w + column) * in.c + first_channel, channels, to);
      }
    }
  }
}

}  // namespace

template <class T>
void weighted(const Weighted& op, const Dims& in, int zero, std::span<const uint8_t> x, const Dims& out,
              std::span<T> y) {
  const auto channels = static_cast<std::size_t>(out.c);
  const std::vector<int16_t> weights = centred_weights(op, channels);
  const std::size_t k = weights.size() / channels;
  const int in_group = in.c / op.groups, out_group = out.c / op.groups;
  std::vector<int16_t> patch(k);
  auto to = y.begin();
  for (int row = 0; row < out.h; ++row) {
    for (int column = 0; column < out.w; ++column) {
      const int top = row * op.window.sh - op.window.pt, left = column * op.window.sw - op.window.pl;
      for (int group = 0; group < op.groups; ++group) {
        gather(op.window, in, x, zero, top, left, group * in_group, in_group, patch);
        for (int o = group * out_group; o < (group + 1) * out_group; ++o) {
          const auto c = static_cast<std::size_t>(o);
          const int32_t acc = dot(patch.data(), weights.data() + c * k, k);
          *to++ = static_cast<T>(requantise(op.requant, c, acc));
        }
      }
    }
  }
}

template void weighted(const Weighted&, const Dims&, int, std::span<const uint8_t>, const Dims&, std::span<uint8_t>);
template void weighted(const Weighted&, const Dims&, int, std::span<const uint8_t>, const Dims&, std::span<int16_t>);
template void weighted(const Weighted&, const Dims&, int, std::span<const uint8_t>, const Dims&, std::span<int32_t>);

}  // namespace ares::reference
