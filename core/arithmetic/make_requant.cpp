#include "core/arithmetic/make_requant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "core/arithmetic/channel.hpp"
#include "core/arithmetic/ties.hpp"

namespace ares {
namespace {

using detail::Channel;
using detail::cpp_int;
using detail::cpp_rational;
using detail::is_integer;

constexpr int max_narrow_shift = 31;
constexpr int max_wide_shift = 22;
constexpr double fast_deviation = 1.0 / 4;
constexpr double exact_deviation = 1.0 / 1024;

/// Appends m and B of one channel in narrow form with shift S; false if a 32-bit step could overflow.
bool add_narrow_channel(const Channel& ch, int output_zero, int S, Requant& r) {
  const double m = detail::rounded_multiplier(ch, S), bias = std::nearbyint(std::ldexp(ch.bias, S));
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

/// The largest |A + zero| over the unclipped range.
double reach(const Channel& ch, int64_t zero) {
  if (ch.empty()) return 0;
  return static_cast<double>(std::max(std::abs(ch.unclipped_min + zero), std::abs(ch.unclipped_max + zero)));
}

/// max|A| * |m * 2^-S - M| + 2^-(S+1) over all channels, or 0 where every m and every bias is exact.
double narrow_deviation(std::span<const Channel> channels, const Requant& r) {
  double worst = 0;
  bool exact = true;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    exact = exact && detail::error_bound(ch, 1, r.m[c], r.shift, 0, 0) == 0 && is_integer(std::ldexp(ch.bias, r.shift));
    worst = std::max(worst, detail::error_bound(ch, reach(ch, 0), r.m[c], r.shift, 0, 0.5));
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

/// How far mulh rounds down at most, in its own units: 1 - 2^-j with j fractional bits of m * 2^(k-32).
double cut_off(int32_t m, int k) {
  if (m == 0) return 0;
  const int bits = 32 - k - std::countr_zero(static_cast<uint32_t>(m));
  return bits <= 0 ? 0 : 1 - std::ldexp(1, -bits);
}

/// Appends m and B of one channel in wide form; false if a 32-bit step could overflow. `offset` is
/// b - z_x * sum(w - z_w) * M + z_y + 1/2.
bool add_wide_channel(const Channel& ch, const cpp_rational& offset, int k, int S, Requant& r) {
  const double m = detail::rounded_multiplier(ch, 32 - k + S);
  if (std::abs(m) >= 0x1p31) return false;
  const auto factor = static_cast<int32_t>(m);
  const cpp_int exact_B = detail::round_half_even(offset * detail::power_of_two(S));
  if (exact_B < std::numeric_limits<int32_t>::min() || exact_B > std::numeric_limits<int32_t>::max()) return false;
  const auto B = exact_B.convert_to<int32_t>();
  for (const int64_t acc : {ch.acc_min, ch.acc_max})
    if (!fits_int32(int64_t{mulh(static_cast<int32_t>(acc << k), factor)} + B)) return false;
  r.m.push_back(factor);
  r.B.push_back(B);
  return true;
}

/// max|acc| * |m * 2^(k-32-S) - M| + 2^-(S+1), and with ties to even 2^-S * (what mulh cuts off), over all channels; 0
/// where nothing rounds.
double wide_deviation(std::span<const Channel> channels, const Requant& r) {
  double worst = 0;
  bool exact = r.shift >= 1;
  const int power = 32 - r.pre_shift + r.shift;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const Channel& ch = channels[c];
    const double cut = cut_off(r.m[c], r.pre_shift);
    exact = exact && cut == 0 && detail::error_bound(ch, 1, r.m[c], power, 0, 0) == 0 &&
            is_integer(std::ldexp(ch.bias, r.shift));
    const double rest = (r.rounding == Rounding::half_even ? cut : 0) + 0.5;
    worst = std::max(worst, detail::error_bound(ch, reach(ch, ch.zero_part), r.m[c], power, r.pre_shift - 32, rest));
  }
  return exact ? 0 : std::ldexp(worst, -r.shift);
}

Result<Requant> wide_form(std::span<const Channel> channels, const RequantSpec& spec) {
  std::vector<cpp_rational> offsets;
  offsets.reserve(channels.size());
  for (const Channel& ch : channels)
    offsets.push_back(cpp_rational(ch.bias) - ch.zero_part * ch.M() + spec.output_zero + cpp_rational(0.5));
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

bool accepts_narrow(const Requant& r, const RequantSpec& spec) {
  if (spec.policy == RequantPolicy::fast) return r.deviation <= fast_deviation;
  return spec.bias_quantised ? r.deviation == 0 : r.deviation <= exact_deviation;
}

}  // namespace

Result<Requant> make_requant(std::span<const ChannelTerms> terms, const RequantSpec& spec) {
  const auto channels = detail::prepare(terms, spec);
  if (!channels) return tl::unexpected<Error>(channels.error());
  const bool exact = spec.policy == RequantPolicy::exact;
  if (auto narrow = narrow_form(*channels, spec)) {
    const bool tells_ties = !exact || detail::decide_rounding(*channels, *narrow);
    if (tells_ties && accepts_narrow(*narrow, spec)) return std::move(*narrow);
  }
  auto wide = wide_form(*channels, spec);
  if (!wide || !exact) return wide;
  detail::decide_rounding(*channels, *wide);
  if (wide->deviation != 0) wide->deviation = wide_deviation(*channels, *wide);
  return wide;
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
