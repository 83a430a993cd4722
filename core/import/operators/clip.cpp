#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/import/operators/elementwise.hpp"

namespace ares::qonnx {
namespace {

/// Bounds are attributes up to opset 10, inputs from 11.
Result<double> bound(const NodeView& node, const char* attribute, std::size_t input, double fallback) {
  if (!node.has_input(input)) return float_attribute(node.node, attribute, fallback);
  const auto value = scalar(node.constant(input));
  if (!value) return node.error(fmt::format("its bound '{}' has to be one constant", node.node.inputs[input]));
  return *value;
}

Result<Clip> bounds(const NodeView& node) {
  const Clip none;
  const auto lo = bound(node, "min", 1, none.lo), hi = bound(node, "max", 2, none.hi);
  if (!lo || !hi) return tl::unexpected(!lo ? lo.error() : hi.error());
  return Clip{*lo, *hi};
}

/// Whole numbers are clipped to whole numbers: the bounds are rounded inwards.
Result<void> clip_integers(const NodeView& node, const Clip& clip, std::vector<int64_t>& values) {
  constexpr double least = -0x1p63, beyond = 0x1p63;
  const double lo = std::max(std::ceil(clip.lo), least), hi = std::floor(clip.hi);
  if (!(lo < beyond && hi >= least)) return node.error("no integer lies within its bounds");
  const auto from = static_cast<int64_t>(lo);
  const auto to = hi < beyond ? static_cast<int64_t>(hi) : std::numeric_limits<int64_t>::max();
  for (int64_t& v : values) v = std::min(std::max(v, from), to);
  return {};
}

ArraysResult fold(const NodeView& node) {
  const auto clip = bounds(node);
  if (!clip) return tl::unexpected(clip.error());
  Array out = *node.constant(0);
  if (auto* integers = std::get_if<std::vector<int64_t>>(&out.values)) {
    if (const auto ok = clip_integers(node, *clip, *integers); !ok) return tl::unexpected(ok.error());
    return std::vector<Array>{std::move(out)};
  }
  std::visit(
      [&](auto& values) {
        for (auto& v : values) {
          const double c = std::min(std::max(static_cast<double>(v), clip->lo), clip->hi);
          v = static_cast<std::decay_t<decltype(v)>>(c);
        }
      },
      out.values);
  return std::vector<Array>{std::move(out)};
}

Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto clip = bounds(node);
  if (!clip) return tl::unexpected(clip.error());
  return lower_clip(lowering, node, clip->lo, clip->hi);
}

}  // namespace

const Operator kClip{.name = "Clip",
                     .shapes = same_shape,
                     .fold = fold,
                     .lower = lower,
                     .host = OnHost::yes,
                     .supports = "constant bounds: becomes the clip range of the Quant behind it, or part of a table"};

}  // namespace ares::qonnx
