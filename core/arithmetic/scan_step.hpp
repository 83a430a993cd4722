// The selective scan of a state-space model in integers, one step of one channel. README.md has the derivation and the
// bounds.
//
//   L = min(log_step[delta] + log_rate[d][n], last)         log2 of |A| * dt, 2^-20 octaves from 2^-22 on
//   i = L >> 16,  f = L & 65535
//   decay = value[i] - (slope[i] * f >> 5)                  exp(-|A| * dt) in 2^-32
//   u = ((x - z_x) * input[delta] + half) >> input_shift
//   h[n] = mulhsu(h[n], decay) + (B[n] - z_B) * u
//   acc = (x - z_x) * skip[d] + sum over n of (h[n] >> state_shift) * (C[n] - z_C)      y = requantise(acc)
#pragma once

#include "core/arithmetic/reciprocal.hpp"
#include "core/arithmetic/requant.hpp"
#include "core/arithmetic/scan.hpp"

namespace ares {

/// High 32 bits of a signed times an unsigned number.
inline int32_t mulhsu(int32_t a, uint32_t b) { return static_cast<int32_t>((int64_t{a} * int64_t{b}) >> 32); }

inline constexpr int scan_segment_bits = 16, scan_slope_bits = 5;

/// exp(-v) in 2^-32, `log` being log2(v) as above, 0 or more.
inline uint32_t scan_decay(std::span<const uint32_t> lines, int32_t log) {
  constexpr int32_t last = (scan_segments - 1) << scan_segment_bits;
  const int32_t l = log < last ? log : last;
  const auto i = static_cast<std::size_t>(l >> scan_segment_bits);
  const auto f = static_cast<uint32_t>(l & ((1 << scan_segment_bits) - 1));
  return lines[2 * i] - ((lines[2 * i + 1] * f) >> scan_slope_bits);
}

/// One step of channel d: moves its states on and returns acc. `b`, `c`: the stored states' inputs and outputs.
inline int32_t scan_step(const ScanTerms& t, std::size_t d, uint8_t x, uint8_t delta, std::span<const uint8_t> b,
                         std::span<const uint8_t> c, std::span<int32_t> h) {
  const auto states = static_cast<std::size_t>(t.states);
  const int32_t centred = x - t.zero_x, half = t.input_shift > 0 ? 1 << (t.input_shift - 1) : 0;
  const int32_t u = (centred * t.input[delta] + half) >> t.input_shift;
  int32_t acc = centred * t.skip[d];
  for (std::size_t n = 0; n < states; ++n) {
    const uint32_t decay = scan_decay(t.decay, t.log_step[delta] + t.log_rate[d * states + n]);
    h[n] = mulhsu(h[n], decay) + (b[n] - t.zero_b) * u;
    acc += (h[n] >> t.state_shift) * (c[n] - t.zero_c);
  }
  return acc;
}

}  // namespace ares
