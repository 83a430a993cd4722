#include "cost_models/gvsoc/measured_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>

#include "core/arithmetic/curve.hpp"
#include "core/arithmetic/softmax.hpp"
#include "core/reference/engine.hpp"
#include "core/reference/operations.hpp"

namespace ares::gvsoc {
namespace {

using Random = boost::random::mt19937;

int32_t pick(Random& random, int32_t lo, int32_t hi) {
  return boost::random::uniform_int_distribution<int32_t>(lo, hi)(random);
}

/// Standard deviations of a stored activation and of a weight, both uniform.
constexpr double activation_deviation = 74, weight_deviation = 73;
/// Output steps that the accumulators' deviation is brought to: most of the range is used, little is clipped.
constexpr double u8_deviation = 40, s16_deviation = 8000;
constexpr int32_t u8_middle = 128;

/// What a requantisation is made for.
struct Accumulators {
  double deviation = 1, largest = 1;  ///< in absolute value
  size_t channels = 1;
};

/// Scales accumulators to the output type's range, in the wanted form; no 32-bit step overflows.
Requant sample_requant(Random& random, const GroupShape& s, const Accumulators& acc) {
  Requant r;
  r.form = s.form;
  r.rounding = s.rounding;
  const bool wide_output = s.out_type == ElementType::s16;
  if (wide_output) r.lo = -32768, r.hi = 32767;
  const double steps = wide_output ? s16_deviation : u8_deviation;
  const int32_t middle = wide_output ? 0 : u8_middle;
  double per_step = 1;  // of the accumulator, before the shift
  int32_t m = 1;
  if (s.form == RequantForm::narrow) {
    m = static_cast<int32_t>(std::clamp(0x1p29 / acc.largest, 1.0, 32767.0));
    per_step = m;
  } else if (s.form == RequantForm::wide) {
    r.pre_shift = static_cast<int>(std::clamp(std::floor(std::log2(0x1p30 / acc.largest)), 0.0, 15.0));
    m = 1 << 30;  // mulh takes a quarter
    per_step = std::exp2(r.pre_shift) / 4;
  }
  const int most = s.form == RequantForm::wide ? 22 : 23;  // 128 steps in B stay below 2^31
  r.shift = static_cast<int>(std::clamp(std::round(std::log2(acc.deviation * per_step / steps)), 1.0, double(most)));
  for (size_t c = 0; c < acc.channels; ++c) {
    const bool raw = s.form == RequantForm::raw;
    if (!raw) r.m.push_back(m - pick(random, 0, m / 4));
    r.B.push_back(raw ? pick(random, -1000, 1000) : (middle << r.shift) + (1 << (r.shift - 1)));
  }
  if (s.form == RequantForm::raw) r.shift = 0;
  return r;
}

Tensor tensor(const char* name, const Dims& dims, ElementType type, int zero_point) {
  Tensor t;
  t.name = name;
  t.dims = dims;
  t.type = type;
  t.q.zero_point = zero_point;
  t.view.shape = {1, dims.c, dims.h, dims.w};
  return t;
}

LayerGraph graph_of(Operation op, const std::vector<Dims>& inputs, ElementType in_type, const Dims& out,
                    ElementType out_type) {
  LayerGraph g;
  g.name = "measured";
  Layer layer{"layer", "layer", std::move(op), {}, static_cast<TensorId>(inputs.size())};
  for (const Dims& dims : inputs) {
    const auto id = static_cast<TensorId>(g.tensors.size());
    g.tensors.push_back(tensor("in", dims, in_type, in_type == ElementType::u8 ? u8_middle : 0));
    layer.inputs.push_back(id);
    g.inputs.push_back({fmt::format("in{}", id), id, g.tensors.back().view, nullptr});
  }
  g.tensors.push_back(tensor("out", out, out_type, out_type == ElementType::u8 ? u8_middle : 0));
  g.outputs.push_back({"out", layer.output, g.tensors.back().view, nullptr});
  boost::add_vertex(std::move(layer), g.dag);
  return g;
}

/// Makes weights and multipliers those of the shape's AcceleratorForm: the first channel, whose weights are 0, has a
/// multiplier of so many bits, the last one the extreme weights.
void suit_accelerator(const AcceleratorForm& form, Weighted& w, size_t taps) {
  const int32_t least = -(1 << (form.weight_bits - 1)), most = (1 << (form.weight_bits - 1)) - 1;
  for (int8_t& v : w.weights) v = static_cast<int8_t>(std::clamp<int32_t>(v, least, most));
  std::fill_n(w.weights.begin(), taps, int8_t{0});
  w.weights.back() = static_cast<int8_t>(least);
  w.weights[w.weights.size() - 2] = static_cast<int8_t>(most);
  const int32_t largest = form.scale_bits == 32 ? 1 << 16 : (1 << form.scale_bits) - 1;
  for (int32_t& m : w.requant.m) m = std::min(m, largest);
  w.requant.m.front() = largest;
}

LayerGraph weighted(Random& random, const GroupShape& s) {
  Weighted w;
  w.linear = s.family == Family::linear;
  w.window = s.window;
  w.groups = s.family == Family::depthwise ? s.in.c : 1;
  w.weight_bits = std::min<int>(s.weight_bits, 8);
  const auto channels = static_cast<size_t>(s.out.c);
  const auto taps =
      static_cast<size_t>(s.window.kh * s.window.kw) * static_cast<size_t>(s.family == Family::depthwise ? 1 : s.in.c);
  const int32_t reach = s.asymmetric() ? 128 : (1 << (w.weight_bits - 1)) - 1;
  w.weights.resize(channels * taps);
  for (int8_t& v : w.weights) v = static_cast<int8_t>(pick(random, -std::max(reach, 1), std::max(reach, 1) - 1));
  double largest_weight = reach + 1;
  if (s.asymmetric()) {
    constexpr int32_t zero = 50;  // with a weight of -128 no 8 bits hold the difference
    w.weight_zero.assign(channels, zero);
    w.weights.front() = INT8_MIN;
    largest_weight += zero;
  }
  w.weight_scale.assign(channels, 1);
  const auto k = static_cast<double>(taps);
  w.requant = sample_requant(
      random, s,
      {std::sqrt(k) * activation_deviation * weight_deviation * reach / 127 + 1, k * 255 * largest_weight, channels});
  const AcceleratorForm& form = s.accelerator;
  if (form.weight_bits == 0 && !w.requant.m.empty()) w.requant.m.front() *= -1;  // the accelerator scales by no such m
  if (form.weight_bits > 0 && w.weights.size() >= taps + 2) suit_accelerator(form, w, taps);
  LayerGraph graph = graph_of(std::move(w), {s.in}, ElementType::u8, s.out, s.out_type);
  if (form.weight_bits > 0 && !form.fill) graph.tensors.front().q.zero_point = 0;
  return graph;
}

LayerGraph average_pool(Random& random, const GroupShape& s) {
  AveragePool pool{s.window, false, {}};
  const double positions = s.window.kh * s.window.kw;
  pool.requant = sample_requant(random, s, {positions * 255, positions * 255, requant_elements(s.window)});
  for (int32_t& b : pool.requant.B) b = 1 << (pool.requant.shift - 1);
  return graph_of(std::move(pool), {s.in}, ElementType::u8, s.out, s.out_type);
}

LayerGraph elementwise(Random& random, const GroupShape& s) {
  const Dims row{1, 1, s.in.c};
  if (s.family == Family::multiply) {
    Multiply op{sample_requant(random, s, {activation_deviation * activation_deviation, 255 * 255, 1})};
    return graph_of(std::move(op), {s.in, row}, ElementType::u8, s.out, s.out_type);
  }
  Add op;
  op.requant.rounding = s.rounding;
  op.requant.shift = 20;
  op.requant.m = {pick(random, 300000, 500000), pick(random, 300000, 500000)};
  op.requant.B = {1 << 19};
  return graph_of(std::move(op), {s.in, row}, ElementType::u8, s.out, s.out_type);
}

std::vector<uint8_t> random_map(Random& random) {
  std::vector<uint8_t> map(256);
  for (uint8_t& v : map) v = static_cast<uint8_t>(pick(random, 0, 255));
  return map;
}

LayerGraph table(Random& random, const GroupShape& s) {
  Table t;
  std::copy_n(random_map(random).begin(), t.map.size(), t.map.begin());
  return graph_of(t, {s.in}, ElementType::u8, s.out, s.out_type);
}

LayerGraph curve(Random& random, const GroupShape& s) {
  Curve c;
  for (int i = 0; i <= curve_segments; ++i) c.points.push_back(pick(random, 0, 255) << curve_fraction_bits);
  return graph_of(std::move(c), {s.in}, ElementType::s16, s.out, s.out_type);
}

LayerGraph rearrange(Random& random, const GroupShape& s) {
  Rearrange op;
  Piece piece;
  piece.movement = s.movement;
  piece.fill = 77;
  if (s.mapped) piece.map = random_map(random);
  op.pieces.push_back(std::move(piece));
  return graph_of(std::move(op), {s.in}, ElementType::u8, s.out, s.out_type);
}

LayerGraph norm(Random& random, const GroupShape& s) {
  Norm op;
  op.channels = s.in.c;
  op.groups = s.heads;
  op.centred = s.centred;
  op.across = s.across;
  const int64_t count = int64_t{s.across ? s.in.w : 1} * s.in.c / s.heads;
  Quantisation q;
  if (s.in_type == ElementType::s16) q.lo = INT16_MIN, q.hi = INT16_MAX;
  if (s.in_type == ElementType::s32) q.hi = norm_input_reach(count), q.lo = -q.hi;
  if (s.in_type == ElementType::u8) q.zero_point = u8_middle;
  op.terms = norm_terms(count, s.centred, op.epsilon, q).value_or(NormTerms{});
  if (s.form == RequantForm::narrow) op.terms = narrow_norm_terms(op.terms, u8_deviation);
  op.requant = sample_requant(random, s,
                              {std::exp2(norm_fraction_bits(op.terms)), double(norm_reach(op.terms)), size_t(s.in.c)});
  return graph_of(std::move(op), {s.in}, s.in_type, s.out, s.out_type);
}

LayerGraph softmax(const GroupShape& s) {
  constexpr double scale = 0.05;
  Softmax op{s.in.c, softmax_table(scale, s.in_type == ElementType::s16), softmax_terms(1.0 / 255, 0).value(), {}};
  op.requant.shift = 1;
  return graph_of(std::move(op), {s.in}, s.in_type, s.out, s.out_type);
}

LayerGraph matmul(Random& random, const GroupShape& s) {
  MatMul op{s.in.h, s.in.w, s.heads, s.in.c / s.heads, s.out.c / s.heads, s.transposed, 1, {}};
  op.requant = sample_requant(
      random, s, {std::sqrt(op.depth) * activation_deviation * activation_deviation, op.depth * 255.0 * 255, 1});
  const Dims second = s.transposed ? Dims{s.in.h, op.columns, s.in.c} : Dims{s.in.h, op.depth, s.out.c};
  return graph_of(std::move(op), {s.in, second}, ElementType::u8, s.out, s.out_type);
}

/// Rates of 1 to 8, as trained models have them.
LayerGraph scan(Random& random, const GroupShape& s) {
  const int32_t third_row = std::max(s.third_row, s.third_offset + 2 * s.heads);  // as lower() reads it
  Scan op{s.in.w, s.in.c, s.heads, s.third_offset, true, {}, {}, {}, {}};
  for (int64_t i = 0; i < int64_t{s.in.c} * s.heads; ++i) op.rates.push_back(-static_cast<double>(pick(random, 1, 8)));
  Quantisation q;
  q.scale = 1.0 / u8_middle;
  q.zero_point = u8_middle;
  const auto constants =
      scan_constants({op.steps, op.channels, op.states, op.rates, op.skip, softplus}, q, q, q, q, q.scale);
  op.terms = constants.value().terms;
  op.requant = sample_requant(random, s, {std::exp2(26), std::exp2(30), 1});
  return graph_of(std::move(op), {s.in, s.in, {1, s.in.w, third_row}}, ElementType::u8, s.out, s.out_type);
}

std::vector<int16_t> random_coefficients(Random& random, size_t count) {
  std::vector<int16_t> values(count);
  for (int16_t& v : values) v = static_cast<int16_t>(pick(random, -32767, 32767));
  return values;
}

LayerGraph transform(Random& random, const GroupShape& s) {
  Transform op{s.in.c, s.out.c, 1.0 / INT16_MAX, random_coefficients(random, size_t(s.in.c) * size_t(s.out.c)), {}};
  const double typical = std::sqrt(s.in.c) * activation_deviation * INT16_MAX / 2;
  op.requant = sample_requant(random, s, {typical, s.in.c * 255.0 * INT16_MAX, size_t(s.out.c)});
  return graph_of(std::move(op), {s.in}, ElementType::u8, s.out, s.out_type);
}

LayerGraph rotary(Random& random, const GroupShape& s) {
  const int32_t depth = s.in.c / s.heads;
  Rotary op{s.in.w,
            s.heads,
            depth,
            s.transposed,
            1.0 / INT16_MAX,
            random_coefficients(random, size_t(s.in.w) * size_t(depth)),
            {}};
  op.requant = sample_requant(random, s, {activation_deviation * INT16_MAX, 2.0 * u8_middle * INT16_MAX, 1});
  return graph_of(std::move(op), {s.in}, ElementType::u8, s.out, s.out_type);
}

LayerGraph lookup(Random& random, const GroupShape& s) {
  Lookup op{s.heads, s.out.c, {}};
  for (int64_t i = 0; i < int64_t{s.heads} * s.out.c; ++i)
    op.table.push_back(static_cast<uint8_t>(pick(random, 0, 255)));
  return graph_of(std::move(op), {s.in}, s.in_type, s.out, s.out_type);
}

LayerGraph graph_of_shape(Random& random, const GroupShape& s) {
  switch (s.family) {
    case Family::conv:
    case Family::depthwise:
    case Family::linear:
      return weighted(random, s);
    case Family::max_pool:
      return graph_of(MaxPool{s.window}, {s.in}, ElementType::u8, s.out, s.out_type);
    case Family::average_pool:
      return average_pool(random, s);
    case Family::table:
      return table(random, s);
    case Family::curve:
      return curve(random, s);
    case Family::add:
    case Family::multiply:
      return elementwise(random, s);
    case Family::rearrange:
      return rearrange(random, s);
    case Family::norm:
      return norm(random, s);
    case Family::softmax:
      return softmax(s);
    case Family::matmul:
      return matmul(random, s);
    case Family::scan:
      return scan(random, s);
    case Family::transform:
      return transform(random, s);
    case Family::rotary:
      return rotary(random, s);
    case Family::lookup:
      return lookup(random, s);
  }
  return {};
}

std::vector<uint8_t> expected_output(const MeasuredLayer& m) {
  const Layer& layer = m.graph.dag[0];
  if (const auto* moved = std::get_if<Rearrange>(&layer.op)) {
    const Piece& piece = moved->pieces.at(static_cast<size_t>(m.group.piece));
    const Dims& out = m.graph.tensors[static_cast<size_t>(layer.output)].dims;
    const auto input = static_cast<size_t>(layer.inputs.at(static_cast<size_t>(piece.input)));
    std::vector<uint8_t> bytes(static_cast<size_t>(out.count()), unwritten);
    reference::move_piece(piece, seen_by(*moved, m.graph.tensors[input].dims), m.inputs.at(input), seen_by(*moved, out),
                          bytes);
    return bytes;
  }
  std::vector<TensorData> data(m.graph.tensors.size());
  for (size_t i = 0; i < m.graph.inputs.size(); ++i) {
    const auto id = static_cast<size_t>(m.graph.inputs[i].tensor);
    data[id] = from_stored_bytes(m.graph.tensors[id].type, m.inputs[i]);
  }
  run_layer(m.graph, 0, data);
  return stored_bytes(data[static_cast<size_t>(layer.output)]);
}

}  // namespace

MeasuredLayer measured_layer(LayerGraph graph, const Context& context, std::vector<std::vector<uint8_t>> inputs,
                             int piece) {
  MeasuredLayer m;
  m.group = make_groups(graph).at(static_cast<size_t>(piece));
  m.graph = std::move(graph);
  m.context = context;
  m.inputs = std::move(inputs);
  m.expected = expected_output(m);
  return m;
}

Result<MeasuredLayer> sample_layer(const GroupShape& shape, const Context& context, uint32_t seed) {
  Random random(seed);
  LayerGraph graph = graph_of_shape(random, shape);
  if (const auto groups = make_groups(graph); groups.size() != 1 || groups.front().shape != shape)
    return fail(fmt::format("no {} layer can be made up for this shape", name_of(shape.family)));
  std::vector<std::vector<uint8_t>> inputs;
  for (const NetworkInput& in : graph.inputs) {
    const Tensor& t = graph.tensors[static_cast<size_t>(in.tensor)];
    std::vector<uint8_t>& bytes = inputs.emplace_back(static_cast<size_t>(t.dims.count() * element_bytes(t.type)));
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(pick(random, 0, 255));
  }
  return measured_layer(std::move(graph), context, std::move(inputs));
}

}  // namespace ares::gvsoc
