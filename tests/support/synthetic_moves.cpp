#include "tests/support/synthetic_moves.hpp"

#include <cmath>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/curve.hpp"
#include "core/arithmetic/make_requant.hpp"

namespace ares::test {
namespace {

Quantisation activation(Random& random) {
  Quantisation q;
  q.scale = std::exp2(pick(random, -8, -4)) * (pick(random, 0, 1) == 0 ? 1.0 : 1.0 + 0.01 * pick(random, 1, 99));
  q.zero_point = pick(random, 0, 1) == 0 ? 128 : pick(random, 0, 255);
  return q;
}

Tensor tensor(std::string name, Dims dims, const Quantisation& q) {
  Tensor t;
  t.name = std::move(name);
  t.dims = dims;
  t.q = q;
  t.view.shape = {1, dims.c, dims.h, dims.w};
  return t;
}

Dims random_dims(Random& random, int32_t most) {
  return {pick(random, 1, most), pick(random, 1, most), pick(random, 1, 2 * most)};
}

/// One layer whose inputs are all tensors but the last.
LayerGraph network_of(Operation op, std::vector<Tensor> tensors) {
  LayerGraph g;
  g.name = "synthetic";
  g.tensors = std::move(tensors);
  Layer layer{"layer", "layer", std::move(op), {}, static_cast<TensorId>(g.tensors.size()) - 1};
  for (TensorId t = 0; t < layer.output; ++t) {
    layer.inputs.push_back(t);
    g.inputs.push_back({g.tensors[static_cast<size_t>(t)].name, t, g.tensors[static_cast<size_t>(t)].view});
  }
  g.outputs.push_back({"out", layer.output, g.tensors.back().view});
  boost::add_vertex(std::move(layer), g.dag);
  return g;
}

Piece whole(const Dims& in) {
  Piece p;
  p.movement.axes[0].count = in.h;
  p.movement.axes[1].count = in.w;
  p.movement.axes[2].count = in.c;
  return p;
}

std::vector<uint8_t> random_map(Random& random) {
  std::vector<uint8_t> map;
  if (pick(random, 0, 1) == 0) return map;
  for (int i = 0; i < 256; ++i) map.push_back(static_cast<uint8_t>(pick(random, 0, 255)));
  return map;
}

LayerGraph concat(Random& random) {
  const auto axis = static_cast<size_t>(pick(random, 0, 2));
  const Dims common = random_dims(random, 9);
  std::vector<Tensor> tensors;
  Rearrange op;
  int32_t at = 0;
  Dims out = common;
  for (int i = 0; i < pick(random, 2, 3); ++i) {
    Dims in = common;
    (axis == 0 ? in.h : axis == 1 ? in.w : in.c) = pick(random, 1, 9);
    tensors.push_back(tensor("in" + std::to_string(i), in, activation(random)));
    Piece p = whole(in);
    p.input = i;
    p.movement.axes[axis].to = at;
    p.map = random_map(random);
    at += p.movement.axes[axis].count;
    op.pieces.push_back(std::move(p));
  }
  (axis == 0 ? out.h : axis == 1 ? out.w : out.c) = at;
  tensors.push_back(tensor("out", out, activation(random)));
  return network_of(std::move(op), std::move(tensors));
}

/// A single piece: strided slice with repetition, padding around it, one axis backwards, or a permutation of the axes.
LayerGraph single(Random& random) {
  const Dims in = random_dims(random, 12);
  Rearrange op{{whole(in)}};
  Piece& p = op.pieces.front();
  const std::array<int32_t, 3> from{in.h, in.w, in.c};
  const int permutation = pick(random, 0, 3);
  if (permutation == 1) p.movement.source = {1, 0, 2};
  if (permutation == 2) p.movement.source = {2, 0, 1};
  if (permutation == 3) p.movement.source = {0, 2, 1};
  std::array<int32_t, 3> to{};
  for (size_t a = 0; a < 3; ++a) {
    MovedAxis& axis = p.movement.axes[a];
    const size_t source = p.movement.source[a];
    axis.step = static_cast<int16_t>(pick(random, 1, 3));
    axis.repeat = static_cast<int16_t>(pick(random, 1, 3));
    axis.first = source == 2 ? pick(random, 0, from[source] - 1) : pick(random, -3, from[source] - 1);
    const int32_t room = (from[source] - 1 - axis.first) / axis.step + 1;
    axis.count = pick(random, 1, source == 2 ? room : room + 2);
    to[a] = axis.count * axis.repeat;
  }
  MovedAxis& turned = p.movement.axes[static_cast<size_t>(pick(random, 0, 2))];
  const int32_t last = turned.first + (turned.count - 1) * turned.step;
  const bool inside =
      turned.first >= 0 && last < from[p.movement.source[static_cast<size_t>(&turned - p.movement.axes.data())]];
  if (inside && pick(random, 0, 1) == 0) turned.first = last, turned.step = static_cast<int16_t>(-turned.step);
  p.fill = static_cast<uint8_t>(pick(random, 0, 255));
  p.map = random_map(random);
  const Quantisation q = activation(random);
  return network_of(std::move(op), {tensor("in", in, q), tensor("out", {to[0], to[1], to[2]}, q)});
}

/// Channels appended that lie wholly outside of the input.
LayerGraph channel_padding(Random& random) {
  const Dims in = random_dims(random, 9);
  const int32_t before = pick(random, 1, 5), after = pick(random, 1, 5);
  Rearrange op{{whole(in), whole(in), whole(in)}};
  const std::array<MovedAxis, 3> channels{MovedAxis{in.c, before, 0, 1, 1}, MovedAxis{0, in.c, before, 1, 1},
                                          MovedAxis{in.c, after, before + in.c, 1, 1}};
  for (size_t i = 0; i < 3; ++i) {
    op.pieces[i].movement.axes[2] = channels[i];
    op.pieces[i].fill = 77;
  }
  const Quantisation q = activation(random);
  return network_of(std::move(op), {tensor("in", in, q), tensor("out", {in.h, in.w, before + in.c + after}, q)});
}

uint8_t moved(const LayerGraph& network, const Rearrange& op, std::span<const std::vector<uint8_t>> inputs,
              const std::array<int32_t, 3>& at) {
  for (const Piece& p : op.pieces) {
    std::array<int32_t, 3> from{};
    bool mine = true;
    for (size_t a = 0; a < 3; ++a) {
      const MovedAxis& axis = p.movement.axes[a];
      const int32_t unit = (at[a] - axis.to) / axis.repeat;
      mine = mine && at[a] >= axis.to && unit < axis.count;
      from[p.movement.source[a]] = axis.first + unit * axis.step;
    }
    if (!mine) continue;
    const Dims& in = network.tensors[static_cast<size_t>(p.input)].dims;
    const bool inside =
        from[0] >= 0 && from[0] < in.h && from[1] >= 0 && from[1] < in.w && from[2] >= 0 && from[2] < in.c;
    const auto index = static_cast<size_t>((from[0] * in.w + from[1]) * in.c + from[2]);
    const uint8_t v = inside ? inputs[static_cast<size_t>(p.input)][index] : p.fill;
    return p.map.empty() ? v : p.map[v];
  }
  throw std::logic_error("no piece covers this element");
}

}  // namespace

LayerGraph random_elementwise(Random& random, Family family) {
  const Dims dims = random_dims(random, 14);
  const bool row = pick(random, 0, 1) == 0;
  const Tensor a = tensor("a", dims, activation(random));
  const Tensor b = tensor("b", row ? Dims{1, 1, dims.c} : dims, activation(random));
  Tensor out = tensor("out", dims, activation(random));
  const RequantPolicy policy = pick(random, 0, 1) == 0 ? RequantPolicy::fast : RequantPolicy::exact;
  if (family == Family::add) {
    Add add;
    add.subtract = pick(random, 0, 1) == 0;
    const double sign = add.subtract ? -1 : 1;
    add.requant = make_add_requant({a.q.scale / out.q.scale, a.q.zero_point, a.q.lo, a.q.hi},
                                   {sign * b.q.scale / out.q.scale, b.q.zero_point, b.q.lo, b.q.hi}, out.q.zero_point,
                                   out.q.lo, out.q.hi, policy)
                      .value();
    return network_of(add, {a, b, out});
  }
  Multiply multiply;
  out.q.scale = a.q.scale * b.q.scale * pick(random, 1, 100);
  ChannelTerms t;
  t.multiplier = a.q.scale * b.q.scale / out.q.scale;
  t.acc_min = -255 * 255;
  t.acc_max = 255 * 255;
  multiply.requant = make_requant(std::array{t}, {0, out.q.zero_point, 0, 255, policy, false}).value();
  return network_of(multiply, {a, b, out});
}

LayerGraph random_rearrange(Random& random) {
  switch (pick(random, 0, 4)) {
    case 0:
      return channel_padding(random);
    case 1:
      return concat(random);
    default:
      return single(random);
  }
}

LayerGraph random_curve(Random& random) {
  const Dims dims = random_dims(random, 12);
  const Quantisation out = activation(random);
  const double gain = out.scale * pick(random, 1, 200);
  const auto wave = [&](double x) { return gain * std::sin(x); };
  Tensor in = tensor("in", dims, {3.0 / 32767, 0, 0, 255, true, 16});
  in.type = ElementType::s16;
  const int lo = pick(random, 0, 60);
  return network_of(Curve{*curve_points(wave, in.q.scale, -1, 1, out), lo, 250}, {in, tensor("out", dims, out)});
}

std::vector<uint8_t> straight_moves(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs) {
  const Operation& op = network.dag[0].op;
  const Dims& out = network.tensors.back().dims;
  std::vector<uint8_t> bytes;
  for (int32_t y = 0; y < out.h; ++y)
    for (int32_t x = 0; x < out.w; ++x)
      for (int32_t c = 0; c < out.c; ++c) {
        if (const auto* r = std::get_if<Rearrange>(&op)) {
          bytes.push_back(moved(network, *r, inputs, {y, x, c}));
          continue;
        }
        const size_t at = bytes.size();
        if (const auto* curve = std::get_if<Curve>(&op)) {
          const auto element = static_cast<int16_t>(inputs[0][2 * at] | inputs[0][2 * at + 1] << 8);
          bytes.push_back(static_cast<uint8_t>(curve_value(curve->points, element, curve->lo, curve->hi)));
          continue;
        }
        const int32_t a = inputs[0][at], b = inputs[1][inputs[1].size() == inputs[0].size() ? at : size_t(c)];
        if (const auto* add = std::get_if<Add>(&op)) {
          bytes.push_back(static_cast<uint8_t>(requantised_sum(add->requant, a, b)));
        } else {
          const int32_t product = (a - network.tensors[0].q.zero_point) * (b - network.tensors[1].q.zero_point);
          bytes.push_back(static_cast<uint8_t>(requantise(std::get<Multiply>(op).requant, 0, product)));
        }
      }
  return bytes;
}

}  // namespace ares::test
