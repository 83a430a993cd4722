// The selective scan (domain ares).
#include <cmath>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

/// h = exp(dt * A) * h + dt * B * x, y = C * h + D * x for every channel; docs/selective_scan.md.
Result<RealTensors> selective_scan(const Arguments& a) {
  const Shape &x = a[0].shape, &rates = a[2].shape, &bc = a[3].shape;
  if (x.size() != 3 || x[0] != 1 || a[1].shape != x || rates.size() != 2 || rates[0] != x[2] || bc.size() != 3 ||
      bc[0] != 1 || bc[1] != x[1])
    return fail("its inputs do not fit together");
  const int64_t first = int_attribute(a.node, "offset", 0);
  if (first < 0 || first + 2 * rates[1] > bc[2]) return fail("its rows do not hold B and C");
  if (a.has(4) && static_cast<int64_t>(a[4].values.size()) != x[2]) return fail("D has not a value per channel");
  const bool smooth = int_attribute(a.node, "delta_softplus", 1) != 0;
  const auto channels = static_cast<std::size_t>(x[2]), states = static_cast<std::size_t>(rates[1]);
  const auto row = static_cast<std::size_t>(bc[2]), offset = static_cast<std::size_t>(first);
  std::vector<double> h(channels * states);
  RealTensor out{x, a[0].values, false, false};
  for (std::size_t t = 0; t < static_cast<std::size_t>(x[1]); ++t) {
    const double* const b = a[3].values.data() + t * row + offset;
    for (std::size_t d = 0; d < channels; ++d) {
      const double u = a[0].values[t * channels + d], delta = a[1].values[t * channels + d];
      const double step =
          !smooth ? std::max(delta, 0.0) : std::max(delta, 0.0) + std::log1p(std::exp(-std::abs(delta)));
      double sum = a.has(4) ? a[4].values[d] * u : 0;
      for (std::size_t n = 0; n < states; ++n) {
        double& state = h[d * states + n];
        state = std::exp(step * a[2].values[d * states + n]) * state + step * b[n] * u;
        sum += b[states + n] * state;
      }
      out.values[t * channels + d] = sum;
    }
  }
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {{"SelectiveScan", 4, selective_scan}};

}  // namespace

std::span<const Evaluator> scan_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
