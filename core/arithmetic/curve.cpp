#include "core/arithmetic/curve.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/ir/layer.hpp"

namespace ares {
namespace {

/// Largest |f| in output steps: differences of two points times 127 then stay in int32.
constexpr double largest_steps = 2000;

double steps(const std::function<double(double)>& f, double x, const Quantisation& out) {
  return std::clamp(f(x) / out.scale + out.zero_point, -largest_steps, largest_steps);
}

}  // namespace

Result<std::vector<int32_t>> curve_points(const std::function<double(double)>& f, double input_scale, double lo,
                                          double hi, const Quantisation& out) {
  std::vector<int32_t> points;
  for (int i = 0; i <= curve_segments; ++i) {
    const double x = (i * (65536.0 / curve_segments) - 32768) * input_scale;
    double y = steps(f, x, out);
    if (std::isnan(y)) y = steps(f, std::clamp(x, lo, hi), out);  // no sum goes there
    if (std::isnan(y)) return fail(fmt::format("the function has no value at {}, which its input reaches", x));
    points.push_back(static_cast<int32_t>(std::nearbyint(std::ldexp(y, curve_fraction_bits))));
  }
  return points;
}

double curve_input_scale(const std::function<double(double)>& f, double lo, double hi, const Quantisation& out) {
  constexpr int probes = 1 << 14, fewest = probes / 256;  // the sum takes 24 bits at most: requantisation can hold it
  const double reach = std::max({std::abs(lo), std::abs(hi), 1e-9});
  const auto stored = [&](double x) {
    return std::clamp(std::nearbyint(steps(f, x, out)), double(out.lo), double(out.hi));
  };
  const auto at = [&](int i) { return reach * i / probes; };
  // Outside of the last change on either side the output is constant: those inputs may saturate.
  int last = probes;
  while (last > fewest && stored(at(last - 1)) == stored(reach) && stored(-at(last - 1)) == stored(-reach)) --last;
  return at(std::min(probes, last + 1)) / 32767;
}

}  // namespace ares
