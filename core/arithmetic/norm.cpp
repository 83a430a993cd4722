#include "core/arithmetic/norm.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {
namespace {

/// ceil(log2(n) / 2): sqrt(n) <= 2^half_bits.
int half_bits(int64_t n) {
  int h = 0;
  while ((int64_t{1} << (2 * h)) < n) ++h;
  return h;
}

}  // namespace

Result<NormTerms> norm_terms(int64_t count, bool centred, double epsilon, const Quantisation& input) {
  constexpr int largest_fraction = 16, spread_bits = 60;
  const int64_t reach =
      std::max<int64_t>({std::abs(input.lo - input.zero_point), std::abs(input.hi - input.zero_point), 1});
  // |n * x - s1| <= 2 * n * reach
  if (count < 1 || count > std::numeric_limits<int32_t>::max() / (2 * reach))
    return fail(
        fmt::format("normalises {} elements of up to {} steps at once: their sums leave 32 bits", count, reach));
  NormTerms t;
  t.count = static_cast<int32_t>(count);
  t.zero = input.zero_point;
  t.centred = centred;
  const int bits = static_cast<int>(std::ceil(2 * std::log2(static_cast<double>(count) * static_cast<double>(reach))));
  t.fraction = std::clamp((spread_bits - bits) & ~1, 0, largest_fraction);
  const double steps = std::sqrt(epsilon) * static_cast<double>(count) / input.scale;
  const double scaled = std::ldexp(steps * steps, t.fraction);
  if (!(scaled < std::ldexp(1.0, spread_bits)))
    return fail(fmt::format("its epsilon {} is more than the largest variance of its input", epsilon));
  t.epsilon = std::max<int64_t>(1, std::llrint(scaled));
  t.headroom = 15 + t.fraction / 2 - half_bits(count);
  return t;
}

namespace {

/// G: the fraction bits of a * A + C in a narrow norm.
int product_bits(const NormTerms& t) { return 46 - t.headroom - t.fraction / 2; }

constexpr double output_steps = 255;

}  // namespace

NormTerms narrow_norm_terms(const NormTerms& wide, double gain) {
  constexpr int multiplier_bits = 30, most_shift = 23;
  NormTerms t = wide;
  const int half = half_bits(t.count), count_bits = 32 - __builtin_clz(static_cast<uint32_t>(t.count));
  t.headroom = 16 - t.fraction / 2 + half;
  t.inverse = static_cast<uint32_t>(
      std::min(std::nearbyint(std::ldexp(1.0, 31 + count_bits) / t.count), static_cast<double>(UINT32_MAX)));
  // u errs by half a unit times the gain, a multiplier by half a unit times u.
  const double steps = std::log2(std::max(gain, 0x1p-20));
  const double multiplier_shift = std::min<double>(multiplier_bits - half - steps, most_shift);
  const double largest = std::min<double>(half, std::log2(output_steps) - steps);
  const int fraction = static_cast<int>(std::nearbyint((steps + multiplier_shift - largest) / 2));
  t.shift = static_cast<uint8_t>(product_bits(t) - std::clamp(fraction, 1, product_bits(t) - 1));
  return t;
}

int norm_fraction_bits(const NormTerms& t) {
  return t.shift > 0 ? product_bits(t) - t.shift : t.headroom + 14 - t.fraction / 2;
}

int64_t norm_reach(const NormTerms& t) {
  return t.shift > 0 ? (int64_t{1} << (30 - t.shift)) + 2 : (int64_t{1} << 29) + 4;
}

double narrow_norm_deviation(const NormTerms& t, double gain, double input_reach) {
  return gain * std::ldexp(1.0, -norm_fraction_bits(t) - 1) +
         output_steps / 2 * input_reach * std::ldexp(1.0, -product_bits(t));
}

ChannelTerms norm_channel(const NormTerms& t, double gain, double bias, double output_scale) {
  ChannelTerms c;
  c.multiplier = std::ldexp(gain / output_scale, -norm_fraction_bits(t));
  c.bias = bias / output_scale;
  c.acc_min = -norm_reach(t);
  c.acc_max = norm_reach(t);
  return c;
}

}  // namespace ares
