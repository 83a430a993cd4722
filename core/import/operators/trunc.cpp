#include <fmt/format.h>

#include <cmath>

#include "core/import/operators/linear.hpp"
#include "core/import/quantiser.hpp"

namespace ares::qonnx {
namespace {

/// y = (round((x / scale + zero) / step) - out_zero) * out_scale, clipped to `bits`.
struct Truncation {
  double scale = 1, zero = 0, step = 1, out_scale = 1;
  int bits = 8;
  bool is_signed = false, narrow = false;
  double below = 0;  ///< what rounding loses before it: 0 to nearest, 1/2 down, -1/2 up
};

Result<double> parameter(const NodeView& node, std::size_t i, const char* what) {
  const auto value = scalar(node.constant(i));
  if (!value || !std::isfinite(*value)) return node.error(fmt::format("its {} has to be one constant", what));
  return *value;
}

/// Version 1 has 5 inputs (x, scale, zero point, input bits, output bits) and keeps the scale; version 2 has the output
/// scale as input 4 and the output bits as input 5 (QONNX, trunc.py).
Result<Truncation> read(const NodeView& node, bool input_signed) {
  const bool second = node.has_input(5);
  const auto scale = parameter(node, 1, "scale"), zero = parameter(node, 2, "zero point");
  const auto third = parameter(node, 3, "input bit width"),
             fourth = parameter(node, 4, second ? "output scale" : "output bit width");
  const auto bits = second ? parameter(node, 5, "output bit width") : fourth;
  for (const auto* p : {&scale, &zero, &third, &fourth, &bits}) {
    if (!*p) return tl::unexpected(p->error());
  }
  Truncation t{*scale, *zero};
  t.step = second ? std::exp2(std::round(std::log2(*fourth / *scale))) : std::exp2(*third - *fourth);
  t.out_scale = second ? *fourth : *scale;
  if (!(t.scale > 0) || !(t.out_scale > 0) || !(t.step >= 1) || t.step > 0x1p30) {
    return node.error("its scales and bit widths drop no bits");
  }
  if (t.zero != 0) return node.error("a zero point other than 0 is not supported; quantise symmetrically");
  if (*bits != std::floor(*bits) || *bits < 1 || *bits > 8) return node.error("its output bit width lies outside 1..8");
  t.bits = static_cast<int>(*bits);
  t.is_signed = second ? int_attribute(node.node, "signed", 1) != 0 : input_signed;
  t.narrow = second && int_attribute(node.node, "narrow", 0) != 0;
  const auto round = rounding_function(string_attribute(node.node, "rounding_mode", "FLOOR"));
  if (round != rounding_function("FLOOR") && round != rounding_function("ROUND") &&
      round != rounding_function("CEIL")) {
    return node.error("only the rounding modes FLOOR, ROUND and CEIL are supported");
  }
  // Of n / step with an integer n, floor is the nearest integer to n / step - 1/2 + 1/(2 step), which is never a tie.
  const double lost = t.step > 1 ? 0.5 - 0.5 / t.step : 0;
  if (round == rounding_function("FLOOR")) t.below = lost;
  if (round == rounding_function("CEIL")) t.below = -lost;
  return t;
}

Quantisation quantisation(const Truncation& t) {
  Quantisation q;
  const int offset = t.is_signed ? 128 : 0, half = 1 << (t.bits - 1);
  q.scale = t.out_scale;
  q.zero_point = offset;
  q.lo = t.is_signed ? offset - half + t.narrow : 0;
  q.hi = t.is_signed ? offset + half - 1 : 2 * half - 1 - t.narrow;
  q.is_signed = t.is_signed;
  q.bits = t.bits;
  return q;
}

/// The quantiser that ends a sum of integers, with a bias in place of another rounding.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  if (!std::holds_alternative<Accumulator>(value.kind)) {
    auto sum = as_accumulator(lowering, node, value);
    if (!sum) return sum;
    value = std::move(*sum);
  }
  auto& acc = std::get<Accumulator>(value.kind);
  const auto t = read(node, lowering.tensor(acc.input).q.is_signed);
  if (!t) return tl::unexpected(t.error());
  const std::size_t channels = acc.layer.weight_scale.size();
  const double gain = t->out_scale / (t->scale * t->step);
  const std::vector<double> gains(channels, gain), shifts(channels, -t->below * t->out_scale);
  if (auto ok = apply_affine(node, gains, shifts, acc); !ok) return tl::unexpected(ok.error());
  return quantise_accumulator(lowering, node, value, quantisation(*t));
}

}  // namespace

const Operator kTrunc{.name = "Trunc",
                      .shapes = same_shape,
                      .lower = lower,
                      .supports = "version 1 and 2, after a weighted layer, an average or a quantised tensor"};

}  // namespace ares::qonnx
