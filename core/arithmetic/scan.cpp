#include "core/arithmetic/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/arithmetic/scan_step.hpp"
#include "core/ir/layer.hpp"

namespace ares {
namespace {

constexpr int lowest_octave = -22;  ///< of abs(A) * dt: L = 0
constexpr int segments_per_octave = 16;
constexpr double log_unit = segments_per_octave << scan_segment_bits;  ///< of L, per octave
constexpr int state_bits = 29;                                         ///< abs(h) < 2^29
constexpr double acc_reach = 0x1p30;

/// At least 1: what multiplies an input that is always 0 has to fit into its bits, too.
double reach(const Quantisation& q) {
  return std::max({1, std::abs(q.lo - q.zero_point), std::abs(q.hi - q.zero_point)});
}

/// Largest sum over the steps of dt * exp(-rate * dt) powers: a state's gain for a constant input of 1.
double state_gain(double dt, double rate, int32_t steps) {
  const double decay = std::exp(-dt * rate);
  return dt * (decay < 1 ? (1 - std::pow(decay, steps)) / (1 - decay) : steps);
}

/// exp(-2^log) over each segment by a line that is off by as much at its middle as at its ends.
std::vector<uint32_t> decay_lines() {
  std::vector<uint32_t> lines;
  const auto at = [](double segment) { return std::exp(-std::exp2(lowest_octave + segment / segments_per_octave)); };
  for (int i = 0; i + 1 < scan_segments; ++i) {
    const double first = at(i), last = at(i + 1), bulge = at(i + 0.5) - (first + last) / 2;
    lines.push_back(static_cast<uint32_t>(std::min(std::nearbyint(0x1p32 * (first + bulge / 2)), 0x1p32 - 1)));
    lines.push_back(
        static_cast<uint32_t>(std::nearbyint(std::ldexp(first - last, 32 - scan_segment_bits + scan_slope_bits))));
  }
  lines.insert(lines.end(), {0, 0});
  return lines;
}

struct Ranges {
  double dt = 0, slowest = 0;  ///< largest step, least |A|
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
    r.slowest = std::min(r.slowest, -a);
  }
  return r;
}

/// Logarithms of steps and rates, of which no sum is negative.
void take_logarithms(const ScanSpec& spec, std::span<const double> dt, ScanTerms& t) {
  constexpr double most = 0x1p30 - 1;  // far from both ends of the table
  for (const double a : spec.rates)
    t.log_rate.push_back(static_cast<int32_t>(std::clamp(std::nearbyint(log_unit * std::log2(-a)), -most, most)));
  const double least = -double(*std::min_element(t.log_rate.begin(), t.log_rate.end()));
  for (const double v : dt) {
    const double log = v > 0 ? std::nearbyint(log_unit * (std::log2(v) - lowest_octave)) : least;
    t.log_step.push_back(static_cast<int32_t>(std::clamp(log, least, std::max(least, most))));
  }
}

/// Inputs of the states, as fine as 32 bits allow; returns how many bits the states have behind the point.
int scale_inputs(const ScanSpec& spec, std::span<const double> dt, const Ranges& r, const Quantisation& x,
                 const Quantisation& b, ScanTerms& t) {
  const double step = b.scale * x.scale, product = reach(x) * reach(b);
  // A state never exceeds that of the slowest rate under the largest input; shorter steps give less.
  const double largest = state_gain(r.dt, r.slowest, spec.steps) * step * product;
  int state_scale = largest > 0 ? static_cast<int>(std::floor(state_bits - std::log2(largest) - 1e-9)) : 0;
  const auto input = [&](double v) { return std::ldexp(v * step, state_scale + t.input_shift); };
  // With the half before the shift, and half a unit of u times B.
  const auto fits = [&] {
    return (input(r.dt) + 1) * reach(x) + std::ldexp(0.5, t.input_shift) < 0x1p31 &&
           std::ldexp(r.dt * step, state_scale) * product + reach(b) < 0x1p30;
  };
  while (t.input_shift < 30 && fits()) ++t.input_shift;
  while (!fits()) t.input_shift > 0 ? --t.input_shift : --state_scale;
  for (const double v : dt) t.input.push_back(static_cast<int32_t>(std::nearbyint(input(v))));
  return state_scale;
}

/// The states' shift and the skip weights, as fine as 32 bits allow; returns the real value of one step of acc.
double scale_outputs(const ScanSpec& spec, const Quantisation& x, const Quantisation& c, int state_scale,
                     ScanTerms& t) {
  double largest = 0;
  for (const double d : spec.skip) largest = std::max(largest, std::abs(d));
  const auto unit = [&] { return std::ldexp(c.scale, t.state_shift - state_scale); };
  const auto sum = [&] { return t.states * reach(c) * (std::ldexp(1.0, state_bits - t.state_shift) + 1); };
  while (t.state_shift < 30 && sum() + largest * x.scale / unit() * reach(x) >= acc_reach) ++t.state_shift;
  for (std::size_t d = 0; d < static_cast<std::size_t>(spec.channels); ++d)
    t.skip.push_back(spec.skip.empty() ? 0 : static_cast<int32_t>(std::nearbyint(spec.skip[d] * x.scale / unit())));
  return unit();
}

}  // namespace

bool scan_stays_in_table(const ScanTerms& t) {
  return int64_t{*std::max_element(t.log_step.begin(), t.log_step.end())} +
             *std::max_element(t.log_rate.begin(), t.log_rate.end()) <
         int64_t{scan_segments - 1} << scan_segment_bits;
}

double softplus(double v) { return std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v))); }

Result<ScanConstants> scan_constants(const ScanSpec& spec, const Quantisation& x, const Quantisation& delta,
                                     const Quantisation& b, const Quantisation& c, double output_scale) {
  std::vector<double> dt(256);
  for (int i = 0; i < 256; ++i)
    dt[static_cast<std::size_t>(i)] =
        spec.step_size((std::clamp(i, delta.lo, delta.hi) - delta.zero_point) * delta.scale);
  const auto ranges = ranges_of(spec, dt);
  if (!ranges) return tl::unexpected(ranges.error());
  double largest_skip = 0;
  for (const double d : spec.skip) largest_skip = std::max(largest_skip, std::abs(d));
  ScanConstants all;
  ScanTerms& t = all.terms;
  t.states = spec.states;
  t.zero_x = x.zero_point;
  t.zero_b = b.zero_point;
  t.zero_c = c.zero_point;
  t.decay = decay_lines();
  take_logarithms(spec, dt, t);
  const int state_scale = scale_inputs(spec, dt, *ranges, x, b, t);
  const double unit = scale_outputs(spec, x, c, state_scale, t);
  if (!(largest_skip * x.scale / unit * reach(x) < acc_reach))
    return fail("its skip weights are too large beside its states");
  all.requant.multiplier = unit / output_scale;
  const double sum = t.states * reach(c) * (std::ldexp(1.0, state_bits - t.state_shift) + 1);
  all.requant.acc_max = static_cast<int64_t>(std::ceil(sum + largest_skip * x.scale / unit * reach(x) + reach(x)));
  all.requant.acc_min = -all.requant.acc_max;
  return all;
}

}  // namespace ares
