// Layer, RMS and group normalisation of stored tensors in integers. README.md has the derivation and the bounds.
//
//   x = a - z,  s1 = sum of x (0 for RMS),  s2 = sum of x * x       over the n elements of a set
//   Q = (n * s2 - s1^2) * 2^f + E,  E = rne(epsilon * n^2 / s_x^2 * 2^f), at least 1
//   q = Q * 4^-e in [2^30, 2^32),  R = inverse_root(q)
//   wide:    u = mulh((n * x - s1) << L, R >> r)      L = c - e within 0..30,  r = max(e - c, 0)
//   narrow:  u = (a * A + C) >> sh, modulo 2^32 inside
//            A = n * R * 2^-t rounded,  t = c + e      C = 2^(sh - 1) - z * A - s1 * A / n
//   y = requantise(u)                         (n * x - s1) / sqrt(Q * 2^-f) = u * 2^-F
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/reciprocal.hpp"
#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

/// What all sets of a layer share.
struct NormTerms {
  int32_t count = 1;     ///< n, elements of a set
  int32_t zero = 0;      ///< z in stored values
  bool centred = true;   ///< false: RMS
  uint8_t shift = 0;     ///< sh, 1 or more; 0: u is wide
  int32_t fraction = 0;  ///< f, even
  int64_t epsilon = 1;   ///< E
  int32_t headroom = 0;  ///< c
  uint32_t inverse = 0;  ///< narrow: 2^(31 + bits) / n, n having `bits` bits
};
/// Words of the terms on the device: count, zero, fraction, epsilon (low, high), headroom, shift, inverse.
inline constexpr int norm_words = 8;

/// What one set is scaled by, as its terms ask.
struct NormScale {
  int32_t sum = 0;                      ///< s1
  int32_t left = 0, factor = 0;         ///< wide: L; R >> r
  uint32_t multiplier = 0, offset = 0;  ///< narrow: A, C
};

/// Steps on either side of 0 of an input in 32 bits: half of what n * x may have, and of what a sum of two tensors can
/// give out (add.hpp).
constexpr int32_t norm_input_reach(int64_t count) {
  constexpr int64_t most = int64_t{1} << 24, all = int64_t{1} << 29;
  return static_cast<int32_t>(std::min(most, all / count));
}

/// Fails where n * x can leave int32.
Result<NormTerms> norm_terms(int64_t count, bool centred, double epsilon, const Quantisation& input);

/// The same terms for a narrow u that is requantised by multipliers of at most `gain` output steps per unit: with as
/// many fraction bits as make u and its multipliers err about alike.
NormTerms narrow_norm_terms(const NormTerms& wide, double gain);

/// F: the fraction bits of u.
int norm_fraction_bits(const NormTerms& t);

/// Largest |u|, with what inverse_root is off by.
int64_t norm_reach(const NormTerms& t);

/// How far u is off before its requantisation at most, in output steps, for outputs of up to 255 steps.
double narrow_norm_deviation(const NormTerms& t, double gain, double input_reach);

/// The terms of the requantisation of u: y = u * gain + bias, both in real values.
ChannelTerms norm_channel(const NormTerms& t, double gain, double bias, double output_scale);

/// `sum` and `squares` of x = a - z over a set; the sum counts only where the norm is centred.
inline NormScale norm_scale(const NormTerms& t, int32_t sum, int64_t squares) {
  NormScale s;
  s.sum = t.centred ? sum : 0;
  const auto spread = static_cast<uint64_t>(t.count * squares - int64_t{s.sum} * s.sum);
  const uint64_t q = (spread << t.fraction) + static_cast<uint64_t>(t.epsilon);
  const int bits = 64 - __builtin_clzll(q);
  const int e = bits > 32 ? (bits - 31) / 2 : -((32 - bits) / 2);
  const auto mantissa = static_cast<uint32_t>(e >= 0 ? q >> (2 * e) : q << (-2 * e));
  const int32_t root = inverse_root(mantissa);
  if (t.shift == 0) {
    s.left = std::clamp(t.headroom - e, 0, 30);
    s.factor = root >> std::max(e - t.headroom, 0);
    return s;
  }
  // A set without spread may ask for more than 32 bits of A: whatever they are, a * A + C is then 2^(sh - 1).
  const int right = std::clamp(t.headroom + e, 1, 62);
  s.multiplier = static_cast<uint32_t>(
      (static_cast<uint64_t>(t.count) * static_cast<uint64_t>(root) + (uint64_t{1} << (right - 1))) >> right);
  const int64_t product = int64_t{s.sum} * s.multiplier;
  const int64_t quotient = (product >> 32) * int64_t{t.inverse} + mulhu(static_cast<uint32_t>(product), t.inverse);
  const int count_bits = 32 - __builtin_clz(static_cast<uint32_t>(t.count));
  s.offset = (1u << (t.shift - 1)) - static_cast<uint32_t>(t.zero) * s.multiplier -
             static_cast<uint32_t>(quotient >> (count_bits - 1));
  return s;
}

/// u of one stored value.
inline int32_t normalised(const NormTerms& t, const NormScale& s, int32_t stored) {
  if (t.shift > 0) return static_cast<int32_t>(static_cast<uint32_t>(stored) * s.multiplier + s.offset) >> t.shift;
  const int64_t d = int64_t{t.count} * (stored - t.zero) - s.sum;
  assert(fits_int32(d * (int64_t{1} << s.left)));
  return mulh(static_cast<int32_t>(d * (int64_t{1} << s.left)), s.factor);
}

}  // namespace ares
