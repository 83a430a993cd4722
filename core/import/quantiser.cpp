#include "core/import/quantiser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"

namespace ares::qonnx {
namespace {

Result<Array> parameter(const NodeView& node, std::size_t i, const char* what) {
  const Array* array = node.constant(i);
  if (!array) return node.error(fmt::format("its {} is missing or not constant", what));
  if (array->count() < 1) return node.error(fmt::format("its {} is empty", what));
  return *array;
}

Result<int> bit_width(const NodeView& node) {
  const auto array = parameter(node, 3, "bit width");
  if (!array) return tl::unexpected(array.error());
  const double bits = to_doubles(*array)[0];
  if (array->count() != 1 || bits != std::floor(bits) || bits < 1 || bits > 32) {
    return node.error(fmt::format("its bit width {} is no integer in 1..32", bits));
  }
  return static_cast<int>(bits);
}

/// The shape with ones in front up to `rank`.
Array with_rank(Array array, std::size_t rank) {
  if (array.count() == 1) array.shape.assign(rank, 1);
  while (array.shape.size() < rank) array.shape.insert(array.shape.begin(), 1);
  return array;
}

/// round(x / scale + zero), the quotient in T's precision, clipped.
template <class T>
std::vector<int64_t> quantise_values(const std::vector<T>& x, const std::vector<double>& scale,
                                     const std::vector<int64_t>& scale_at, const std::vector<double>& zero,
                                     const std::vector<int64_t>& zero_at, const Quantiser& q) {
  const auto lowest = static_cast<double>(q.lowest()), highest = static_cast<double>(q.highest());
  std::vector<int64_t> out;
  out.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const T s = static_cast<T>(scale[static_cast<std::size_t>(scale_at[i])]);
    const T z = static_cast<T>(zero[static_cast<std::size_t>(zero_at[i])]);
    const double v = static_cast<double>(T(x[i] / s + z));
    const double rounded = q.bipolar() ? (v >= 0 ? 1 : -1) : q.round(v);
    out.push_back(static_cast<int64_t>(std::clamp(rounded, lowest, highest)));
  }
  return out;
}

}  // namespace

RoundingFunction rounding_function(std::string mode) {
  struct Row {
    const char* name;
    RoundingFunction f;
  };
  static const RoundingFunction half_even = [](double x) { return std::nearbyint(x); };
  static const Row rows[] = {
      {"ROUND", half_even},
      {"HALF_EVEN", half_even},
      {"CEIL", [](double x) { return std::ceil(x); }},
      {"FLOOR", [](double x) { return std::floor(x); }},
      {"UP", [](double x) { return x < 0 ? std::floor(x) : std::ceil(x); }},
      {"DOWN", [](double x) { return std::trunc(x); }},
      {"ROUND_TO_ZERO", [](double x) { return std::trunc(x); }},
      {"HALF_UP", [](double x) { return std::copysign(std::floor(std::abs(x) + 0.5), x); }},
      {"HALF_DOWN", [](double x) { return std::copysign(std::ceil(std::abs(x) - 0.5), x); }},
  };
  std::transform(mode.begin(), mode.end(), mode.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const Row& row : rows) {
    if (mode == row.name) return row.f;
  }
  return nullptr;
}

Result<Quantiser> read_quantiser(const NodeView& node) {
  auto scale = parameter(node, 1, "scale"), zero = parameter(node, 2, "zero point");
  const auto bits = bit_width(node);
  if (!scale || !zero || !bits) return tl::unexpected(!scale ? scale.error() : !zero ? zero.error() : bits.error());
  for (const double s : to_doubles(*scale)) {
    if (!(s > 0) || !std::isfinite(s)) return node.error(fmt::format("its scale {} is not positive", s));
  }
  for (const double z : to_doubles(*zero)) {
    if (z != std::floor(z) || std::abs(z) > 0x1p31)
      return node.error(fmt::format("its zero point {} is no integer", z));
  }
  const std::string mode = string_attribute(node.node, "rounding_mode", "ROUND");
  const RoundingFunction round = rounding_function(mode);
  if (!round) return node.error(fmt::format("rounding mode {} does not exist; use ROUND", printable(mode, 40)));
  Quantiser q{std::move(*scale),
              std::move(*zero),
              *bits,
              int_attribute(node.node, "signed", 1) != 0,
              int_attribute(node.node, "narrow", 0) != 0,
              round,
              round == rounding_function("ROUND")};
  if (q.lowest() >= q.highest()) return node.error("its range is empty");
  return q;
}

Result<Quantisation> activation_quantisation(const NodeView& node) {
  const auto q = read_quantiser(node);
  if (!q) return tl::unexpected(q.error());
  const auto differs = [](const Array& parameter) {
    const auto values = to_doubles(parameter);
    return std::any_of(values.begin(), values.end(), [&](double v) { return v != values[0]; });
  };
  if (differs(q->scale) || differs(q->zero_point)) {
    return node.error("one scale per channel on an activation is not supported; use one per tensor");
  }
  if (q->bits > 8) return node.error(fmt::format("{}-bit activations are not supported; use at most 8", q->bits));
  const int offset = q->is_signed ? 128 : 0;
  Quantisation out;
  out.scale = to_doubles(q->scale)[0];
  const double zero = to_doubles(q->zero_point)[0] + offset;
  if (zero < 0 || zero > 255) return node.error(fmt::format("its zero point {} lies outside 8 bits", zero - offset));
  out.zero_point = static_cast<int>(zero);
  out.lo = static_cast<int>(q->lowest()) + offset;
  out.hi = static_cast<int>(q->highest()) + offset;
  out.is_signed = q->is_signed;
  out.bits = q->bits;
  return out;
}

Result<QuantisedConstant> quantise_constant(const NodeView& node, const Array& constant, const Quantiser& q) {
  const auto check = [&](const Array& parameter) {
    auto shape = broadcast(parameter.shape, constant.shape);
    return shape && (*shape == constant.shape || parameter.count() == 1);
  };
  if (!check(q.scale) || !check(q.zero_point)) return node.error("its scale or zero point does not fit its input");
  const std::size_t rank = constant.shape.size();
  QuantisedConstant out{constant.shape,           {},         with_rank(q.scale, rank), with_rank(q.zero_point, rank),
                        q.bipolar() ? 2 : q.bits, q.is_signed};
  for (const double v : to_doubles(constant)) {
    if (!std::isfinite(v)) return node.error(fmt::format("its constant input holds {}", v));
  }
  const auto scale = to_doubles(out.scale), zero = to_doubles(out.zero_point);
  const auto is = broadcast_indices(out.scale.shape, out.shape),
             iz = broadcast_indices(out.zero_point.shape, out.shape);
  const auto* floats = std::get_if<std::vector<float>>(&constant.values);
  out.q = floats ? quantise_values(*floats, scale, is, zero, iz, q)
                 : quantise_values(to_doubles(constant), scale, is, zero, iz, q);
  return out;
}

}  // namespace ares::qonnx
