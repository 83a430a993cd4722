#include "core/arithmetic/ties.hpp"

#include <algorithm>
#include <bit>
#include <boost/integer/common_factor.hpp>
#include <boost/integer/mod_inverse.hpp>
#include <cmath>
#include <optional>

namespace ares::detail {
namespace {

/// Whether nothing of a channel is rounded before the shift.
bool is_exact(const Channel& ch, const Requant& r) {
  return r.shift >= 1 && ch.divisor == 1 && is_integer(std::ldexp(ch.multiplier, r.shift)) &&
         is_integer(std::ldexp(ch.bias, r.shift));
}

/// Whether A * M + b lies halfway between two integers for an integer A of the unclipped range of an exact channel:
/// A * M' + b' = 2^(S-1) modulo 2^S with M' = 2^S * M, b' = 2^S * b.
bool reaches_dyadic_tie(const Channel& ch, int S) {
  const double scaled_M = std::ldexp(ch.multiplier, S), scaled_b = std::ldexp(ch.bias, S);
  if (std::abs(scaled_b) >= 0x1p62) return false;
  const uint64_t mask = (uint64_t{1} << S) - 1;
  const auto M = static_cast<uint64_t>(static_cast<int64_t>(scaled_M));
  const uint64_t target = ((uint64_t{1} << (S - 1)) - static_cast<uint64_t>(static_cast<int64_t>(scaled_b))) & mask;
  if (M == 0) return target == 0;
  if (ch.empty()) return false;
  const int twos = std::countr_zero(M);
  if (twos >= S) return target == 0;
  if (std::countr_zero(target | (uint64_t{1} << S)) < twos) return false;
  const uint64_t odd = M >> twos;
  uint64_t inverse = odd;  // modulo 8; every Newton step doubles the number of right bits
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  const uint64_t period_mask = (uint64_t{1} << (S - twos)) - 1;
  const uint64_t steps = ((target >> twos) * inverse - static_cast<uint64_t>(ch.unclipped_min)) & period_mask;
  return steps <= static_cast<uint64_t>(ch.unclipped_max - ch.unclipped_min);
}

cpp_int modulo(const cpp_int& x, const cpp_int& m) {
  const cpp_int r = x % m;
  return r < 0 ? cpp_int(r + m) : r;
}

/// A channel whose M has an odd divisor: A * M + b - 1/2 = (A * step + offset) / whole in integers. Ties are where the
/// numerator is a multiple of `whole`; every other output is 1 / whole or more away from one.
struct Fraction {
  cpp_int step, offset, whole;

  explicit Fraction(const Channel& ch) {
    const cpp_rational M = ch.M(), b = cpp_rational(ch.bias) - cpp_rational(0.5);
    whole = boost::integer::lcm(cpp_int(denominator(M)), cpp_int(denominator(b)));
    step = numerator(cpp_rational(M * whole));
    offset = numerator(cpp_rational(b * whole));
  }

  bool reaches_tie(const Channel& ch) const {
    if (ch.empty()) return false;
    const cpp_int common = boost::integer::gcd(modulo(step, whole), whole);
    if (offset % common != 0) return false;
    const cpp_int period = whole / common;
    if (period == 1) return true;
    const cpp_int inverse = boost::integer::mod_inverse(cpp_int(modulo(step / common, period)), period);
    const cpp_int first = modulo(-(offset / common) * inverse - ch.unclipped_min, period);
    return first <= cpp_int(ch.unclipped_max) - ch.unclipped_min;
  }
};

/// How far, in units of 2^-S, the sum of a channel with an odd divisor may be from what it stands for.
cpp_rational sum_error(const Channel& ch, const Requant& r, std::size_t c) {
  const cpp_rational M = ch.M(), scale = power_of_two(r.shift);
  const bool wide = r.form == RequantForm::wide;
  const auto far = [&](int64_t zero) {
    return ch.empty() ? 0 : std::max(std::abs(ch.unclipped_min + zero), std::abs(ch.unclipped_max + zero));
  };
  const cpp_rational real_m =
      wide ? cpp_rational(M * power_of_two(32 - r.pre_shift + r.shift)) : cpp_rational(M * scale);
  const cpp_rational m_error = abs(cpp_rational(r.m[c] - real_m));
  if (!wide) {
    const cpp_rational b = cpp_rational(ch.bias) * scale;
    return far(0) * m_error + abs(cpp_rational(cpp_rational(round_half_even(b)) - b));
  }
  // B is off by half a unit at most, and mulh cuts off less than one.
  return far(ch.zero_part) * m_error * power_of_two(r.pre_shift - 32) + cpp_rational(1.5);
}

/// Half the width of the window that holds the sums of all ties and of nothing else: no sum is further than that from
/// what it stands for, and none that is no tie comes as close to one. Nothing where some channel is too inexact.
std::optional<int32_t> tie_margin(std::span<const Channel> channels, const Requant& r) {
  cpp_int margin = 0;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (is_exact(channels[c], r)) continue;
    if (channels[c].divisor == 1) return std::nullopt;
    margin = std::max<cpp_int>(margin, -floor(-sum_error(channels[c], r, c)));
  }
  if (margin == 0) return 0;
  for (const Channel& ch : channels) {
    const cpp_rational gap = power_of_two(r.shift) / Fraction(ch).whole;
    if (2 * margin >= gap) return std::nullopt;
  }
  return margin.convert_to<int32_t>();
}

/// Whether the sum of every reachable accumulator can take `more`.
bool has_room(std::span<const Channel> channels, const Requant& r, int32_t more) {
  for (std::size_t c = 0; c < channels.size(); ++c) {
    for (const int64_t acc : {channels[c].acc_min, channels[c].acc_max}) {
      const int64_t factor = r.form == RequantForm::wide ? acc << r.pre_shift : acc;
      const int64_t product =
          r.form == RequantForm::wide ? mulh(static_cast<int32_t>(factor), r.m[c]) : factor * r.m[c];
      if (!fits_int32(product + r.B[c] + more) || !fits_int32(int64_t{r.B[c]} + more)) return false;
    }
  }
  return true;
}

}  // namespace

bool decide_rounding(std::span<const Channel> channels, Requant& r) {
  auto margin = tie_margin(channels, r);
  if (margin && !has_room(channels, r, *margin)) margin.reset();
  bool exact_ties = false, other_ties = false;
  for (const Channel& ch : channels) {
    if (is_exact(ch, r)) {
      exact_ties = exact_ties || reaches_dyadic_tie(ch, r.shift);
    } else if (ch.divisor != 1) {
      other_ties = other_ties || Fraction(ch).reaches_tie(ch);
    }
  }
  if (exact_ties || (other_ties && margin)) r.rounding = Rounding::half_even;
  if (!margin) return !other_ties;
  r.deviation = 0;
  if (r.rounding == Rounding::half_up || *margin == 0) return true;
  r.tie_width = 2 * *margin;
  for (int32_t& B : r.B) B += *margin;
  return true;
}

}  // namespace ares::detail
