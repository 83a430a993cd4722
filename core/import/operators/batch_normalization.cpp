#include <fmt/format.h>

#include <cmath>

#include "core/import/operators/linear.hpp"

namespace ares::qonnx {
namespace {

/// y = (x - mean) / sqrt(var + epsilon) * scale + shift, folded into the accumulator's scales and bias.
Result<Value> lower(Lowering& lowering, const NodeView& node) {
  const auto input = lowering.input(node, 0);
  if (!input) return tl::unexpected(input.error());
  Value value = **input;
  if (std::holds_alternative<Stored>(value.kind) || std::holds_alternative<Average>(value.kind)) {
    auto sum = as_accumulator(lowering, node, value);
    if (!sum) return sum;
    value = std::move(*sum);
  }
  auto* acc = std::get_if<Accumulator>(&value.kind);
  if (!acc || acc->channel_axis != 1) {
    return node.error(
        "only a BatchNormalization of channels, of a quantised tensor or right after Conv, Gemm or MatMul, is "
        "supported");
  }
  std::vector<std::vector<double>> p;
  for (std::size_t i = 1; i <= 4; ++i) {
    const Array* array = lowering.array(node, i);
    if (!array) return node.error(fmt::format("its input {} has to be constant", i));
    p.push_back(to_doubles(*array));
    if (p.back().size() != acc->layer.weight_scale.size()) {
      return node.error(fmt::format("its input {} has no value per channel", i));
    }
  }
  const double epsilon = float_attribute(node.node, "epsilon", 1e-5);
  std::vector<double> gain, shift;
  for (std::size_t c = 0; c < p[0].size(); ++c) {
    gain.push_back(p[0][c] / std::sqrt(p[3][c] + epsilon));
    shift.push_back(p[1][c] - p[2][c] * gain[c]);
    if (!std::isfinite(gain[c]) || !std::isfinite(shift[c])) {
      return node.error(fmt::format("channel {}: variance {} plus epsilon {} has no square root", c, p[3][c], epsilon));
    }
  }
  if (auto ok = apply_affine(node, gain, shift, *acc); !ok) return tl::unexpected(ok.error());
  return value;
}

}  // namespace

const Operator kBatchNormalization{.name = "BatchNormalization",
                                   .shapes = same_shape,
                                   .lower = lower,
                                   .host = OnHost::yes,
                                   .supports =
                                       "of channels: folds into the Conv, Gemm or MatMul before it; on a quantised "
                                       "tensor or an average a depthwise layer"};

}  // namespace ares::qonnx
