// Requantisation in exact rational arithmetic: the page core/arithmetic/README.md word for word, with none of the
// shortcuts of the code under test.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/arithmetic/make_requant.hpp"

namespace ares::exact {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

inline Rational power_of_two(int e) { return e >= 0 ? Rational(Integer(1) << e) : 1 / Rational(Integer(1) << -e); }

inline Integer floor(const Rational& x) {
  Integer q = numerator(x) / denominator(x);
  if (Rational(q) > x) --q;
  return q;
}

inline Integer ceil(const Rational& x) { return -floor(-x); }

inline bool is_tie(const Rational& x) { return denominator(Rational(x * 2)) == 1 && denominator(x) != 1; }

inline Integer half_up(const Rational& x) { return floor(x + Rational(0.5)); }

inline Integer half_even(const Rational& x) {
  const Integer up = half_up(x);
  return is_tie(x) && up % 2 != 0 ? up - 1 : up;
}

inline bool fits_int32(const Integer& v) { return v >= -(Integer(1) << 31) && v < (Integer(1) << 31); }

inline Integer clip(const Integer& v, const RequantSpec& s) {
  return v < s.lo ? Integer(s.lo) : v > s.hi ? Integer(s.hi) : v;
}

inline int64_t zero_part(const ChannelTerms& t, const RequantSpec& s) { return s.input_zero * t.weight_sum; }

/// M.
inline Rational multiplier(const ChannelTerms& t) { return Rational(t.multiplier) / t.divisor; }

/// The real output in steps for accumulator `acc`, before rounding and clip.
inline Rational value(const ChannelTerms& t, const RequantSpec& s, int64_t acc) {
  return Rational(acc - zero_part(t, s)) * multiplier(t) + Rational(t.bias) + s.output_zero;
}

/// A channel of constant output has M = 0 and b at the clip bound.
inline ChannelTerms folded(ChannelTerms t, const RequantSpec& s) {
  const Rational first = value(t, s, t.acc_min), last = value(t, s, t.acc_max);
  if (first <= s.lo && last <= s.lo) {
    t.multiplier = 0;
    t.bias = s.lo - s.output_zero;
  } else if (first >= s.hi && last >= s.hi) {
    t.multiplier = 0;
    t.bias = s.hi - s.output_zero;
  } else if (t.acc_min == 0 && t.acc_max == 0 && zero_part(t, s) == 0) {
    t.multiplier = 0;
  }
  return t;
}

/// Whether lo - 1/2 <= value <= hi + 1/2.
inline bool unclipped(const ChannelTerms& t, const RequantSpec& s, int64_t acc) {
  const Rational v = value(t, s, acc);
  return v >= s.lo - Rational(0.5) && v <= s.hi + Rational(0.5);
}

struct Span {
  int64_t first, last;
};

/// The reachable accumulators whose output is not clipped, by bisection; none for M = 0 or an empty range.
inline std::optional<Span> unclipped_span(const ChannelTerms& t, const RequantSpec& s) {
  if (t.multiplier == 0) return std::nullopt;
  const bool rising = t.multiplier > 0;
  const Rational low = s.lo - Rational(0.5), high = s.hi + Rational(0.5);
  // The first accumulator of the range from which on `after` holds.
  const auto bisect = [&](auto after) {
    int64_t a = t.acc_min, b = t.acc_max + 1;
    while (a < b) {
      const int64_t mid = a + (b - a) / 2;
      after(value(t, s, mid)) ? b = mid : a = mid + 1;
    }
    return a;
  };
  const int64_t first = rising ? bisect([&](const Rational& v) { return v >= low; })
                               : bisect([&](const Rational& v) { return v <= high; });
  const int64_t end =
      rising ? bisect([&](const Rational& v) { return v > high; }) : bisect([&](const Rational& v) { return v < low; });
  if (first >= end) return std::nullopt;
  return Span{first, end - 1};
}

/// m and B of a folded channel, or nothing where a 32-bit step can overflow.
struct Constants {
  Integer m, B;
};

inline std::optional<Constants> narrow_constants(const ChannelTerms& t, const RequantSpec& s, int S) {
  const Rational scale = power_of_two(S);
  const Integer m = half_even(multiplier(t) * scale);
  const Integer B = half_even(Rational(t.bias) * scale) - zero_part(t, s) * m + (Integer(s.output_zero) << S) +
                    (Integer(1) << (S - 1));
  if (abs(m) >= Integer(1) << 31 || !fits_int32(B)) return std::nullopt;
  for (const int64_t acc : {t.acc_min, t.acc_max})
    if (!fits_int32(acc * m) || !fits_int32(acc * m + B)) return std::nullopt;
  return Constants{m, B};
}

inline std::optional<Constants> wide_constants(const ChannelTerms& t, const RequantSpec& s, int k, int S) {
  const Integer m = half_even(multiplier(t) * power_of_two(32 - k + S));
  const Integer B = half_even((value(t, s, 0) + Rational(0.5)) * power_of_two(S));
  if (abs(m) >= Integer(1) << 31 || !fits_int32(B)) return std::nullopt;
  for (const int64_t acc : {t.acc_min, t.acc_max}) {
    if (!fits_int32(Integer(acc) << k)) return std::nullopt;
    if (!fits_int32(floor(Rational((Integer(acc) << k) * m) * power_of_two(-32)) + B)) return std::nullopt;
  }
  return Constants{m, B};
}

/// The bound of the narrow form with shift S; 0 where every constant is exact.
inline Rational narrow_deviation(const std::vector<ChannelTerms>& channels, const RequantSpec& s, int S) {
  Rational worst = 0;
  bool nil = true;
  for (const ChannelTerms& t : channels) {
    const Rational M = multiplier(t), scaled = M * power_of_two(S);
    const Rational error = abs(Rational(half_even(scaled)) * power_of_two(-S) - M);
    nil = nil && error == 0 && denominator(Rational(Rational(t.bias) * power_of_two(S))) == 1;
    int64_t reach = 0;
    if (const auto span = unclipped_span(t, s))
      reach = std::max(std::abs(span->first - zero_part(t, s)), std::abs(span->last - zero_part(t, s)));
    worst = std::max<Rational>(worst, reach * error);
  }
  return nil ? Rational(0) : Rational(worst + power_of_two(-S - 1));
}

/// The largest narrow shift, 0 where there is none.
inline int narrow_shift(const std::vector<ChannelTerms>& channels, const RequantSpec& s) {
  for (int S = 31; S >= 1; --S)
    if (std::all_of(channels.begin(), channels.end(),
                    [&](const ChannelTerms& t) { return narrow_constants(t, s, S).has_value(); }))
      return S;
  return 0;
}

}  // namespace ares::exact
