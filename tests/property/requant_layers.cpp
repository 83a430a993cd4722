// From weights, scales and stored inputs to stored outputs, against the real-valued layer in exact rational arithmetic.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/table.hpp"
#include "core/ir/layer.hpp"
#include "tests/property/requant_exact.hpp"

namespace ares {
namespace {

using exact::Integer;
using exact::Rational;

/// Uniform in first..last, whatever size rapidcheck has grown to.
int64_t between(int64_t first, int64_t last) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<int64_t>(first, last + 1));
}

bool coin() { return between(0, 1) != 0; }

/// A scale as float32 holds it, or a power of two.
double scale(bool dyadic, int exponent) {
  return std::ldexp(dyadic ? 1.0 : static_cast<double>(between(1 << 23, (1 << 24) - 1)) * 0x1p-23, exponent);
}

Quantisation stored_tensor(bool dyadic, int exponent) {
  Quantisation q;
  q.scale = scale(dyadic, exponent);
  q.zero_point = static_cast<int>(coin() ? 128 * between(0, 1) : between(0, 255));
  if (coin()) {
    q.lo = static_cast<int>(between(0, 254));
    q.hi = static_cast<int>(between(q.lo + 1, 255));
  }
  return q;
}

struct Layer {
  std::size_t channels, k;
  std::vector<int8_t> weights;
  std::vector<int32_t> zero;
  std::vector<double> weight_scale, bias;
  Quantisation input, output;
  bool padded, bias_quantised;

  WeightTerms terms() const { return {weights, zero, weight_scale, bias}; }
  int64_t weight(std::size_t c, std::size_t i) const { return weights[c * k + i] - (zero.empty() ? 0 : zero[c]); }
  int64_t accumulate(std::size_t c, const std::vector<int>& a) const {
    int64_t acc = 0;
    for (std::size_t i = 0; i < k; ++i) acc += a[i] * weight(c, i);
    return acc;
  }
};

Layer any_layer() {
  Layer l;
  const bool dyadic = coin();
  l.channels = static_cast<std::size_t>(between(1, 3));
  l.k = static_cast<std::size_t>(between(1, 40));
  const int bits = static_cast<int>(between(2, 8));
  const int64_t w_max = (1 << (bits - 1)) - 1;
  for (std::size_t i = 0; i < l.channels * l.k; ++i)
    l.weights.push_back(static_cast<int8_t>(between(-w_max - 1, w_max)));
  if (coin())
    for (std::size_t c = 0; c < l.channels; ++c) l.zero.push_back(static_cast<int32_t>(between(-w_max - 1, w_max)));
  l.input = stored_tensor(dyadic, static_cast<int>(between(-8, 0)));
  l.output = stored_tensor(dyadic, static_cast<int>(between(-6, 2)));
  for (std::size_t c = 0; c < l.channels; ++c)
    l.weight_scale.push_back(scale(dyadic, static_cast<int>(between(-10, -3))) * (between(0, 7) == 0 ? -1 : 1));
  l.bias_quantised = coin();
  if (coin())
    for (std::size_t c = 0; c < l.channels; ++c) {
      const double step = l.bias_quantised ? l.input.scale * l.weight_scale[c] : dyadic ? l.output.scale / 2 : 0x1p-20;
      l.bias.push_back(step * static_cast<double>(between(-100000, 100000)));
    }
  l.padded = coin();
  return l;
}

/// A reachable input vector; `pick` chooses the value of position i from the allowed range.
template <class Pick>
std::vector<int> input_vector(const Layer& l, Pick pick) {
  std::vector<int> a(l.k);
  for (std::size_t i = 0; i < l.k; ++i) a[i] = pick(i);
  return a;
}

/// The real output in steps, from the scales themselves.
Rational real_output(const Layer& l, std::size_t c, const std::vector<int>& a) {
  Rational sum = 0;
  for (std::size_t i = 0; i < l.k; ++i) sum += (a[i] - l.input.zero_point) * l.weight(c, i);
  const Rational real = sum * Rational(l.input.scale) * Rational(l.weight_scale[c]) +
                        (l.bias.empty() ? Rational(0) : Rational(l.bias[c]));
  return real / Rational(l.output.scale) + l.output.zero_point;
}

/// How far the doubles M (two roundings of 2^-53, relative) and b (at most two) move an output of `steps` = A * M + b.
Rational rounding_of_terms(const ChannelTerms& t, const Rational& steps) {
  return (abs(steps) + 2 * abs(Rational(t.bias))) * exact::power_of_two(-51);
}

TEST_CASE("requant: the accumulator range holds every input and is attained") {
  CHECK(rc::check([] {
    const Layer l = any_layer();
    const auto terms = channel_terms(l.terms(), l.input, l.padded, l.output.scale);
    RC_ASSERT(terms.has_value());
    const int z = l.input.zero_point;
    const int low = l.padded ? std::min(l.input.lo, z) : l.input.lo,
              high = l.padded ? std::max(l.input.hi, z) : l.input.hi;
    for (std::size_t c = 0; c < l.channels; ++c) {
      const ChannelTerms& t = (*terms)[c];
      RC_ASSERT(l.accumulate(c, input_vector(l, [&](std::size_t i) { return l.weight(c, i) > 0 ? low : high; })) ==
                t.acc_min);
      RC_ASSERT(l.accumulate(c, input_vector(l, [&](std::size_t i) { return l.weight(c, i) > 0 ? high : low; })) ==
                t.acc_max);
      RC_ASSERT(l.accumulate(c, std::vector<int>(l.k, 1)) == t.weight_sum);
      const int64_t acc =
          l.accumulate(c, input_vector(l, [&](std::size_t) {
                         return l.padded && coin() ? z : static_cast<int>(between(l.input.lo, l.input.hi));
                       }));
      RC_ASSERT(t.acc_min <= acc);
      RC_ASSERT(acc <= t.acc_max);
    }
  }));
}

TEST_CASE("requant: a layer's stored outputs follow the real layer") {
  CHECK(rc::check([] {
    const Layer l = any_layer();
    const RequantSpec spec{.input_zero = l.input.zero_point,
                           .output_zero = l.output.zero_point,
                           .lo = l.output.lo,
                           .hi = l.output.hi,
                           .policy = *rc::gen::element(RequantPolicy::fast, RequantPolicy::exact),
                           .bias_quantised = l.bias_quantised};
    const auto terms = channel_terms(l.terms(), l.input, l.padded, l.output.scale);
    RC_ASSERT(terms.has_value());
    const auto r = make_requant(*terms, spec);
    RC_ASSERT(r.has_value());
    RC_TAG(r->form == RequantForm::narrow ? "narrow" : "wide", r->rounding == Rounding::half_even ? "even" : "up");
    for (int n = 0; n < 20; ++n) {
      const auto a = input_vector(l, [&](std::size_t) {
        return l.padded && between(0, 3) == 0 ? l.input.zero_point : static_cast<int>(between(l.input.lo, l.input.hi));
      });
      for (std::size_t c = 0; c < l.channels; ++c) {
        const Rational v = real_output(l, c, a);
        const Integer y = requantise(*r, c, static_cast<int32_t>(l.accumulate(c, a)));
        const Rational slack = Rational(r->deviation) + rounding_of_terms((*terms)[c], v - l.output.zero_point);
        RC_ASSERT(y >= exact::clip(exact::ceil(v - slack - Rational(0.5)), spec));
        RC_ASSERT(y <= exact::clip(exact::floor(v + slack + Rational(0.5)), spec));
        if (r->deviation == 0 && spec.policy == RequantPolicy::exact)
          RC_ASSERT(y == exact::clip(exact::half_even(v), spec));
      }
    }
  }));
}

TEST_CASE("requant: logits are the real layer at scale s_x * s_w, their bias rounded") {
  CHECK(rc::check([] {
    const Layer l = any_layer();
    const auto terms = raw_channel_terms(l.terms(), l.input, l.padded);
    RC_ASSERT(terms.has_value());
    const auto r = make_raw_requant(*terms, l.input.zero_point);
    RC_PRE(r.has_value());
    const auto a = input_vector(l, [&](std::size_t) { return static_cast<int>(between(l.input.lo, l.input.hi)); });
    for (std::size_t c = 0; c < l.channels; ++c) {
      const Rational steps = (real_output(l, c, a) - l.output.zero_point) * Rational(l.output.scale) /
                             (Rational(l.input.scale) * Rational(l.weight_scale[c]));
      const Integer y = requantise(*r, c, static_cast<int32_t>(l.accumulate(c, a)));
      RC_ASSERT(abs(Rational(y) - steps) <= Rational(r->deviation) + rounding_of_terms((*terms)[c], 0));
    }
  }));
}

struct Function {
  const char* name;
  double (*in_double)(double);
  Rational (*in_rationals)(const Rational&);
};

const Function functions[] = {
    {"identity", [](double x) { return x; }, [](const Rational& x) { return x; }},
    {"relu", [](double x) { return std::max(x, 0.0); }, [](const Rational& x) { return x < 0 ? Rational(0) : x; }},
    {"leaky relu", [](double x) { return x < 0 ? x / 8 : x; },
     [](const Rational& x) { return x < 0 ? Rational(x / 8) : x; }},
    {"square", [](double x) { return x * x; }, [](const Rational& x) { return Rational(x * x); }}};

TEST_CASE("requant: a table is the correctly rounded function of the clipped input") {
  CHECK(rc::check([] {
    const Function& f = functions[between(0, 3)];
    RC_LOG() << f.name << '\n';
    const bool dyadic = coin();
    const Quantisation in = stored_tensor(dyadic, static_cast<int>(between(-8, 0)));
    const Quantisation out = stored_tensor(dyadic, static_cast<int>(between(-8, 0)));
    const auto map = build_table(f.in_double, in, out);
    RC_ASSERT(map.has_value());
    const RequantSpec clip{.lo = out.lo, .hi = out.hi};
    for (int x = 0; x < 256; ++x) {
      const Rational real = Rational(std::clamp(x, in.lo, in.hi) - in.zero_point) * Rational(in.scale);
      const Rational steps = f.in_rationals(real) / Rational(out.scale) + out.zero_point;
      RC_ASSERT(exact::clip(exact::half_even(steps), clip) == (*map)[static_cast<std::size_t>(x)]);
    }
  }));
}

}  // namespace
}  // namespace ares
