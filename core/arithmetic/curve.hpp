// Functions of signed 16-bit tensors by straight segments. README.md beside this file has the bound.
//
//   u = x + 32768,  i = u >> 7,  r = u & 127
//   y = clip((p[i] + (((p[i + 1] - p[i]) * r) >> 7) + 2^11) >> 12)         p in 2^-12 output steps
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/base/result.hpp"

namespace ares {

struct Quantisation;

inline constexpr int curve_segments = 512, curve_fraction_bits = 12;
/// Words of a curve on the device: its points, lo, hi.
inline constexpr int curve_words = curve_segments + 3;

/// The points of f between an input of 16 bits that reaches [lo, hi] and an output of 8, f being clamped to 2,000
/// output steps around 0. Fails where f has no value in [lo, hi].
Result<std::vector<int32_t>> curve_points(const std::function<double(double)>& f, double input_scale, double lo,
                                          double hi, const Quantisation& out);

/// The scale of a 16-bit input that covers [lo, hi] as far as the output still changes there.
double curve_input_scale(const std::function<double(double)>& f, double lo, double hi, const Quantisation& out);

inline int32_t curve_value(std::span<const int32_t> points, int32_t x, int lo, int hi) {
  constexpr int segment_bits = 7;
  const int32_t u = x + 32768, i = u >> segment_bits, r = u & ((1 << segment_bits) - 1);
  const int32_t p = points[static_cast<std::size_t>(i)], next = points[static_cast<std::size_t>(i) + 1];
  const int32_t y = (p + (((next - p) * r) >> segment_bits) + (1 << (curve_fraction_bits - 1))) >> curve_fraction_bits;
  return std::clamp(y, lo, hi);
}

}  // namespace ares
