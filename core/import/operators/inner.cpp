#include "core/import/operators/inner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/arithmetic/norm.hpp"
#include "core/import/operators/linear.hpp"
#include "core/import/operators/token_sum.hpp"
#include "core/import/operators/wide.hpp"
#include "core/ir/graph.hpp"

namespace ares::qonnx {

Quantisation over(double lo, double hi) {
  constexpr double reach_16 = 32767;              // of 16 bits, the same on both sides
  constexpr double least = 1e-300, most = 1e300;  // scales and their ratios stay numbers
  lo = std::clamp(lo, -most, most);
  hi = std::clamp(hi, -most, most);
  const double reach = std::max(std::abs(lo), std::abs(hi));
  const double scale = reach > least ? reach / reach_16 : 1;
  return {scale, 0, static_cast<int>(std::floor(lo / scale)), static_cast<int>(std::ceil(hi / scale)), true, 16};
}

Clip narrowed(const Lowering& lowering, const std::string& tensor, const Clip& reachable) {
  constexpr double margin = 1.25;  // for inputs that are no samples
  const auto seen = lowering.observed.find(tensor);
  if (seen == lowering.observed.end()) return reachable;
  const double reach = margin * std::max(std::abs(seen->second.first), std::abs(seen->second.second));
  return {std::max(reachable.lo, -reach), std::min(reachable.hi, reach)};
}

void store(const std::vector<int>& values, const ModelView& view, Tensor& tensor) {
  const auto bytes = static_cast<std::size_t>(element_bytes(tensor.type));
  tensor.constant.resize(values.size() * bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t at = view.order.empty() ? i : static_cast<std::size_t>(view.order[i]);
    for (std::size_t b = 0; b < bytes; ++b)
      tensor.constant[at * bytes + b] = static_cast<uint8_t>(static_cast<unsigned>(values[i]) >> (8 * b));
  }
}

namespace {

/// Real values that a stored tensor can have.
Clip range_of(const Quantisation& q) { return {(q.lo - q.zero_point) * q.scale, (q.hi - q.zero_point) * q.scale}; }

/// Integers, and so exact, where both sides have one scale.
Quantisation quantisation_of(const Add& op, const Quantisation& a, const Quantisation& b, const Clip& clip) {
  Clip first = range_of(a), second = range_of(b);
  if (op.subtract) second = {-second.hi, -second.lo};
  Clip sum{first.lo + second.lo, first.hi + second.hi};
  apply_clip(clip.lo, clip.hi, sum);
  Quantisation q = over(sum.lo, sum.hi);
  if (a.scale != b.scale || q.scale > a.scale || clip.any()) return q;
  q = {a.scale, 0, 0, 0, true, 16};
  q.lo = static_cast<int>(std::nearbyint(sum.lo / q.scale));
  q.hi = static_cast<int>(std::nearbyint(sum.hi / q.scale));
  return q;
}

/// A normalised set of n has no element beyond sqrt(n - 1), or sqrt(n) where no mean is taken off.
Quantisation quantisation_of(const Norm& op, const Dims& in) {
  const int64_t n = (op.across ? in.count() : op.channels) / op.groups;
  const double reach = std::sqrt(static_cast<double>(op.centred ? n - 1 : n));
  Clip all{0, 0};
  for (std::size_t c = 0; c < static_cast<std::size_t>(op.channels); ++c) {
    const double spread = reach * (op.gain.empty() ? 1 : std::abs(op.gain[c]));
    const double bias = op.bias.empty() ? 0 : op.bias[c];
    all = {std::min(all.lo, bias - spread), std::max(all.hi, bias + spread)};
  }
  return over(all.lo, all.hi);
}

Quantisation quantisation_of(const MatMul& op, const Quantisation& a, const Quantisation& b) {
  const Clip x = range_of(a), y = range_of(b);
  const auto [lo, hi] = std::minmax({x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi});
  const double factor = op.factor * op.depth;
  return over(std::min(lo * factor, hi * factor), std::max(lo * factor, hi * factor));
}

/// The layer that gives the value out in 16 bits.
struct Inner {
  Operation op;
  std::vector<TensorId> inputs;
  Dims dims;
  Quantisation q;
  std::string node;
};

Result<Inner> inner_of(const Lowering& lowering, const NodeView& node, std::size_t i, const Value& value) {
  const auto q = [&](TensorId t) { return lowering.tensor(t).q; };
  if (const auto* acc = std::get_if<Accumulator>(&value.kind)) {
    const auto range = range_of(lowering, *acc);
    if (!range) return node.error(range.error().what);
    return Inner{acc->layer, {acc->input}, acc->out, over(range->lo, range->hi), acc->node};
  }
  const auto* pair = std::get_if<Pair>(&value.kind);
  if (const auto* add = pair ? std::get_if<Add>(&pair->op) : nullptr) {
    const Quantisation sum = quantisation_of(*add, q(pair->first), q(pair->second), pair->clip);
    return Inner{*add, {pair->first, pair->second}, lowering.tensor(pair->first).dims, sum, pair->node};
  }
  const auto* pending = std::get_if<Pending>(&value.kind);
  if (pending && !pending->picked) {
    const auto& in = pending->inputs;
    if (const auto* norm = std::get_if<Norm>(&pending->op))
      return Inner{*norm, in, pending->out, quantisation_of(*norm, lowering.tensor(in[0]).dims), pending->node};
    if (const auto* product = std::get_if<MatMul>(&pending->op))
      return Inner{*product, in, pending->out, quantisation_of(*product, q(in[0]), q(in[1])), pending->node};
  }
  const auto stored = stored_input(lowering, node, i);
  if (stored) return node.error("its input cannot be stored");
  return tl::unexpected(stored.error());
}

Quantisation finely(const Clip& reachable, int64_t normalised) {
  const double reach = std::max(std::abs(reachable.lo), std::abs(reachable.hi));
  const double scale = reach / norm_input_reach(normalised);
  return {
      scale, 0, static_cast<int>(std::floor(reachable.lo / scale)), static_cast<int>(std::ceil(reachable.hi / scale)),
      true,  32};
}

/// A sum of stored bytes that only one norm reads, and that 32 bits hold much more finely than 16. A Quant beside the
/// norm takes the bytes themselves.
bool is_fine_sum(const Lowering& lowering, const std::string& name, const Inner& inner, int64_t normalised) {
  constexpr int32_t much_more = 8 * 32767;
  const bool bytes = std::all_of(inner.inputs.begin(), inner.inputs.end(),
                                 [&](TensorId t) { return lowering.tensor(t).type == ElementType::u8; });
  const auto readers = lowering.readers(name);
  const auto quants = std::count_if(readers.begin(), readers.end(), [](const Node* n) { return n->op == "Quant"; });
  return lowering.graph.policy == RequantPolicy::exact && std::holds_alternative<Add>(inner.op) && bytes &&
         std::ssize(readers) - quants == 1 && norm_input_reach(normalised) >= much_more;
}

}  // namespace

std::optional<Quantisation> stored_form(const QuantisedConstant& c) {
  const auto scale = scalar(&c.scale), zero = scalar(&c.zero_point);
  if (!scale || !zero || c.bits > 8 || c.q.empty()) return std::nullopt;
  const int offset = c.is_signed ? 128 : 0;
  const auto [lo, hi] = std::minmax_element(c.q.begin(), c.q.end());
  const int stored_zero = static_cast<int>(*zero) + offset;
  if (stored_zero < 0 || stored_zero > 255) return std::nullopt;
  return Quantisation{*scale,      stored_zero, static_cast<int>(*lo) + offset, static_cast<int>(*hi) + offset,
                      c.is_signed, c.bits};
}

Result<TensorId> inner_tensor(Lowering& lowering, const NodeView& node, std::size_t i, int64_t normalised) {
  const auto input = lowering.input(node, i);
  if (!input) return tl::unexpected(input.error());
  const Value value = **input;
  if (const auto* stored = std::get_if<Stored>(&value.kind)) return stored->tensor;
  const std::string name = node.node.inputs[i];
  const auto* sum = std::get_if<TokenSum>(&value.kind);
  if (sum && normalised > 0 && lowering.graph.policy == RequantPolicy::exact) {
    if (const auto known = lowering.inner.find(name + "/fine"); known != lowering.inner.end()) return known->second;
    if (const auto fine = fine_sum(lowering, *sum, name, value.view, normalised))
      return lowering.inner[name + "/fine"] = *fine;
  }
  if (const auto known = lowering.inner.find(name); known != lowering.inner.end()) return known->second;
  if (const auto* tokens = std::get_if<TokenSum>(&value.kind)) {
    const auto pair = wide_pair(lowering, node, *tokens);
    if (!pair) return tl::unexpected(pair.error());
    lowering.values[name] = Value{*pair, value.view};
    return inner_tensor(lowering, node, i, normalised);
  }
  auto inner = inner_of(lowering, node, i, value);
  if (!inner) return tl::unexpected(inner.error());
  const Clip reachable = range_of(inner->q), seen = narrowed(lowering, name, reachable);
  const bool exact = inner->q.scale * 32767 > std::max(reachable.hi, -reachable.lo) * 1.001;
  const bool fine = !exact && normalised > 0 && is_fine_sum(lowering, name, *inner, normalised);
  if (!exact) inner->q = fine ? finely(reachable, normalised) : over(seen.lo, seen.hi);
  const ElementType type = fine ? ElementType::s32 : ElementType::s16;
  const TensorId id = lowering.add_tensor({name, type, inner->dims, inner->q, {}, value.view});
  lowering.add_layer(inner->node, std::move(inner->op), std::move(inner->inputs), id);
  lowering.inner[name] = id;
  return id;
}

bool has_inner(const ValueKind& kind) {
  if (const auto* pair = std::get_if<Pair>(&kind)) return std::holds_alternative<Add>(pair->op);
  if (const auto* pending = std::get_if<Pending>(&kind))
    return !pending->picked && !std::holds_alternative<Softmax>(pending->op);
  if (const auto* tokens = std::get_if<TokenSum>(&kind)) return tokens->before.empty();
  return std::holds_alternative<Stored>(kind) || std::holds_alternative<Accumulator>(kind);
}

Result<TensorId> constant_tensor(Lowering& lowering, const NodeView& node, std::size_t i, const ModelView& like,
                                 const Dims& dims) {
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  const auto q = quantised ? stored_form(*quantised) : std::nullopt;
  const Array array = quantised ? dequantise(*quantised) : *lowering.array(node, i);
  const auto common = broadcast(array.shape, like.shape);
  if (!common || *common != like.shape)
    return node.error(fmt::format("its constant '{}' of shape {} does not broadcast to {}", node.node.inputs[i],
                                  to_string(array.shape), to_string(like.shape)));
  const std::vector<double> real = to_doubles(array);
  double reach = 0;
  for (const double v : real) reach = std::max(reach, std::abs(v));
  if (!std::isfinite(reach)) return node.error("its constant is not finite");
  Tensor tensor{
      node.node.inputs[i], q ? ElementType::u8 : ElementType::s16, dims, q.value_or(over(-reach, reach)), {}, like};
  std::vector<int> values;
  for (const int64_t at : broadcast_indices(array.shape, like.shape)) {
    const double steps = real[static_cast<std::size_t>(at)] / tensor.q.scale + tensor.q.zero_point;
    values.push_back(static_cast<int>(std::nearbyint(steps)));
  }
  store(values, like, tensor);
  return lowering.add_tensor(std::move(tensor));
}

bool fills_axes(const Shape& constant) {
  return std::count_if(constant.begin(), constant.end(), [](int64_t d) { return d != 1; }) > 1;
}

}  // namespace ares::qonnx
