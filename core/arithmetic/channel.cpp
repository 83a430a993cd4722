#include "core/arithmetic/channel.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ares::detail {

cpp_int floor(const cpp_rational& x) {
  const cpp_int n = numerator(x), d = denominator(x);
  cpp_int q = n / d;
  if (n % d < 0) --q;
  return q;
}

cpp_int round_half_even(const cpp_rational& x) {
  const cpp_rational up = x + cpp_rational(0.5);
  cpp_int q = floor(up);
  if (denominator(up) == 1 && q % 2 != 0) --q;
  return q;
}

cpp_rational power_of_two(int exponent) {
  const cpp_int power = cpp_int(1) << std::abs(exponent);
  return exponent >= 0 ? cpp_rational(power) : cpp_rational(cpp_int(1), power);
}

bool is_integer(double v) { return v == std::trunc(v); }

double rounded_multiplier(const Channel& ch, int power) {
  if (ch.divisor == 1) return std::nearbyint(std::ldexp(ch.multiplier, power));
  return round_half_even(ch.M() * power_of_two(power)).convert_to<double>();
}

double error_bound(const Channel& ch, double reach, double m, int power, int scale, double rest) {
  // The difference of two doubles this close is exact, so the rounding of the fma is all there is.
  if (ch.divisor == 1) {
    const double error = std::abs(m - std::ldexp(ch.multiplier, power));
    return std::fma(reach, std::ldexp(error, scale), rest);
  }
  const cpp_rational error = abs(cpp_rational(cpp_rational(m) - ch.M() * power_of_two(power)));
  return cpp_rational(error * cpp_rational(reach) * power_of_two(scale) + cpp_rational(rest)).convert_to<double>();
}

namespace {

/// Replaces M and b of a channel whose output is the same for every reachable accumulator, so that an always clipped or
/// an all-zero channel does not cost the others their precision.
void fold_constant(Channel& ch, const RequantSpec& spec) {
  const cpp_rational M = ch.M(), offset = cpp_rational(ch.bias) + spec.output_zero;
  const cpp_rational first = (ch.acc_min - ch.zero_part) * M + offset, last = (ch.acc_max - ch.zero_part) * M + offset;
  const bool below = first <= spec.lo && last <= spec.lo, above = first >= spec.hi && last >= spec.hi;
  if (below || above) ch.bias = double(below ? spec.lo : spec.hi) - spec.output_zero;
  if (below || above || (ch.acc_min == 0 && ch.acc_max == 0 && ch.zero_part == 0)) {
    ch.multiplier = 0;
    ch.divisor = 1;
  }
}

void find_unclipped(Channel& ch, const RequantSpec& spec) {
  if (ch.multiplier == 0) return;
  const cpp_rational M = abs(ch.M()), offset = cpp_rational(ch.bias) + spec.output_zero;
  const cpp_rational half(0.5);
  cpp_int low = -floor(-((spec.lo - half - offset) / M)), high = floor((spec.hi + half - offset) / M);
  if (ch.multiplier < 0) {
    low.swap(high);
    low = -low;
    high = -high;
  }
  const cpp_int reach_low = ch.acc_min - ch.zero_part, reach_high = ch.acc_max - ch.zero_part;
  if (low < reach_low) low = reach_low;
  if (high > reach_high) high = reach_high;
  if (low > high) return;
  ch.unclipped_min = low.convert_to<int64_t>();
  ch.unclipped_max = high.convert_to<int64_t>();
}

}  // namespace

Result<std::vector<Channel>> prepare(std::span<const ChannelTerms> terms, const RequantSpec& spec) {
  if (terms.empty()) return fail("a layer without output channels cannot be requantised");
  if (spec.lo > spec.hi) return fail(fmt::format("the output's clip range {}..{} is empty", spec.lo, spec.hi));
  std::vector<Channel> channels;
  channels.reserve(terms.size());
  for (std::size_t c = 0; c < terms.size(); ++c) {
    const ChannelTerms& t = terms[c];
    if (!std::isfinite(t.multiplier) || !std::isfinite(t.bias) || t.divisor < 1)
      return fail(fmt::format("output channel {}: multiplier {} / {} or bias {} is not finite", c, t.multiplier,
                              t.divisor, t.bias));
    if (t.acc_min > t.acc_max || !fits_int32(t.acc_min) || !fits_int32(t.acc_max) || !fits_int32(t.weight_sum))
      return fail(
          fmt::format("output channel {}: its accumulator reaches {}..{} and overflows int32; use fewer input "
                      "channels or narrower weights",
                      c, t.acc_min, t.acc_max));
    const int twos = std::countr_zero(static_cast<uint64_t>(t.divisor));
    Channel ch{std::ldexp(t.multiplier, -twos), t.bias,    t.divisor >> twos,
               spec.input_zero * t.weight_sum,  t.acc_min, t.acc_max};
    fold_constant(ch, spec);
    find_unclipped(ch, spec);
    channels.push_back(ch);
  }
  return channels;
}

}  // namespace ares::detail
