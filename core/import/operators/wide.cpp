#include "core/import/operators/wide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/curve.hpp"

namespace ares::qonnx {
Result<Reach> range_of(const Lowering& lowering, const Accumulator& sum) {
  const Quantisation& in = lowering.tensor(sum.input).q;
  const Weighted& w = sum.layer;
  const WeightTerms terms{w.weights, w.weight_zero, w.weight_scale, w.bias};
  const auto channels = channel_terms(terms, in, is_padded(w.window), 1.0);
  if (!channels) return tl::unexpected(channels.error());
  Reach all{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
  for (const ChannelTerms& t : *channels) {
    const auto real = [&](int64_t acc) {
      return t.multiplier * static_cast<double>(acc - in.zero_point * t.weight_sum) + t.bias;
    };
    const auto [lo, hi] = std::minmax({real(t.acc_min), real(t.acc_max)});
    all.lo = std::min(all.lo, lo);
    all.hi = std::max(all.hi, hi);
    all.step = std::max(all.step, std::abs(t.multiplier));
  }
  return Reach{std::clamp(all.lo, sum.clip.lo, sum.clip.hi), std::clamp(all.hi, sum.clip.lo, sum.clip.hi), all.step};
}

bool reads_wide(const Lowering& lowering, const NodeView& node, std::size_t i, const Value& value) {
  if (std::holds_alternative<Wide>(value.kind)) return true;
  if (!std::holds_alternative<Accumulator>(value.kind)) return false;
  const auto readers = lowering.readers(node.node.inputs[i]);
  return readers.size() > 1 &&
         std::none_of(readers.begin(), readers.end(), [](const Node* n) { return n->op == "Quant"; });
}

Wide as_wide(const NodeView& node, std::size_t i, const Value& value) {
  if (const auto* wide = std::get_if<Wide>(&value.kind)) return *wide;
  return {std::get<Accumulator>(value.kind), node.node.inputs[i], [](double x) { return x; }};
}

Result<Value> quantise_wide(Lowering& lowering, const NodeView& node, const Wide& wide, const ModelView& view,
                            const Quantisation& q) {
  const auto range = range_of(lowering, wide.sum);
  if (!range) return node.error(range.error().what);
  // A 4096th of a step is fine enough, and leaves requantisation room where the sum hardly moves.
  const double scale = std::max(curve_input_scale(wide.f, range->lo, range->hi, q), range->step / 4096);
  if (!std::isfinite(scale) || !(scale > 0)) {
    return node.error(fmt::format("its input ranges over {}..{}", range->lo, range->hi));
  }
  auto points = curve_points(wide.f, scale, range->lo, range->hi, q);
  if (!points) return node.error(points.error().what);
  const auto bound = [&](double v) {
    return static_cast<int>(std::clamp(std::nearbyint(v / scale), -32768.0, 32767.0));
  };
  const Quantisation inner{scale, 0, bound(wide.sum.clip.lo), bound(wide.sum.clip.hi), true, 16};
  const TensorId sum = lowering.add_tensor({wide.base, ElementType::s16, wide.sum.out, inner, {}, view});
  lowering.add_layer(wide.sum.node, wide.sum.layer, {wide.sum.input}, sum);
  const TensorId id = lowering.add_tensor({node.node.outputs[0], ElementType::u8, wide.sum.out, q, {}, view});
  lowering.add_layer(node.node.name, Curve{std::move(*points), q.lo, q.hi}, {sum}, id);
  return Value{Stored{id}, view};
}

}  // namespace ares::qonnx
