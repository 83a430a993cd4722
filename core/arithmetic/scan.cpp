#include "core/arithmetic/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {
namespace {

constexpr int rate_step_bits = 52;                 ///< 2^-20 of v and the 32 that mulhu takes
constexpr int state_bits = 29;                     ///< |h| < 2^29
constexpr int output_shift = 22;                   ///< of C - z_C, 9 bits
constexpr double coarse = 0x1p-4, fine = 0x1p-12;  ///< steps of the two tables of exponentials

double reach(const Quantisation& q) { return std::max(std::abs(q.lo - q.zero_point), std::abs(q.hi - q.zero_point)); }

/// Largest sum over the steps of dt * exp(-rate * dt) powers: a state's gain for a constant input of 1.
double state_gain(double dt, double rate, int32_t steps) {
  const double decay = std::exp(-dt * rate);
  return dt * (decay < 1 ? (1 - std::pow(decay, steps)) / (1 - decay) : steps);
}

std::vector<uint32_t> exponential_tables() {
  std::vector<uint32_t> e(512);
  for (std::size_t i = 0; i < 256; ++i) {
    e[i] = static_cast<uint32_t>(std::nearbyint(4294967295.0 * std::exp(-coarse * double(i))));
    e[256 + i] = static_cast<uint32_t>(std::nearbyint(4294967295.0 * std::exp(-fine * double(i))));
  }
  return e;
}

struct Ranges {
  double dt = 0, fastest = 0, slowest = 0;  ///< largest step, largest and least |A|
};

Result<Ranges> ranges_of(const ScanSpec& spec, std::span<const double> dt) {
  Ranges r;
  for (const double v : dt) {
    if (!(v >= 0 && std::isfinite(v))) return fail("a step size is negative or not finite");
    r.dt = std::max(r.dt, v);
  }
  r.slowest = std::numeric_limits<double>::infinity();
  for (const double a : spec.rates) {
    if (!(a < 0 && std::isfinite(a))) return fail(fmt::format("the state matrix holds {}, which is not negative", a));
    r.fastest = std::max(r.fastest, -a);
    r.slowest = std::min(r.slowest, -a);
  }
  // v = dt * |A| has 12 bits in front of the point.
  if (r.dt * r.fastest >= 0x1p12) return fail(fmt::format("steps of {} at rates of {} are too long", r.dt, r.fastest));
  return r;
}

/// Steps and rates in fixed point whose product has 52 bits behind the point.
void quantise_rates(const ScanSpec& spec, std::span<const double> dt, const Ranges& r, ScanTerms& t) {
  int rate_bits = static_cast<int>(std::floor(32 - std::log2(r.fastest) - 1e-9));
  rate_bits = std::clamp(rate_bits, rate_step_bits - 40, 40);
  while (std::ldexp(r.dt, rate_step_bits - rate_bits) > UINT32_MAX) ++rate_bits;
  for (const double a : spec.rates)
    t.rate.push_back(static_cast<uint32_t>(std::min(std::nearbyint(std::ldexp(-a, rate_bits)), double(UINT32_MAX))));
  for (const double v : dt)
    t.step.push_back(static_cast<uint32_t>(std::nearbyint(std::ldexp(v, rate_step_bits - rate_bits))));
}

/// C's shift and the skip weights, as fine as 32 bits allow; returns the real value of one step of acc.
double quantise_output(const ScanSpec& spec, const Quantisation& x, const Quantisation& c, int state_scale,
                       ScanTerms& t) {
  double largest = 0;
  for (const double d : spec.skip) largest = std::max(largest, std::abs(d));
  const auto unit = [&](int shift) { return std::ldexp(c.scale, 32 - shift - state_scale); };
  t.shift = output_shift;
  const auto sum = [&] { return t.states * std::ldexp(1.0, state_bits + 8 + t.shift - 32); };
  while (t.shift > 0 && sum() + largest * x.scale / unit(t.shift) * reach(x) >= 0x1p30) --t.shift;
  for (std::size_t d = 0; d < static_cast<std::size_t>(spec.channels); ++d)
    t.skip.push_back(spec.skip.empty() ? 0
                                       : static_cast<int32_t>(std::nearbyint(spec.skip[d] * x.scale / unit(t.shift))));
  return unit(t.shift);
}

}  // namespace

Result<ScanConstants> scan_constants(const ScanSpec& spec, const Quantisation& x, const Quantisation& delta,
                                     const Quantisation& b, const Quantisation& c, double output_scale) {
  std::vector<double> dt(256);
  for (int i = 0; i < 256; ++i)
    dt[static_cast<std::size_t>(i)] =
        spec.step_size((std::clamp(i, delta.lo, delta.hi) - delta.zero_point) * delta.scale);
  const auto ranges = ranges_of(spec, dt);
  if (!ranges) return tl::unexpected(ranges.error());
  ScanConstants all;
  ScanTerms& t = all.terms;
  t.states = spec.states;
  t.zero_x = x.zero_point;
  t.zero_b = b.zero_point;
  t.zero_c = c.zero_point;
  t.exponentials = exponential_tables();
  quantise_rates(spec, dt, *ranges, t);
  // A state never exceeds that of the slowest rate under the largest input; shorter steps give less.
  const double largest = state_gain(ranges->dt, ranges->slowest, spec.steps) * x.scale * reach(x) * b.scale * reach(b);
  const int state_scale = largest > 0 ? static_cast<int>(std::floor(state_bits - std::log2(largest) - 1e-9)) : 0;
  while (std::ldexp(reach(x) * reach(b), t.product + 1) < 0x1p31) ++t.product;
  for (const double v : dt) {
    const double input = std::nearbyint(std::ldexp(v * b.scale * x.scale, state_scale + 32 - t.product));
    t.input.push_back(static_cast<int32_t>(std::min(input, double(INT32_MAX))));
  }
  const double unit = quantise_output(spec, x, c, state_scale, t);
  if (t.shift == 0) return fail("its skip weights are too large beside its states");
  all.requant.multiplier = unit / output_scale;
  double skip = 0;
  for (const int32_t d : t.skip) skip = std::max(skip, std::abs(double(d)));
  const double reach_acc = t.states * (std::ldexp(reach(c), state_bits + t.shift - 32) + 1) + skip * reach(x);
  all.requant.acc_max = static_cast<int64_t>(std::ceil(reach_acc));
  all.requant.acc_min = -all.requant.acc_max;
  return all;
}

}  // namespace ares
