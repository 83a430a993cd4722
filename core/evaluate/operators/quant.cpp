// Quant and Trunc, the operators of QONNX.
#include <algorithm>
#include <cmath>

#include "core/evaluate/operator.hpp"

namespace ares::qonnx {
namespace {

/// How a value is rounded; QONNX's modes by name, in any case.
double (*rounding(std::string mode))(double) {
  std::transform(mode.begin(), mode.end(), mode.begin(), [](unsigned char c) { return std::toupper(c); });
  if (mode == "ROUND" || mode == "HALF_EVEN") return [](double x) { return std::nearbyint(x); };
  if (mode == "FLOOR") return [](double x) { return std::floor(x); };
  if (mode == "CEIL") return [](double x) { return std::ceil(x); };
  if (mode == "ROUND_TO_ZERO" || mode == "DOWN") return [](double x) { return std::trunc(x); };
  return nullptr;
}

struct Range {
  double low = 0, high = 0;
};

Range quant_range(const Node& node, double bits) {
  const bool is_signed = int_attribute(node, "signed", 1) != 0, narrow = int_attribute(node, "narrow", 0) != 0;
  if (!is_signed) return {0, std::exp2(bits) - 1 - narrow};
  return {-std::exp2(bits - 1) + narrow, std::exp2(bits - 1) - 1};
}

struct Steps {
  double (*round)(double);
  Range range;
};

double quantise(double x, double scale, double zero, bool single, const Steps& steps) {
  const double in_steps =
      single ? double{static_cast<float>(x) / static_cast<float>(scale) + static_cast<float>(zero)} : x / scale + zero;
  return (std::clamp(steps.round(in_steps), steps.range.low, steps.range.high) - zero) * scale;
}

/// Signed 1-bit values are bipolar: -scale or +scale.
RealTensor bipolar(const RealTensor& x, const RealTensor& scale, const std::vector<int64_t>& at) {
  RealTensor out = zeros(x.shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const double s = scale.values[static_cast<std::size_t>(at[i])];
    out.values[i] = x.values[i] >= 0 ? s : -s;
  }
  return out;
}

Result<RealTensors> quant(const Arguments& a) {
  const RealTensor &x = a[0], &scale = a[1], &zero = a[2];
  const auto round = rounding(string_attribute(a.node, "rounding_mode", "ROUND"));
  if (!round || a[3].values.size() != 1) return fail("its rounding mode or bit width cannot be evaluated");
  for (const RealTensor* p : {&scale, &zero}) {
    const auto shape = broadcast(p->shape, x.shape);
    if (p->values.empty() || !shape || (p->count() != 1 && *shape != x.shape)) {
      return fail("its scale or zero point does not fit its input");
    }
  }
  const auto indices = [&](const RealTensor& p) {
    return p.count() == 1 ? std::vector<int64_t>(x.values.size()) : broadcast_indices(p.shape, x.shape);
  };
  const auto is = indices(scale), iz = indices(zero);
  const double bits = a[3].values[0];
  if (bits == 1 && int_attribute(a.node, "signed", 1)) return RealTensors{bipolar(x, scale, is)};
  const Steps steps{round, quant_range(a.node, bits)};
  RealTensor out = zeros(x.shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    out.values[i] = quantise(x.values[i], scale.values[static_cast<std::size_t>(is[i])],
                             zero.values[static_cast<std::size_t>(iz[i])], x.is_single, steps);
  }
  return RealTensors{std::move(out)};
}

/// BipolarQuant(x, scale), what Brevitas writes for 1-bit weights.
Result<RealTensors> bipolar_quant(const Arguments& a) {
  const auto shape = broadcast(a[1].shape, a[0].shape);
  if (!shape || *shape != a[0].shape) return fail("its scale does not fit its input");
  return RealTensors{bipolar(a[0], a[1], broadcast_indices(a[1].shape, a[0].shape))};
}

double only(const RealTensor& t) { return t.values.empty() ? 0 : t.values[0]; }

/// Version 1 (5 inputs: x, scale, zero point, input bits, output bits) drops bits and keeps the scale. Version 2 has
/// the output scale as input 4, a power of two times the scale, the output bits as input 5, and clips (QONNX,
/// trunc.py).
Result<RealTensors> trunc(const Arguments& a) {
  const auto round = rounding(string_attribute(a.node, "rounding_mode", "FLOOR"));
  if (!round) return fail("its rounding mode cannot be evaluated");
  const bool second = a.has(5);
  const double scale = only(a[1]), zero = only(a[2]);
  const double step =
      second ? std::exp2(std::round(std::log2(only(a[4]) / scale))) : std::exp2(only(a[3]) - only(a[4]));
  const double out_scale = second ? only(a[4]) : scale, out_zero = second ? zero / step : zero;
  const Range range = second ? quant_range(a.node, only(a[5])) : Range{-HUGE_VAL, HUGE_VAL};
  RealTensor out = zeros(a[0].shape);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const double q = std::nearbyint(a[0].values[i] / scale + zero) / step;
    out.values[i] = (round(std::clamp(q, range.low, range.high)) - out_zero) * out_scale;
  }
  return RealTensors{std::move(out)};
}

const Evaluator kEvaluators[] = {
    {"BipolarQuant", 2, bipolar_quant}, {"Quant", 4, quant}, {"IntQuant", 4, quant}, {"Trunc", 5, trunc}};

}  // namespace

std::span<const Evaluator> quant_evaluators() { return kEvaluators; }

}  // namespace ares::qonnx
