#include "core/import/operators/token_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/arithmetic/norm.hpp"
#include "core/import/operators/linear.hpp"
#include "core/import/operators/wide.hpp"

namespace ares::qonnx {
namespace {

/// Real values of the constant on input i, broadcast to `shape`; nothing where it is none.
std::optional<std::vector<double>> constant_values(const Lowering& lowering, const NodeView& node, std::size_t i,
                                                   const Shape& shape) {
  const QuantisedConstant* quantised = lowering.quantised(node, i);
  const Array* plain = lowering.array(node, i);
  if (!quantised && !plain) return std::nullopt;
  const Array array = quantised ? dequantise(*quantised) : *plain;
  const auto common = broadcast(array.shape, shape);
  if (!common || *common != shape) return std::nullopt;
  const std::vector<double> values = to_doubles(array);
  std::vector<double> all;
  for (const int64_t at : broadcast_indices(array.shape, shape)) all.push_back(values[static_cast<std::size_t>(at)]);
  return all;
}

std::optional<TokenSum> as_token_sum(const NodeView& node, std::size_t i, const Value& value) {
  if (const auto* tokens = std::get_if<TokenSum>(&value.kind)) return *tokens;
  const auto* acc = std::get_if<Accumulator>(&value.kind);
  if (!acc || !value.view.order.empty()) return std::nullopt;
  const auto count = static_cast<std::size_t>(acc->out.count());
  return TokenSum{*acc, node.node.inputs[i], value.view, std::vector<double>(count), {}, node.node.name};
}

/// The elements that a Concat puts before its last input lie in front of it as a whole.
bool in_front(const Shape& shape, std::size_t axis) {
  return std::all_of(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis),
                     [](int64_t d) { return d == 1; });
}

std::optional<TokenSum> joined(const Lowering& lowering, const NodeView& node) {
  const std::size_t last = node.node.inputs.size() - 1;
  const auto value = lowering.input(node, last);
  auto tokens = value ? as_token_sum(node, last, **value) : std::nullopt;
  if (!tokens) return std::nullopt;
  const auto axis = normal_axis(int_attribute(node.node, "axis", 0), (*value)->view.shape.size());
  if (!axis || !in_front((*value)->view.shape, *axis)) return std::nullopt;
  std::vector<double> before;
  for (std::size_t i = 0; i < last; ++i) {
    const QuantisedConstant* quantised = lowering.quantised(node, i);
    const Array* plain = lowering.array(node, i);
    if (!quantised && !plain) return std::nullopt;
    const std::vector<double> values = to_doubles(quantised ? dequantise(*quantised) : *plain);
    before.insert(before.end(), values.begin(), values.end());
  }
  tokens->before.insert(tokens->before.begin(), before.begin(), before.end());
  return tokens;
}

std::optional<TokenSum> shifted(const Lowering& lowering, const NodeView& node) {
  const std::size_t argument = lowering.quantised(node, 0) || lowering.array(node, 0) ? 1 : 0;
  const auto value = lowering.input(node, argument);
  auto tokens = value ? as_token_sum(node, argument, **value) : std::nullopt;
  const auto shift = tokens ? constant_values(lowering, node, 1 - argument, (*value)->view.shape) : std::nullopt;
  const bool minus = node.node.op == "Sub";
  if (!shift || (node.node.op != "Add" && !minus) || (minus && argument == 1)) return std::nullopt;
  for (std::size_t i = 0; i < shift->size(); ++i) {
    const std::size_t prefix = tokens->before.size();
    (i < prefix ? tokens->before[i] : tokens->shift[i - prefix]) += minus ? -(*shift)[i] : (*shift)[i];
  }
  return tokens;
}

/// The sum as a 16-bit layer.
TensorId add_sum(Lowering& lowering, const TokenSum& tokens, const Quantisation& q) {
  const TensorId id = lowering.add_tensor({tokens.base, ElementType::s16, tokens.sum.out, q, {}, tokens.view});
  lowering.add_layer(tokens.sum.node, tokens.sum.layer, {tokens.sum.input}, id);
  return id;
}

/// What is added to it, in 16 bits over its own range.
TensorId add_shift(Lowering& lowering, const TokenSum& tokens) {
  const auto [lo, hi] = std::minmax_element(tokens.shift.begin(), tokens.shift.end());
  Tensor t{tokens.base + "/shift", ElementType::s16, tokens.sum.out, over(*lo, *hi), {}, tokens.view};
  std::vector<int> values;
  for (const double v : tokens.shift) values.push_back(static_cast<int>(std::nearbyint(v / t.q.scale)));
  store(values, tokens.view, t);
  return lowering.add_tensor(std::move(t));
}

bool only_quantised(const Lowering& lowering, const std::string& tensor) {
  return std::all_of(lowering.model.nodes.begin(), lowering.model.nodes.end(), [&](const Node& n) {
    return n.op == "Quant" || std::find(n.inputs.begin(), n.inputs.end(), tensor) == n.inputs.end();
  });
}

/// The constant tokens and those of `rest`, one behind the other.
TensorId join(Lowering& lowering, const NodeView& node, const TokenSum& tokens, TensorId rest, const ModelView& view) {
  const Tensor& with = lowering.tensor(rest);
  const Quantisation q = with.q;
  const int32_t channels = with.dims.c, count = with.dims.h * with.dims.w;
  const auto front = static_cast<int32_t>(tokens.before.size()) / channels;
  Tensor first{node.node.outputs[0] + "/first", ElementType::u8, {1, front, channels}, q, {},
               {{1, front, channels}, {}}};
  std::vector<int> values;
  for (const double v : tokens.before)
    values.push_back(static_cast<int>(std::clamp<double>(std::nearbyint(v / q.scale + q.zero_point), q.lo, q.hi)));
  store(values, first.view, first);
  const TensorId constant = lowering.add_tensor(std::move(first));
  const auto piece = [&](int32_t input, int32_t from, int32_t tokens_of) {
    Piece p{input, {}, 0, {}};
    p.movement.axes[2] = {0, tokens_of * channels, from * channels, 1, 1};
    return p;
  };
  Rearrange op{{piece(0, 0, front), piece(1, front, count)}, true};
  const TensorId id =
      lowering.add_tensor({node.node.outputs[0], ElementType::u8, {1, front + count, channels}, q, {}, view});
  lowering.add_layer(node.node.name, std::move(op), {constant, rest}, id);
  return id;
}

}  // namespace

std::optional<Value> token_sum(const Lowering& lowering, const NodeView& node) {
  auto tokens = node.node.op == "Concat" ? joined(lowering, node) : shifted(lowering, node);
  if (!tokens) return std::nullopt;
  tokens->node = node.node.name;
  return Value{std::move(*tokens), {output_shape(lowering, node), {}}};
}

Result<Pair> wide_pair(Lowering& lowering, const NodeView& node, const TokenSum& tokens) {
  if (!tokens.before.empty())
    return node.error("reads constant tokens and sums that are not quantised; put a Quant before it");
  const auto range = range_of(lowering, tokens.sum);
  if (!range) return node.error(range.error().what);
  auto known = lowering.inner.find(tokens.base);
  const Clip seen = narrowed(lowering, tokens.base, {range->lo, range->hi});
  if (known == lowering.inner.end())
    known = lowering.inner.emplace(tokens.base, add_sum(lowering, tokens, over(seen.lo, seen.hi))).first;
  const std::string shift = tokens.base + "/shift of " + tokens.node;
  auto added = lowering.inner.find(shift);
  if (added == lowering.inner.end()) added = lowering.inner.emplace(shift, add_shift(lowering, tokens)).first;
  return Pair{Add{}, known->second, added->second, tokens.node, {}};
}

std::optional<TensorId> fine_sum(Lowering& lowering, const TokenSum& tokens, const std::string& name,
                                 const ModelView& view, int64_t normalised) {
  constexpr double most_16 = 32767;
  const std::vector<double>& scales = tokens.sum.layer.weight_scale;
  const double step = scales.empty() ? 0 : scales[0] * lowering.tensor(tokens.sum.input).q.scale;
  const bool common = std::all_of(scales.begin(), scales.end(), [&](double s) { return s == scales[0]; });
  const auto range = range_of(lowering, tokens.sum);
  if (!(step > 0) || !common || !range || tokens.sum.clip.any() || !tokens.before.empty()) return std::nullopt;
  const auto [lo, hi] = std::minmax_element(tokens.shift.begin(), tokens.shift.end());
  // The step times a power of two with which a reach takes no more steps than that.
  const auto scale_for = [&](double reach, double most) {
    double scale = step;
    while (reach / scale > most) scale *= 2;
    return scale;
  };
  const auto integers = [](double low, double high, double scale, int bits) {
    return Quantisation{
        scale, 0,   static_cast<int>(std::floor(low / scale)) - 1, static_cast<int>(std::ceil(high / scale)) + 1,
        true,  bits};
  };
  const double reach = std::max(std::abs(range->lo + *lo), std::abs(range->hi + *hi));
  const double limit = norm_input_reach(normalised) - 2;
  if (limit < 8 * most_16 || std::max(std::abs(range->lo), std::abs(range->hi)) / step > 1 << 28) return std::nullopt;
  const Quantisation raw = integers(range->lo, range->hi, step, 32);
  const Quantisation fine = integers(range->lo + *lo, range->hi + *hi, scale_for(reach, limit), 32);
  const Quantisation shift = integers(*lo, *hi, scale_for(std::max(std::abs(*lo), std::abs(*hi)), most_16 - 1), 16);
  const auto add = [&](const char* what, ElementType type, const Quantisation& q, const ModelView& v) {
    return Tensor{name + what, type, tokens.sum.out, q, {}, v};
  };
  const TensorId sums = lowering.add_tensor(add("/sums", ElementType::s32, raw, tokens.view));
  lowering.add_layer(tokens.sum.node, tokens.sum.layer, {tokens.sum.input}, sums);
  Tensor constants = add("/constants", ElementType::s16, shift, tokens.view);
  std::vector<int> values;
  for (const double v : tokens.shift) values.push_back(static_cast<int>(std::nearbyint(v / shift.scale)));
  store(values, tokens.view, constants);
  const TensorId second = lowering.add_tensor(std::move(constants));
  const TensorId id = lowering.add_tensor(add("/fine", ElementType::s32, fine, view));
  lowering.add_layer(tokens.node, Add{}, {sums, second}, id);
  return id;
}

Result<Value> quantise_token_sum(Lowering& lowering, const NodeView& node, const TokenSum& tokens,
                                 const ModelView& view, const Quantisation& q) {
  Result<Pair> pair = Pair{Add{}, -1, -1, tokens.node, {}};
  if (only_quantised(lowering, node.node.inputs[0])) {
    const auto range = range_of(lowering, tokens.sum);
    if (!range) return node.error(range.error().what);
    const auto [lo, hi] = std::minmax_element(tokens.shift.begin(), tokens.shift.end());
    const double from = (q.lo - q.zero_point - 1) * q.scale - *hi, to = (q.hi - q.zero_point + 1) * q.scale - *lo;
    const auto inside = [&](double v) { return std::clamp(v, std::min(from, to), std::max(from, to)); };
    pair->first = add_sum(lowering, tokens, over(inside(range->lo), inside(range->hi)));
    pair->second = add_shift(lowering, tokens);
  } else {
    pair = wide_pair(lowering, node, tokens);
  }
  if (!pair) return tl::unexpected(pair.error());
  const bool joins = !tokens.before.empty();
  const std::string name = node.node.outputs[0];
  const TensorId id = lowering.add_tensor(
      {joins ? name + "/last" : name, ElementType::u8, tokens.sum.out, q, {}, joins ? tokens.view : view});
  lowering.add_layer(tokens.node, pair->op, {pair->first, pair->second}, id);
  return Value{Stored{joins ? join(lowering, node, tokens, id, view) : id}, view};
}

namespace {

/// Runs of elements as pieces of a flattened tensor; nothing where there are too many of them.
std::optional<Rearrange> moved_runs(const std::vector<int32_t>& order) {
  constexpr std::size_t most = 4096;
  Rearrange op{{}, true};
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i] == order[i - 1] + 1) {
      ++op.pieces.back().movement.axes[2].count;
      continue;
    }
    if (op.pieces.size() == most) return std::nullopt;
    Piece p{0, {}, 0, {}};
    p.movement.axes[2] = {order[i], 1, static_cast<int32_t>(i), 1, 1};
    op.pieces.push_back(std::move(p));
  }
  return op;
}

/// The source's position of each one, where all channels of a position stay together.
std::optional<std::vector<int32_t>> moved_positions(const std::vector<int32_t>& order, int32_t channels) {
  const auto c = static_cast<std::size_t>(channels);
  std::vector<int32_t> from;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i % c == 0 && order[i] % channels != 0) return std::nullopt;
    if (i % c == 0) from.push_back(order[i] / channels);
    if (order[i] != from.back() * channels + static_cast<int32_t>(i % c)) return std::nullopt;
  }
  return from;
}

/// Rows of positions, evenly spaced in the source, as pieces; nothing where the tensors are no rows of positions.
std::optional<Rearrange> moved_rows(const std::vector<int32_t>& order, const Dims& in, const Dims& out) {
  constexpr int32_t most_apart = std::numeric_limits<int16_t>::max();
  if (in.h != 1 || out != in) return std::nullopt;
  const auto from = moved_positions(order, in.c);
  if (!from) return std::nullopt;
  Rearrange op{{}, false};
  for (std::size_t i = 0; i < from->size();) {
    const auto apart = [&](std::size_t k) { return (*from)[k] - (*from)[k - 1]; };
    std::size_t end = i + 1;
    const bool steps = end < from->size() && apart(end) > 0 && apart(end) <= most_apart;
    while (steps && end < from->size() && apart(end) == apart(i + 1)) ++end;
    const auto count = static_cast<int32_t>(end - i);
    Piece p{0, {}, 0, {}};
    p.movement.axes[1] = {(*from)[i], count, static_cast<int32_t>(i),
                          static_cast<int16_t>(count > 1 ? apart(i + 1) : 1), 1};
    p.movement.axes[2].count = in.c;
    op.pieces.push_back(std::move(p));
    i = end;
  }
  return op;
}

}  // namespace

Result<TensorId> in_model_order(Lowering& lowering, const NodeView& node, const std::string& name, TensorId tensor,
                                const ModelView& view, const Dims& dims) {
  if (lowering.tensor(tensor).type != ElementType::u8)
    return node.error(
        "its input is not stored in the order that it needs, and not quantised to 8 bits; put a Quant "
        "before it");
  const Tensor in = lowering.tensor(tensor);
  if (is_constant(in)) {
    Tensor moved{name, ElementType::u8, dims, in.q, {}, {view.shape, {}}};
    for (const int32_t at : view.order) moved.constant.push_back(in.constant[static_cast<std::size_t>(at)]);
    return lowering.add_tensor(std::move(moved));
  }
  auto rows = moved_rows(view.order, in.dims, dims), runs = moved_runs(view.order);
  if (rows && (!runs || rows->pieces.size() < runs->pieces.size())) runs = std::move(rows);
  if (!runs)
    return node.error(
        "its input is stored in an order that would have to be turned element by element; reshape or "
        "transpose it elsewhere");
  const TensorId id = lowering.add_tensor({name, ElementType::u8, dims, in.q, {}, {view.shape, {}}});
  lowering.add_layer(node.node.name, std::move(*runs), {tensor}, id);
  return id;
}

}  // namespace ares::qonnx
