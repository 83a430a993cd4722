// The selective scan of a state-space model in integers. README.md has the derivation and the bounds.
//
//   v = mulhu(step[delta], rate[d][n])                                     |A| * dt, in 2^-20
//   decay = mulhu(mulhu(E[v >> 16], E[256 + (v >> 8 & 255)]), 2^32 - 1 - ((v & 255) << 12)), 0 where v >= 2^24
//   h[n] = mulhsu(h[n], decay) + mulh((B[n] - z_B) * (x - z_x) << product, input[delta])
//   acc = (x - z_x) * skip[d] + sum over n of mulh(h[n], (C[n] - z_C) << shift)      y = requantise(acc)
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/reciprocal.hpp"
#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// The real description: y[t][d] = sum over n of C[t][n] * h[t][d][n] + skip[d] * x[t][d] with
/// h[t] = exp(dt[t][d] * A[d][n]) * h[t - 1] + dt[t][d] * B[t][n] * x[t][d] and dt = step(delta), h before the first 0.
struct ScanSpec {
  int32_t steps = 1, channels = 1, states = 1;
  std::span<const double> rates;            ///< A, [channels][states], negative
  std::span<const double> skip;             ///< D per channel; empty: 0
  std::function<double(double)> step_size;  ///< of a real delta, as softplus; 0 or more
};

/// What the device computes with.
struct ScanTerms {
  int32_t states = 1;
  int32_t zero_x = 0, zero_b = 0, zero_c = 0;
  int32_t product = 0, shift = 0;      ///< left shifts of (B - z_B) * (x - z_x) and of C - z_C
  std::vector<uint32_t> step;          ///< dt of each stored delta
  std::vector<int32_t> input;          ///< dt * s_B * s_x of each stored delta
  std::vector<uint32_t> rate;          ///< |A|, [channels][states]
  std::vector<int32_t> skip;           ///< per channel
  std::vector<uint32_t> exponentials;  ///< 2 x 256
};

/// The terms, and those of the requantisation of acc for an output of scale `output_scale`. Fails where a rate is not
/// negative, or the states or the output cannot be held in 32 bits.
struct ScanConstants {
  ScanTerms terms;
  ChannelTerms requant;
};
Result<ScanConstants> scan_constants(const ScanSpec& spec, const Quantisation& x, const Quantisation& delta,
                                     const Quantisation& b, const Quantisation& c, double output_scale);

/// High 32 bits of a signed times an unsigned number.
inline int32_t mulhsu(int32_t a, uint32_t b) { return static_cast<int32_t>((int64_t{a} * int64_t{b}) >> 32); }

/// exp(-v), v in 2^-20, in 2^-32.
inline uint32_t scan_decay(std::span<const uint32_t> exponentials, uint32_t v) {
  if (v >> 24) return 0;
  const uint32_t coarse = mulhu(exponentials[v >> 16], exponentials[256 + (v >> 8 & 255)]);
  return mulhu(coarse, UINT32_MAX - ((v & 255) << 12));
}

/// One step of channel d: moves its states on and returns acc. `b`, `c`: the stored states' inputs and outputs.
inline int32_t scan_step(const ScanTerms& t, std::size_t d, uint8_t x, uint8_t delta, std::span<const uint8_t> b,
                         std::span<const uint8_t> c, std::span<int32_t> h) {
  const auto states = static_cast<std::size_t>(t.states);
  const int32_t centred = x - t.zero_x;
  int32_t acc = centred * t.skip[d];
  for (std::size_t n = 0; n < states; ++n) {
    const uint32_t decay = scan_decay(t.exponentials, mulhu(t.step[delta], t.rate[d * states + n]));
    h[n] = mulhsu(h[n], decay) + mulh((b[n] - t.zero_b) * centred * (1 << t.product), t.input[delta]);
    acc += mulh(h[n], (c[n] - t.zero_c) * (1 << t.shift));
  }
  return acc;
}

}  // namespace ares
