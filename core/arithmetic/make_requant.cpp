#include "core/arithmetic/make_requant.hpp"

#include <fmt/format.h>

#include <bit>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <optional>

namespace ares {
namespace {

using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

constexpr int max_narrow_shift = 31;
constexpr int max_wide_shift = 22;
constexpr double fast_deviation = 1.0 / 4;
constexpr double exact_deviation = 1.0 / 1024;

/// A channel with what both forms need of it. A is acc - zero_part.
struct Channel {
  double multiplier = 0, bias = 0;  ///< M and b; M = 0 where the output does not depend on the input
  int64_t zero_part = 0;            ///< z_x * sum(w - z_w)
  int64_t acc_min = 0, acc_max = 0;
  int64_t unclipped_min = 0, unclipped_max = -1;  ///< the reachable A whose output is not clipped; empty if M = 0
};

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

/// Round half to even in double. Exact: the argument is a double times a power of two.
double rounded(double value, int power) { return std::nearbyint(std::ldexp(value, power)); }

bool is_integer(double v) { return v == std::trunc(v); }

/// Replaces M and b of a channel whose output is the same for every reachable accumulator, so that an always clipped or
/// an all-zero channel does not cost the others their precision.
void fold_constant(Channel& ch, const RequantSpec& spec) {
  const cpp_rational M(ch.multiplier), offset = cpp_rational(ch.bias) + spec.output_zero;
  const cpp_rational first = (ch.acc_min - ch.zero_part) * M + offset, last = (ch.acc_max - ch.zero_part) * M + offset;
  if (first <= spec.lo && last <= spec.lo) {
    ch.multiplier = 0;
    ch.bias = double(spec.lo) - spec.output_zero;
  } else if (first >= spec.hi && last >= spec.hi) {
    ch.multiplier = 0;
    ch.bias = double(spec.hi) - spec.output_zero;
  } else if (ch.acc_min == 0 && ch.acc_max == 0 && ch.zero_part == 0) {
    ch.multiplier = 0;
  }
}

void find_unclipped(Channel& ch, const RequantSpec& spec) {
  if (ch.multiplier == 0) return;
  const cpp_rational M(std::abs(ch.multiplier)), offset = cpp_rational(ch.bias) + spec.output_zero;
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

Result<std::vector<Channel>> prepare(std::span<const ChannelTerms> terms, const RequantSpec& spec) {
  if (terms.empty()) return fail("a layer without output channels cannot be requantised");
  if (spec.lo > spec.hi) return fail(fmt::format("the output's clip range {}..{} is empty", spec.lo, spec.hi));
  std::vector<Channel> channels;
  channels.reserve(terms.size());
  for (std::size_t c = 0; c < terms.size(); ++c) {
    const ChannelTerms& t = terms[c];
    if (!std::isfinite(t.multiplier) || !std::isfinite(t.bias))
      return fail(fmt::format("output channel {}: multiplier {} or bias {} is not finite", c, t.multiplier, t.bias));
    if (t.acc_min > t.acc_max || !fits_int32(t.acc_min) || !fits_int32(t.acc_max) || !fits_int32(t.weight_sum))
      return fail(
          fmt::format("output channel {}: its accumulator reaches {}..{} and overflows int32; use fewer input "
                      "channels or narrower weights",
                      c, t.acc_min, t.acc_max));
    Channel ch{t.multiplier, t.bias, spec.input_zero * t.weight_sum, t.acc_min, t.acc_max};
    fold_constant(ch, spec);
    find_unclipped(ch, spec);
    channels.push_back(ch);
  }
  return channels;
}

/// Appends m and B of one channel in narrow form with shift S; false if a 32-bit step could overflow.
bool add_narrow_channel(const Channel& ch, int output_zero, int S, Requant& r) {
  const double m = rounded(ch.multiplier, S), bias = rounded(ch.bias, S);
  if (std::abs(m) >= 0x1p31 || std::abs(bias) >= 0x1p62) return false;
  const auto factor = static_cast<int64_t>(m);
  const cpp_int exact_B = cpp_int(static_cast<int64_t>(bias)) - cpp_int(ch.zero_part) * factor +
                          (cpp_int(output_zero) * (int64_t{1} << S)) + (int64_t{1} << (S - 1));
  if (exact_B < std::numeric_limits<int32_t>::min() || exact_B > std::numeric_limits<int32_t>::max()) return false;
  const auto B = exact_B.convert_to<int32_t>();
  for (const int64_t acc : {ch.acc_min, ch.acc_max})
    if (!fits_int32(acc * factor) || !fits_int32(acc * factor + B)) return false;
  r.m.push_back(static_cast<int32_t>(factor));
  r.B.push_back(B);
  return true;
}

/// max|A| * |m * 2^-S - M| + 2^-(S+1) over all channels, or 0 where every m and every bias is exact. The difference is
/// exact in double, so one rounding (of the fma) is all there is.
double narrow_deviation(std::span<const Channel> channels, const Requant& r) {
  double worst = 0;
  bool exact = true;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const double error = std::abs(r.m[c] - std::ldexp(ch.multiplier, r.shift));
    exact = exact && error == 0 && is_integer(std::ldexp(ch.bias, r.shift));
    double reach = 0;
    if (ch.unclipped_min <= ch.unclipped_max)
      reach = static_cast<double>(std::max(std::abs(ch.unclipped_min), std::abs(ch.unclipped_max)));
    worst = std::max(worst, std::fma(reach, error, 0.5));
  }
  return exact ? 0 : std::ldexp(worst, -r.shift);
}

std::optional<Requant> narrow_form(std::span<const Channel> channels, const RequantSpec& spec) {
  for (int S = max_narrow_shift; S >= 1; --S) {
    Requant r{.form = RequantForm::narrow, .shift = S, .lo = spec.lo, .hi = spec.hi, .m = {}, .B = {}};
    r.m.reserve(channels.size());
    r.B.reserve(channels.size());
    bool fits = true;
    for (const Channel& ch : channels) {
      fits = add_narrow_channel(ch, spec.output_zero, S, r);
      if (!fits) break;
    }
    if (!fits) continue;
    r.deviation = narrow_deviation(channels, r);
    return r;
  }
  return std::nullopt;
}

/// The largest k in 0..31 with acc << k in int32 for every reachable accumulator.
int wide_pre_shift(std::span<const Channel> channels) {
  int k = 31;
  for (const Channel& ch : channels)
    while (!fits_int32(ch.acc_min << k) || !fits_int32(ch.acc_max << k)) --k;
  return k;
}

/// The same for one channel in wide form; `offset` is b - z_x * sum(w - z_w) * M + z_y + 1/2.
bool add_wide_channel(const Channel& ch, const cpp_rational& offset, int k, int S, Requant& r) {
  const double m = rounded(ch.multiplier, 32 - k + S);
  if (std::abs(m) >= 0x1p31) return false;
  const auto factor = static_cast<int32_t>(m);
  const cpp_int exact_B = round_half_even(offset * (int64_t{1} << S));
  if (exact_B < std::numeric_limits<int32_t>::min() || exact_B > std::numeric_limits<int32_t>::max()) return false;
  const auto B = exact_B.convert_to<int32_t>();
  for (const int64_t acc : {ch.acc_min, ch.acc_max})
    if (!fits_int32(int64_t{mulh(static_cast<int32_t>(acc << k), factor)} + B)) return false;
  r.m.push_back(factor);
  r.B.push_back(B);
  return true;
}

/// max|acc| * |m * 2^(k-32-S) - M| + 2^-S (mulh rounds down) + 2^-(S+1) over all channels, or 0 where nothing rounds.
double wide_deviation(std::span<const Channel> channels, const Requant& r) {
  double worst = 0;
  bool exact = r.shift >= 1;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const double error = std::abs(r.m[c] - std::ldexp(ch.multiplier, 32 - r.pre_shift + r.shift));
    const bool truncates = !is_integer(std::ldexp(r.m[c], r.pre_shift - 32));
    exact = exact && error == 0 && !truncates && is_integer(std::ldexp(ch.bias, r.shift));
    double reach = 0;
    if (ch.unclipped_min <= ch.unclipped_max)
      reach = static_cast<double>(
          std::max(std::abs(ch.unclipped_min + ch.zero_part), std::abs(ch.unclipped_max + ch.zero_part)));
    worst = std::max(worst, std::fma(reach, std::ldexp(error, r.pre_shift - 32), truncates ? 1.5 : 0.5));
  }
  return exact ? 0 : std::ldexp(worst, -r.shift);
}

Result<Requant> wide_form(std::span<const Channel> channels, const RequantSpec& spec) {
  std::vector<cpp_rational> offsets;
  offsets.reserve(channels.size());
  for (const Channel& ch : channels)
    offsets.push_back(cpp_rational(ch.bias) - ch.zero_part * cpp_rational(ch.multiplier) + spec.output_zero +
                      cpp_rational(0.5));
  const int k = wide_pre_shift(channels);
  std::size_t failed = 0;
  for (int S = max_wide_shift; S >= 0; --S) {
    Requant r{.form = RequantForm::wide, .shift = S, .pre_shift = k, .lo = spec.lo, .hi = spec.hi, .m = {}, .B = {}};
    std::size_t c = 0;
    while (c < channels.size() && add_wide_channel(channels[c], offsets[c], k, S, r)) ++c;
    if (c == channels.size()) {
      r.deviation = wide_deviation(channels, r);
      return r;
    }
    failed = c;
  }
  const Channel& ch = channels[failed];
  return fail(
      fmt::format("output channel {}: no shift keeps multiplier {}, bias {} and accumulators {}..{} in int32; "
                  "its output scale is too small for them",
                  failed, ch.multiplier, ch.bias, ch.acc_min, ch.acc_max));
}

/// Whether A * M + b lies halfway between two integers for an integer A of the unclipped range, where the form computes
/// it exactly (2^S * M and 2^S * b are integers): A * M' + b' = 2^(S-1) modulo 2^S with M' = 2^S * M, b' = 2^S * b.
bool reaches_tie(const Channel& ch, int S) {
  const double scaled_M = std::ldexp(ch.multiplier, S), scaled_b = std::ldexp(ch.bias, S);
  if (S < 1 || !is_integer(scaled_M) || !is_integer(scaled_b) || std::abs(scaled_b) >= 0x1p62) return false;
  const uint64_t mask = (uint64_t{1} << S) - 1;
  const auto M = static_cast<uint64_t>(static_cast<int64_t>(scaled_M));
  const uint64_t target = ((uint64_t{1} << (S - 1)) - static_cast<uint64_t>(static_cast<int64_t>(scaled_b))) & mask;
  if (M == 0) return target == 0;
  if (ch.unclipped_min > ch.unclipped_max) return false;
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

bool accepts_narrow(const Requant& r, const RequantSpec& spec) {
  if (spec.policy == RequantPolicy::fast) return r.deviation <= fast_deviation;
  return spec.bias_quantised ? r.deviation == 0 : r.deviation <= exact_deviation;
}

}  // namespace

Result<Requant> make_requant(std::span<const ChannelTerms> terms, const RequantSpec& spec) {
  const auto channels = prepare(terms, spec);
  if (!channels) return tl::unexpected<Error>(channels.error());
  Requant r;
  if (auto narrow = narrow_form(*channels, spec); narrow && accepts_narrow(*narrow, spec)) {
    r = std::move(*narrow);
  } else {
    auto wide = wide_form(*channels, spec);
    if (!wide) return wide;
    r = std::move(*wide);
  }
  const auto ties = [&](const Channel& ch) { return reaches_tie(ch, r.shift); };
  if (spec.policy == RequantPolicy::exact && std::any_of(channels->begin(), channels->end(), ties))
    r.rounding = Rounding::half_even;
  return r;
}

Result<Requant> make_raw_requant(std::span<const ChannelTerms> terms, int input_zero) {
  if (terms.empty()) return fail("a layer without output channels cannot be requantised");
  Requant r{.form = RequantForm::raw,
            .lo = std::numeric_limits<int32_t>::min(),
            .hi = std::numeric_limits<int32_t>::max(),
            .m = {},
            .B = {}};
  for (std::size_t c = 0; c < terms.size(); ++c) {
    const ChannelTerms& t = terms[c];
    const double bias = std::nearbyint(t.bias);
    // Written so that a bias that is not a number fails too. The other addends are far below 2^62.
    const bool finite = std::abs(bias) < 0x1p62;
    const int64_t B = finite && fits_int32(t.weight_sum) ? static_cast<int64_t>(bias) - input_zero * t.weight_sum : 0;
    if (!finite || !fits_int32(t.weight_sum) || !fits_int32(B) || !fits_int32(t.acc_min) || !fits_int32(t.acc_max) ||
        !fits_int32(t.acc_min + B) || !fits_int32(t.acc_max + B))
      return fail(
          fmt::format("output channel {}: accumulators {}..{} with bias {} (in their steps) overflow int32; use "
                      "fewer input channels, narrower weights or a smaller bias",
                      c, t.acc_min, t.acc_max, t.bias));
    r.B.push_back(static_cast<int32_t>(B));
    r.deviation = std::max(r.deviation, std::abs(bias - t.bias));
  }
  return r;
}

}  // namespace ares
