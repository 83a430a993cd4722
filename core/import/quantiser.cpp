#include "core/import/quantiser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ares::qonnx {
namespace {

// Quant may name its rounding in lower case; ROUND is round half to even (QONNX, custom op Quant).
bool rounds_half_even(std::string mode) {
  std::transform(mode.begin(), mode.end(), mode.begin(), [](unsigned char c) { return std::toupper(c); });
  return mode == "ROUND" || mode == "HALF_EVEN";
}

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

/// round(x / scale + zero) in T's precision, clipped.
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
    const T v = std::nearbyint(x[i] / s + z);
    out.push_back(static_cast<int64_t>(std::clamp<double>(v, lowest, highest)));
  }
  return out;
}

}  // namespace

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
  if (!rounds_half_even(mode)) return node.error(fmt::format("rounding mode {} is not supported, only ROUND", mode));
  Quantiser q{std::move(*scale), std::move(*zero), *bits, int_attribute(node.node, "signed", 1) != 0,
              int_attribute(node.node, "narrow", 0) != 0};
  if (q.bits == 1 && q.is_signed) return node.error("signed 1-bit (bipolar) values are not supported; use 2 bits");
  if (q.lowest() >= q.highest()) return node.error("its range is empty");
  return q;
}

Result<Quantisation> activation_quantisation(const NodeView& node) {
  const auto q = read_quantiser(node);
  if (!q) return tl::unexpected(q.error());
  if (q->scale.count() != 1 || q->zero_point.count() != 1) {
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
  QuantisedConstant out{constant.shape, {},         with_rank(q.scale, rank), with_rank(q.zero_point, rank),
                        q.bits,         q.is_signed};
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
