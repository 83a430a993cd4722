// The selective scan in integers against the same recurrence in real numbers, on the same stored inputs.
#include <doctest/doctest.h>

#include <cmath>

#include "core/arithmetic/scan_step.hpp"
#include "core/ir/layer.hpp"
#include "tests/support/synthetic.hpp"

using namespace ares;
using namespace ares::test;

namespace {

double real(Random& random, double lo, double hi) { return std::uniform_real_distribution<double>(lo, hi)(random); }

Quantisation activation(double scale, bool is_signed) {
  Quantisation q;
  q.scale = scale;
  q.zero_point = is_signed ? 128 : 0;
  return q;
}

struct Case {
  ScanSpec spec;
  std::vector<double> rates, skip;
  Quantisation x, delta, b, c;
};

/// Rates of 1 to 16 and steps around 0.01 to 1, as trained models have them.
Case random_scan(Random& random) {
  Case s;
  s.spec.steps = pick(random, 1, 80);
  s.spec.channels = pick(random, 1, 4);
  s.spec.states = pick(random, 1, 16);
  for (int32_t i = 0; i < s.spec.channels * s.spec.states; ++i) s.rates.push_back(-real(random, 0.3, 16));
  for (int32_t i = 0; i < s.spec.channels; ++i) s.skip.push_back(real(random, -2, 2));
  s.spec.step_size = softplus;
  s.x = activation(std::exp2(real(random, -8, -5)), true);
  s.delta = activation(std::exp2(real(random, -7, -4.5)), true);
  s.b = activation(std::exp2(real(random, -8, -5)), true);
  s.c = activation(std::exp2(real(random, -8, -5)), true);
  return s;
}

struct Sample {
  std::vector<uint8_t> x, delta, b, c;
};

Sample random_sample(Random& random, const ScanSpec& s) {
  const auto bytes = [&](int32_t columns) {
    std::vector<uint8_t> v(static_cast<std::size_t>(s.steps * columns));
    for (uint8_t& byte : v) byte = static_cast<uint8_t>(pick(random, 0, 255));
    return v;
  };
  return {bytes(s.channels), bytes(s.channels), bytes(s.states), bytes(s.states)};
}

/// y[t][d] in real numbers.
std::vector<double> exact(const Case& s, const Sample& in) {
  const auto value = [](const Quantisation& q, uint8_t v) { return (v - q.zero_point) * q.scale; };
  const auto channels = static_cast<std::size_t>(s.spec.channels), states = static_cast<std::size_t>(s.spec.states);
  std::vector<double> h(channels * states), y;
  for (std::size_t t = 0; t < static_cast<std::size_t>(s.spec.steps); ++t)
    for (std::size_t d = 0; d < channels; ++d) {
      const double x = value(s.x, in.x[t * channels + d]);
      const double dt = s.spec.step_size(value(s.delta, in.delta[t * channels + d]));
      double sum = s.skip[d] * x;
      for (std::size_t n = 0; n < states; ++n) {
        double& state = h[d * states + n];
        state = std::exp(dt * s.rates[d * states + n]) * state + dt * value(s.b, in.b[t * states + n]) * x;
        sum += value(s.c, in.c[t * states + n]) * state;
      }
      y.push_back(sum);
    }
  return y;
}

std::vector<int32_t> stored(const Case& s, const ScanTerms& terms, const Requant& r, const Sample& in) {
  const auto channels = static_cast<std::size_t>(s.spec.channels), states = static_cast<std::size_t>(s.spec.states);
  std::vector<int32_t> h(channels * states), y;
  for (std::size_t t = 0; t < static_cast<std::size_t>(s.spec.steps); ++t)
    for (std::size_t d = 0; d < channels; ++d) {
      const std::size_t at = t * channels + d;
      const int32_t acc =
          scan_step(terms, d, in.x[at], in.delta[at], std::span(in.b).subspan(t * states, states),
                    std::span(in.c).subspan(t * states, states), std::span(h).subspan(d * states, states));
      y.push_back(requantise(r, 0, acc));
    }
  return y;
}

}  // namespace

TEST_CASE("the selective scan follows real numbers: at most 2 steps away, equal on 99 %") {
  Random random(1);
  int64_t elements = 0, off = 0;
  double worst = 0;
  for (int i = 0; i < 400; ++i) {
    Case s = random_scan(random);
    s.spec.rates = s.rates;
    s.spec.skip = s.skip;
    const Sample in = random_sample(random, s.spec);
    const std::vector<double> y = exact(s, in);
    double largest = 0;
    for (const double v : y) largest = std::max(largest, std::abs(v));
    Quantisation out = activation(largest / 120, true);
    const auto constants = scan_constants(s.spec, s.x, s.delta, s.b, s.c, out.scale);
    REQUIRE(constants);
    const auto r =
        make_requant(std::array{constants->requant}, {0, out.zero_point, out.lo, out.hi, RequantPolicy::exact, false});
    REQUIRE(r);
    const std::vector<int32_t> got = stored(s, constants->terms, *r, in);
    for (std::size_t k = 0; k < y.size(); ++k) {
      const double wanted = std::clamp(std::nearbyint(y[k] / out.scale + out.zero_point), 0.0, 255.0);
      worst = std::max(worst, std::abs(got[k] - wanted));
      off += got[k] != wanted;
      ++elements;
    }
  }
  MESSAGE(off, " of ", elements, " elements differ, by ", worst, " at most");
  CHECK(worst <= 2);
  CHECK(off * 100 <= elements);
}

TEST_CASE("a scan that no 32 bits hold is refused") {
  Case s;
  const std::vector<double> growing{0.5};
  s.spec.rates = growing;
  s.spec.step_size = [](double v) { return std::abs(v); };
  const Quantisation q = activation(0.1, true);
  CHECK_FALSE(scan_constants(s.spec, q, q, q, q, 1));
  const std::vector<double> decaying{-0.5}, skip{1e300};
  s.spec.rates = decaying;
  CHECK(scan_constants(s.spec, q, q, q, q, 1));
  s.spec.skip = skip;
  CHECK_FALSE(scan_constants(s.spec, q, q, q, q, 1));
}
