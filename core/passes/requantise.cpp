#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <tuple>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/average_terms.hpp"
#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/rotary.hpp"
#include "core/arithmetic/softmax.hpp"
#include "core/arithmetic/transform.hpp"
#include "core/passes/pass.hpp"

namespace ares {
namespace {

Result<Requant> requant_of(const Weighted& layer, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  const WeightTerms terms{layer.weights, layer.weight_zero, layer.weight_scale, layer.bias};
  const bool padded = is_padded(layer.window);
  if (out.type == ElementType::s32) {
    const auto channels = raw_channel_terms(terms, in.q, padded);
    if (!channels) return tl::unexpected(channels.error());
    return make_raw_requant(*channels, in.q.zero_point);
  }
  const auto channels = channel_terms(terms, in.q, padded, out.q.scale);
  if (!channels) return tl::unexpected(channels.error());
  return make_requant(*channels, {in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, layer.bias_quantised});
}

Result<Requant> requant_of(const AveragePool& pool, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  return make_requant(average_terms(pool, in.q, out.q.scale),
                      {in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(const Add& add, const Tensor& a, const Tensor& b, const Tensor& out, RequantPolicy policy) {
  const double sign = add.subtract ? -1 : 1;
  return make_add_requant({a.q.scale / out.q.scale, a.q.zero_point, a.q.lo, a.q.hi},
                          {sign * b.q.scale / out.q.scale, b.q.zero_point, b.q.lo, b.q.hi}, out.q.zero_point, out.q.lo,
                          out.q.hi, policy);
}

/// Least and greatest (a - z_a) * (b - z_b).
std::pair<int64_t, int64_t> product_range(const Quantisation& a, const Quantisation& b) {
  const int64_t a_lo = a.lo - a.zero_point, a_hi = a.hi - a.zero_point;
  const int64_t b_lo = b.lo - b.zero_point, b_hi = b.hi - b.zero_point;
  return std::minmax({a_lo * b_lo, a_lo * b_hi, a_hi * b_lo, a_hi * b_hi});
}

/// acc = (a - z_a) * (b - z_b): one channel without an input zero point of its own.
Result<Requant> requant_of(const Multiply&, const Tensor& a, const Tensor& b, const Tensor& out, RequantPolicy policy) {
  ChannelTerms t;
  t.multiplier = a.q.scale * b.q.scale / out.q.scale;
  std::tie(t.acc_min, t.acc_max) = product_range(a.q, b.q);
  return make_requant(std::array{t}, {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

std::vector<ChannelTerms> channels_of(const Norm& norm, const NormTerms& terms, double output_scale) {
  std::vector<ChannelTerms> channels;
  for (std::size_t c = 0; c < static_cast<std::size_t>(norm.channels); ++c)
    channels.push_back(
        norm_channel(terms, norm.gain.empty() ? 1 : norm.gain[c], norm.bias.empty() ? 0 : norm.bias[c], output_scale));
  return channels;
}

/// The norm in 32-bit products throughout, where it is as close as fast policy asks; then its terms are set.
std::optional<Requant> narrow_norm(Norm& norm, const NormTerms& wide, const Tensor& in, const Tensor& out) {
  constexpr double deviation = 0.25;
  double gain = norm.gain.empty() ? 1 : 0;
  for (const double g : norm.gain) gain = std::max(gain, std::abs(g));
  gain /= out.q.scale;
  if (!std::isfinite(gain)) return std::nullopt;
  const NormTerms terms = narrow_norm_terms(wide, gain);
  const double before =
      narrow_norm_deviation(terms, gain, std::max(in.q.hi - in.q.zero_point, in.q.zero_point - in.q.lo));
  if (!(before <= deviation)) return std::nullopt;
  auto r = make_requant(channels_of(norm, terms, out.q.scale),
                        {0, out.q.zero_point, out.q.lo, out.q.hi, RequantPolicy::fast, false});
  if (!r || r->form != RequantForm::narrow || r->deviation + before > deviation) return std::nullopt;
  r->deviation += before;
  norm.terms = terms;
  return std::move(*r);
}

Result<Requant> requant_of(Norm& norm, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  const int64_t positions = norm.across ? in.dims.count() / norm.channels : 1;
  const auto terms = norm_terms(positions * norm.channels / norm.groups, norm.centred, norm.epsilon, in.q);
  if (!terms) return tl::unexpected(terms.error());
  if (policy == RequantPolicy::fast && in.type != ElementType::s32 && out.type == ElementType::u8)
    if (auto narrow = narrow_norm(norm, *terms, in, out)) return std::move(*narrow);
  norm.terms = *terms;
  return make_requant(channels_of(norm, *terms, out.q.scale), {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(Softmax& softmax, const Tensor& in, const Tensor& out, RequantPolicy) {
  if (softmax.columns > softmax_most_columns)
    return fail(fmt::format("the exponentials of a row of {} can overflow 32 bits", softmax.columns));
  const auto terms = softmax_terms(out.q.scale, out.q.zero_point);
  if (!terms) return tl::unexpected(terms.error());
  softmax.table = softmax_table(in.q.scale, in.type == ElementType::s16);
  softmax.terms = *terms;
  return Requant{.shift = 1, .lo = out.q.lo, .hi = out.q.hi, .deviation = softmax_deviation(*terms), .m = {}, .B = {}};
}

Result<Requant> requant_of(const MatMul& product, const Tensor& a, const Tensor& b, const Tensor& out,
                           RequantPolicy policy) {
  // |sum(a * (b - 128))| and every part of it stay below depth * 255 * 255 too.
  if (product.depth > std::numeric_limits<int32_t>::max() / (255 * 255))
    return fail(fmt::format("sums of {} products can overflow 32 bits", product.depth));
  ChannelTerms t;
  t.multiplier = a.q.scale * b.q.scale * product.factor / out.q.scale;
  std::tie(t.acc_min, t.acc_max) = product_range(a.q, b.q);
  t.acc_min *= product.depth;
  t.acc_max *= product.depth;
  return make_requant(std::array{t}, {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(Scan& scan, std::span<const Tensor* const> in, const Tensor& out, RequantPolicy policy) {
  ScanSpec spec{scan.steps, scan.channels, scan.states, scan.rates, scan.skip, softplus};
  if (!scan.softplus) spec.step_size = [](double v) { return std::max(v, 0.0); };
  auto constants = scan_constants(spec, in[0]->q, in[1]->q, in[2]->q, in[2]->q, out.q.scale);
  if (!constants) return tl::unexpected(constants.error());
  scan.terms = std::move(constants->terms);
  return make_requant(std::array{constants->requant}, {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(const Transform& op, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  const auto terms = transform_terms(op.coefficients, op.outputs, op.scale, in.q, out.q.scale);
  if (!terms) return tl::unexpected(terms.error());
  return make_requant(*terms, {in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

Result<Requant> requant_of(const Rotary& op, const Tensor& in, const Tensor& out, RequantPolicy policy) {
  return make_requant(std::array{rotary_terms(op.factors, op.scale, in.q, out.q.scale)},
                      {0, out.q.zero_point, out.q.lo, out.q.hi, policy, false});
}

/// Fills the constants of a layer that has some; returns them, or null.
Result<const Requant*> fill(Operation& op, std::span<const Tensor* const> inputs, const Tensor& out,
                            RequantPolicy policy) {
  const Tensor &in = *inputs.front(), &second = *inputs.back();
  const auto filled = [&](auto& layer) -> Result<const Requant*> {
    auto requant = [&] {
      if constexpr (requires { requant_of(layer, inputs, out, policy); })
        return requant_of(layer, inputs, out, policy);
      else if constexpr (requires { requant_of(layer, in, second, out, policy); })
        return requant_of(layer, in, second, out, policy);
      else
        return requant_of(layer, in, out, policy);
    }();
    if (!requant) return tl::unexpected(requant.error());
    layer.requant = std::move(*requant);
    return &layer.requant;
  };
  if (auto* weighted = std::get_if<Weighted>(&op)) return filled(*weighted);
  if (auto* pool = std::get_if<AveragePool>(&op)) return filled(*pool);
  if (auto* add = std::get_if<Add>(&op)) return filled(*add);
  if (auto* multiply = std::get_if<Multiply>(&op)) return filled(*multiply);
  if (auto* norm = std::get_if<Norm>(&op)) return filled(*norm);
  if (auto* softmax = std::get_if<Softmax>(&op)) return filled(*softmax);
  if (auto* product = std::get_if<MatMul>(&op)) return filled(*product);
  if (auto* scan = std::get_if<Scan>(&op)) return filled(*scan);
  if (auto* transform = std::get_if<Transform>(&op)) return filled(*transform);
  if (auto* rotary = std::get_if<Rotary>(&op)) return filled(*rotary);
  return nullptr;
}

}  // namespace

Result<void> requantise(NetworkState& state) {
  LayerGraph& g = state.layers;
  std::array<int, 3> forms{};  // in the order of RequantForm
  int requantised = 0;
  for (const LayerId id : execution_order(g)) {
    Layer& layer = g.dag[id];
    std::vector<const Tensor*> inputs;
    for (const TensorId t : layer.inputs) inputs.push_back(&g.tensors[static_cast<std::size_t>(t)]);
    const Tensor& out = g.tensors[static_cast<std::size_t>(layer.output)];
    const auto requant = fill(layer.op, inputs, out, g.policy);
    if (!requant) {
      if (note(state.check, "requantisation", layer.model_node, "", requant.error())) continue;
      return fail(
          fmt::format("{}: layer '{}' (node '{}'): {}", g.name, layer.name, layer.model_node, requant.error().what));
    }
    if (!*requant) continue;
    if (out.type == ElementType::s16 || (out.type == ElementType::s32 && std::holds_alternative<Add>(layer.op)))
      state.notice(fmt::format("tensor '{}' has no Quant and is kept in {} bits, scale {:.3g}", out.name,
                               8 * element_bytes(out.type), out.q.scale));
    ++forms[static_cast<std::size_t>((*requant)->form)];
    ++requantised;
  }
  state.notice(fmt::format("requantisation ({}): of {} requantised layers {} narrow, {} wide, {} raw",
                           g.policy == RequantPolicy::fast ? "fast" : "exact", requantised, forms[0], forms[1],
                           forms[2]));
  return {};
}

}  // namespace ares
