// Requantisation of arbitrary channels against exact rational arithmetic.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>

#include "tests/property/requant_exact.hpp"

namespace ares {
namespace {

using exact::Integer;
using exact::Rational;

struct Case {
  std::vector<ChannelTerms> terms;
  RequantSpec spec;
};

std::ostream& operator<<(std::ostream& os, const Case& c) {
  os << "zx " << c.spec.input_zero << " zy " << c.spec.output_zero << " clip " << c.spec.lo << ".." << c.spec.hi
     << (c.spec.policy == RequantPolicy::exact ? " exact" : " fast")
     << (c.spec.bias_quantised ? " quantised bias" : "");
  for (const ChannelTerms& t : c.terms)
    os << std::hexfloat << "\n  M " << t.multiplier << " b " << t.bias << std::defaultfloat << " sum " << t.weight_sum
       << " acc " << t.acc_min << ".." << t.acc_max;
  return os;
}

/// Uniform in first..last, whatever size rapidcheck has grown to.
int64_t between(int64_t first, int64_t last) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int64_t>(first, last + 1));
}

/// A positive double of 24 significant bits as float32 scales have, or an odd number of few bits; times 2^exponent.
double magnitude(bool dyadic, int exponent) {
  if (dyadic) {
    const int bits = static_cast<int>(between(0, 12));
    return std::ldexp(static_cast<double>(2 * between(0, (1 << bits) - 1) + 1), exponent - bits);
  }
  return std::ldexp(static_cast<double>(between(1 << 23, (1 << 24) - 1)), exponent - 23);
}

/// A channel whose accumulators have up to `bits` bits and whose outputs span about 2^steps steps.
ChannelTerms channel(int bits, int steps, const RequantSpec& spec, bool dyadic) {
  ChannelTerms t;
  const int64_t limit = (int64_t{1} << bits) - 1;
  t.weight_sum = between(-limit / 256, limit / 256);
  const int64_t zero = spec.input_zero * t.weight_sum;
  t.acc_min = std::max(zero - between(0, limit), -limit - 1);
  t.acc_max = std::min(zero + between(0, limit), limit);
  t.multiplier = magnitude(dyadic, steps - bits) * (between(0, 4) == 0 ? -1 : 1);
  if (dyadic)
    t.bias = static_cast<double>(between(-600, 600)) / static_cast<double>(int64_t{1} << between(0, 3));
  else if (between(0, 3) != 0)
    t.bias = static_cast<double>(between(-(1 << 28), 1 << 28)) * 0x1p-20;
  if (between(0, 15) == 0) t.multiplier = 0;
  if (dyadic && between(0, 2) == 0) {  // a tie at a random reachable accumulator
    const auto A = static_cast<double>(between(t.acc_min, t.acc_max) - zero);
    t.bias = static_cast<double>(between(-20, 20)) + 0.5 - A * t.multiplier;
  }
  return t;
}

Case any_case(RequantPolicy policy) {
  Case c;
  c.spec.policy = policy;
  c.spec.bias_quantised = between(0, 1) != 0;
  c.spec.input_zero = static_cast<int>(between(0, 255));
  c.spec.lo = static_cast<int>(between(0, 1) != 0 ? 0 : between(0, 254));
  c.spec.hi = static_cast<int>(between(0, 1) != 0 ? 255 : between(c.spec.lo + 1, 255));
  c.spec.output_zero = static_cast<int>(between(0, 255));
  const int bits = static_cast<int>(between(1, 30)), steps = static_cast<int>(between(-2, 18));
  const bool dyadic = between(0, 1) != 0, mixed = between(0, 3) == 0;
  const int64_t channels = between(1, 4);
  for (int64_t i = 0; i < channels; ++i)
    c.terms.push_back(channel(bits, steps, c.spec, mixed ? between(0, 1) != 0 : dyadic));
  return c;
}

Requant made(const Case& c) {
  RC_LOG() << c << '\n';
  auto r = make_requant(c.terms, c.spec);
  if (!r) RC_FAIL(r.error().what);
  return *std::move(r);
}

std::vector<ChannelTerms> folded_channels(const Case& c) {
  std::vector<ChannelTerms> channels;
  for (const ChannelTerms& t : c.terms) channels.push_back(exact::folded(t, c.spec));
  return channels;
}

/// Accumulators worth a look: all of a short range; else its ends, random ones, and those beside a step of the output.
std::vector<int32_t> accumulators(const ChannelTerms& t, const RequantSpec& spec) {
  std::vector<int32_t> accs;
  const auto add = [&](int64_t acc) {
    if (acc >= t.acc_min && acc <= t.acc_max) accs.push_back(static_cast<int32_t>(acc));
  };
  if (t.acc_max - t.acc_min < 600) {
    for (int64_t acc = t.acc_min; acc <= t.acc_max; ++acc) add(acc);
    return accs;
  }
  add(t.acc_min);
  add(t.acc_max);
  for (int i = 0; i < 40; ++i) add(between(t.acc_min, t.acc_max));
  if (t.multiplier == 0) return accs;
  for (int i = 0; i < 40; ++i) {
    const double edge =
        (static_cast<double>(between(spec.lo, spec.hi)) + 0.5 - spec.output_zero - t.bias) / t.multiplier;
    if (std::abs(edge) >= 0x1p40) continue;
    const int64_t nearest = std::llround(edge) + exact::zero_part(t, spec);
    for (int64_t acc = nearest - 1; acc <= nearest + 1; ++acc) add(acc);
  }
  return accs;
}

/// y is what rounding and clipping give for some real number within the deviation of the exact one.
void check_output(const Case& c, const Requant& r, std::size_t channel, int32_t acc) {
  const Rational v = exact::value(c.terms[channel], c.spec, acc);
  const Rational deviation(r.deviation);
  const Integer y = requantise(r, channel, acc);
  RC_ASSERT(y >= exact::clip(exact::ceil(v - deviation - Rational(0.5)), c.spec));
  RC_ASSERT(y <= exact::clip(exact::floor(v + deviation + Rational(0.5)), c.spec));
  if (r.deviation != 0) return;
  const bool even = c.spec.policy == RequantPolicy::exact;
  RC_ASSERT(y == exact::clip(even ? exact::half_even(v) : exact::half_up(v), c.spec));
}

void outputs_are_within_the_deviation(RequantPolicy policy) {
  const Case c = any_case(policy);
  const Requant r = made(c);
  RC_TAG(r.form == RequantForm::narrow ? "narrow" : "wide", r.rounding == Rounding::half_even ? "even" : "up");
  for (std::size_t i = 0; i < c.terms.size(); ++i)
    for (const int32_t acc : accumulators(c.terms[i], c.spec)) {
      RC_LOG() << "channel " << i << " acc " << acc;
      check_output(c, r, i, acc);
    }
}

TEST_CASE("requant: outputs are within the deviation of the exact result") {
  CHECK(rc::check("fast", [] { outputs_are_within_the_deviation(RequantPolicy::fast); }));
  CHECK(rc::check("exact", [] { outputs_are_within_the_deviation(RequantPolicy::exact); }));
}

TEST_CASE("requant: constants are the page's, fit int32 and have the largest shift") {
  CHECK(rc::check([] {
    const Case c = any_case(*rc::gen::element(RequantPolicy::fast, RequantPolicy::exact));
    const Requant r = made(c);
    const auto channels = folded_channels(c);
    const auto constants = [&](const ChannelTerms& t, int k, int S) {
      return r.form == RequantForm::narrow ? exact::narrow_constants(t, c.spec, S)
                                           : exact::wide_constants(t, c.spec, k, S);
    };
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const auto expected = constants(channels[i], r.pre_shift, r.shift);
      RC_ASSERT(expected.has_value());
      RC_ASSERT(expected->m == r.m[i]);
      RC_ASSERT(expected->B + r.tie_width / 2 == r.B[i]);
    }
    const int max_shift = r.form == RequantForm::narrow ? 31 : 22;
    for (int S = r.shift + 1; S <= max_shift; ++S)
      RC_ASSERT(std::any_of(channels.begin(), channels.end(),
                            [&](const ChannelTerms& t) { return !constants(t, r.pre_shift, S); }));
    if (r.form == RequantForm::wide && r.pre_shift < 31)
      RC_ASSERT(std::any_of(channels.begin(), channels.end(), [&](const ChannelTerms& t) {
        return !exact::fits_int32(Integer(t.acc_min) << (r.pre_shift + 1)) ||
               !exact::fits_int32(Integer(t.acc_max) << (r.pre_shift + 1));
      }));
  }));
}

TEST_CASE("requant: the policy decides the form by the narrow deviation") {
  CHECK(rc::check([] {
    const Case c = any_case(*rc::gen::element(RequantPolicy::fast, RequantPolicy::exact));
    const Requant r = made(c);
    const auto channels = folded_channels(c);
    const int S = exact::narrow_shift(channels, c.spec);
    const Rational deviation = S == 0 ? Rational(0) : exact::narrow_deviation(channels, c.spec, S);
    const bool exact_policy = c.spec.policy == RequantPolicy::exact;
    const bool narrow = S != 0 && deviation <= (exact_policy ? Rational(1) / 1024 : Rational(1) / 4) &&
                        (!exact_policy || !c.spec.bias_quantised || deviation == 0);
    RC_ASSERT((r.form == RequantForm::narrow) == narrow);
    if (narrow) RC_ASSERT(abs(Rational(r.deviation) - deviation) <= deviation * exact::power_of_two(-53));
    if (!narrow) RC_ASSERT(r.deviation <= std::ldexp(r.rounding == Rounding::half_up ? 0.75 : 1.75, -r.shift));
  }));
}

TEST_CASE("requant: half to even where a computed tie is reachable, and only there") {
  CHECK(rc::check([] {
    Case c;
    c.spec.policy = RequantPolicy::exact;
    c.spec.input_zero = static_cast<int>(between(0, 20));
    c.spec.hi = static_cast<int>(between(1, 40));
    c.spec.output_zero = static_cast<int>(between(0, 20));
    for (int64_t i = between(1, 2); i > 0; --i)
      c.terms.push_back(channel(static_cast<int>(between(1, 11)), static_cast<int>(between(-3, 9)), c.spec, true));
    const Requant r = made(c);
    bool tie = false;
    for (const ChannelTerms& t : folded_channels(c)) {
      const Rational scale = exact::power_of_two(r.shift);
      if (denominator(Rational(Rational(t.multiplier) * scale)) != 1) continue;
      for (int64_t acc = t.acc_min; acc <= t.acc_max; ++acc)
        tie = tie || (exact::unclipped(t, c.spec, acc) && exact::is_tie(exact::value(t, c.spec, acc)));
    }
    RC_TAG(tie ? "tie" : "no tie");
    RC_ASSERT((r.rounding == Rounding::half_even) == (tie && r.shift >= 1));
  }));
}

/// An average over windows of n = 1..window positions, or of `window` alone.
Case any_average() {
  Case c;
  c.spec.policy = RequantPolicy::exact;
  c.spec.input_zero = static_cast<int>(between(0, 255));
  c.spec.output_zero = static_cast<int>(between(0, 255));
  const bool padded = between(0, 1) != 0;
  const int64_t window = between(1, padded ? 49 : 1024), first = padded ? 1 : window;
  const double ratio = between(0, 3) != 0
                           ? static_cast<double>(between(1, 16)) / static_cast<double>(1 << between(0, 4))
                           : magnitude(between(0, 1) != 0, static_cast<int>(between(-1, 1)));
  const bool counts_padding = between(0, 1) != 0;
  for (int64_t n = first; n <= window; n += between(1, 1 + window / 8))
    c.terms.push_back({ratio, 0, n, 0, 255 * n, counts_padding ? window : n});
  return c;
}

TEST_CASE("requant: averages at related scales are exactly rounded, half to even") {
  CHECK(rc::check([] {
    const Case c = any_average();
    const Requant r = made(c);
    const Rational ratio(c.terms[0].multiplier);
    const bool related = denominator(ratio) <= 16 && numerator(ratio) <= 16;
    bool tie = false;
    for (std::size_t i = 0; i < c.terms.size(); ++i) {
      const ChannelTerms& t = c.terms[i];
      const int64_t step = 1 + t.acc_max / 300, start = between(0, step - 1);
      for (int64_t acc = start; acc <= t.acc_max; acc += step) check_output(c, r, i, static_cast<int32_t>(acc));
      for (int64_t acc = start; acc <= t.acc_max; acc += step)
        tie = tie || (exact::unclipped(t, c.spec, acc) && exact::is_tie(exact::value(t, c.spec, acc)));
    }
    RC_TAG(related ? "related" : "unrelated", tie ? "tie" : "no tie", r.tie_width != 0 ? "window" : "no window",
           r.form == RequantForm::narrow ? "narrow" : "wide");
    if (!related || !tie) return;
    RC_ASSERT(r.deviation == 0);
    RC_ASSERT(r.rounding == Rounding::half_even);
  }));
}

TEST_CASE("requant: any terms give constants that fit or an error") {
  CHECK(rc::check([] {
    const auto any_double = [] {
      return std::bit_cast<double>(
          between(std::numeric_limits<int64_t>::min() + 1, std::numeric_limits<int64_t>::max() - 1));
    };
    Case c;
    c.spec.policy = *rc::gen::element(RequantPolicy::fast, RequantPolicy::exact);
    c.spec.input_zero = static_cast<int>(between(0, 255));
    const int64_t end = int64_t{1} << 31;
    for (int64_t i = between(1, 2); i > 0; --i)
      c.terms.push_back({any_double(), any_double(), between(-end, end), between(-end, end), between(-end, end)});
    const auto r = make_requant(c.terms, c.spec);
    RC_TAG(r ? "made" : "refused");
    if (!r) RC_SUCCEED("refused");
    for (std::size_t i = 0; i < c.terms.size(); ++i)
      for (const int64_t acc : {c.terms[i].acc_min, c.terms[i].acc_max})
        check_output(c, *r, i, static_cast<int32_t>(acc));
  }));
}

TEST_CASE("requant: fast policy never rounds half to even") {
  CHECK(rc::check([] { RC_ASSERT(made(any_case(RequantPolicy::fast)).rounding == Rounding::half_up); }));
}

TEST_CASE("requant: raw outputs are the accumulators with the rounded bias") {
  CHECK(rc::check([] {
    Case c = any_case(RequantPolicy::fast);
    for (ChannelTerms& t : c.terms) t.multiplier = 1;
    const auto r = make_raw_requant(c.terms, c.spec.input_zero);
    bool fits = true;
    for (const ChannelTerms& t : c.terms) {
      const Integer B = exact::half_even(Rational(t.bias)) - exact::zero_part(t, c.spec);
      fits = fits && exact::fits_int32(B) && exact::fits_int32(t.acc_min + B) && exact::fits_int32(t.acc_max + B);
    }
    RC_ASSERT(r.has_value() == fits);
    if (!fits) return;
    for (std::size_t i = 0; i < c.terms.size(); ++i)
      for (const int64_t acc : {c.terms[i].acc_min, c.terms[i].acc_max}) {
        const Rational v = Rational(acc - exact::zero_part(c.terms[i], c.spec)) + Rational(c.terms[i].bias);
        const Integer y = requantise(*r, i, static_cast<int32_t>(acc));
        RC_ASSERT(y == exact::half_even(v) || exact::is_tie(v));
        RC_ASSERT(abs(Rational(y) - v) <= Rational(r->deviation));
      }
  }));
}

}  // namespace
}  // namespace ares
