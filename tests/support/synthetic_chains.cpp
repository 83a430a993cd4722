#include "tests/support/synthetic_chains.hpp"

#include <cmath>
#include <stdexcept>

#include "core/arithmetic/add.hpp"
#include "core/arithmetic/average_terms.hpp"
#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/group/fusion.hpp"
#include "core/passes/pass.hpp"
#include "core/reference/engine.hpp"

namespace ares::test {
namespace {

RequantPolicy random_policy(Random& random) {
  return pick(random, 0, 1) == 0 ? RequantPolicy::fast : RequantPolicy::exact;
}

Quantisation activation(Random& random, double scale) {
  Quantisation q;
  q.scale = scale * std::exp2(pick(random, -1, 1));
  q.zero_point = pick(random, 0, 1) == 0 ? 0 : pick(random, 0, 255);
  return q;
}

/// A layer that reads the chain's last tensor.
class Chain {
 public:
  explicit Chain(LayerGraph network) : g_(std::move(network)) { g_.outputs.clear(); }

  const Tensor& last() const { return tensor(g_.dag[g_.dag.vertex_set().back()].output); }

  void append(Operation op, const Dims& dims, const Quantisation& q, std::vector<TensorId> inputs) {
    const LayerId before = g_.dag.vertex_set().back();
    Tensor out = last();
    out.name = "out" + std::to_string(g_.tensors.size());
    out.type = ElementType::u8;
    out.dims = dims;
    out.q = q;
    out.view.shape = {1, dims.c, dims.h, dims.w};
    g_.tensors.push_back(out);
    const std::string name = "layer" + std::to_string(g_.tensors.size());
    const LayerId layer = boost::add_vertex(
        Layer{name, name, std::move(op), std::move(inputs), static_cast<TensorId>(g_.tensors.size() - 1)}, g_.dag);
    boost::add_edge(before, layer, Flow{g_.dag[before].output}, g_.dag);
  }

  TensorId end() const { return g_.dag[g_.dag.vertex_set().back()].output; }

  void table(Random& random) {
    Table t;
    for (uint8_t& v : t.map) v = static_cast<uint8_t>(pick(random, 0, 255));
    append(t, last().dims, activation(random, last().q.scale), {end()});
  }

  void add(Random& random) {
    const TensorId from = end();
    Tensor second = last();
    second.name = "second";
    second.type = ElementType::u8;
    second.q = activation(random, last().q.scale);
    const auto other = static_cast<TensorId>(g_.tensors.size());
    g_.tensors.push_back(second);
    g_.inputs.push_back({"second", other, {}});
    const bool first = pick(random, 0, 1) == 0;
    const std::vector<TensorId> inputs = first ? std::vector{from, other} : std::vector{other, from};
    const Quantisation out = activation(random, last().q.scale);
    const auto operand = [&](TensorId t) -> AddTerm {
      const Quantisation& q = tensor(t).q;
      return {q.scale / out.scale, q.zero_point, q.lo, q.hi};
    };
    Add sum;
    sum.requant =
        make_add_requant(operand(inputs[0]), operand(inputs[1]), out.zero_point, out.lo, out.hi, random_policy(random))
            .value();
    append(sum, last().dims, out, inputs);
  }

  Window pool_window(Random& random) const {
    Window w;
    const Dims& in = last().dims;
    w.kh = static_cast<int16_t>(pick(random, 1, std::min(3, in.h)));
    w.kw = static_cast<int16_t>(pick(random, 1, std::min(3, in.w)));
    w.sh = static_cast<int16_t>(pick(random, 1, 3));
    w.sw = static_cast<int16_t>(pick(random, 1, 3));
    if (pick(random, 0, 3) == 0) w.kh = static_cast<int16_t>(in.h), w.kw = static_cast<int16_t>(in.w);
    return w;
  }

  void pool(Random& random) {
    const Window w = pool_window(random);
    const Dims in = last().dims, dims{(in.h - w.kh) / w.sh + 1, (in.w - w.kw) / w.sw + 1, in.c};
    if (last().type == ElementType::u8 && pick(random, 0, 1) == 0) return append(MaxPool{w}, dims, last().q, {end()});
    AveragePool pool;
    pool.window = w;
    const Quantisation q = last().q, out = activation(random, q.scale);
    pool.requant = make_requant(average_terms(pool, q, out.scale),
                                {q.zero_point, out.zero_point, out.lo, out.hi, random_policy(random), false})
                       .value();
    append(pool, dims, out, {end()});
  }

  /// Pointwise, or linear.
  void weighted(Random& random, bool linear) {
    const Tensor in = last();
    const auto channels = static_cast<size_t>(pick(random, 1, 40));
    Weighted w;
    w.linear = linear;
    w.weights.resize(channels * static_cast<size_t>(in.dims.c));
    for (int8_t& v : w.weights) v = static_cast<int8_t>(pick(random, -127, 127));
    w.weight_scale.assign(channels, 1.0 / 128);
    w.bias.assign(channels, in.q.scale);
    if (pick(random, 0, 3) == 0)
      for (size_t c = 0; c < channels; ++c) w.weight_zero.push_back(pick(random, -60, 60));
    const Quantisation out = activation(random, in.q.scale * std::sqrt(static_cast<double>(in.dims.c)));
    const WeightTerms terms{w.weights, w.weight_zero, w.weight_scale, w.bias};
    w.requant = make_requant(channel_terms(terms, in.q, false, out.scale).value(),
                             {in.q.zero_point, out.zero_point, out.lo, out.hi, random_policy(random), false})
                    .value();
    append(w, {in.dims.h, in.dims.w, static_cast<int32_t>(channels)}, out, {end()});
  }

  LayerGraph finish() {
    g_.outputs = {{"out", end(), {}}};
    return std::move(g_);
  }

 private:
  const Tensor& tensor(TensorId id) const { return g_.tensors[static_cast<size_t>(id)]; }

  LayerGraph g_;
};

bool is_linear(const LayerGraph& g) {
  const auto* w = std::get_if<Weighted>(&g.dag[0].op);
  return w && w->linear;
}

void append_random(Random& random, Chain& chain, bool linear) {
  switch (pick(random, 0, linear ? 3 : 5)) {
    case 0:
      return chain.table(random);
    case 1:
      return chain.add(random);
    case 2:
    case 3:
      return chain.weighted(random, linear);
    default:
      return chain.pool(random);
  }
}

Tensor bytes_of(Random& random, const char* name, const Dims& dims, double scale) {
  Tensor t;
  t.name = name;
  t.dims = dims;
  t.q.scale = scale;
  t.q.zero_point = pick(random, 0, 2) > 0 ? 128 : pick(random, 0, 255);
  t.view.shape = {1, dims.c, dims.h, dims.w};
  return t;
}

/// Scores, their softmax, and mostly the context of that.
LayerGraph random_attention(Random& random) {
  const int32_t batch = pick(random, 1, 3), queries = pick(random, 1, 20), heads = pick(random, 1, 4);
  const int32_t keys = pick(random, 1, 40), depth = pick(random, 1, 24), values = pick(random, 1, 24);
  const MatMul first{batch, queries, heads, depth, keys, pick(random, 0, 3) > 0, 1 / std::sqrt(double(depth)), {}};
  const Dims of_keys = first.transposed ? Dims{batch, keys, heads * depth} : Dims{batch, depth, heads * keys};
  const Dims score{batch, queries, heads * keys};
  NetworkState state;
  state.notice = [](const std::string&) {};
  LayerGraph& g = state.layers;
  g.policy = random_policy(random);
  g.tensors = {bytes_of(random, "q", {batch, queries, heads * depth}, 0.03),
               bytes_of(random, "k", of_keys, 0.03),
               bytes_of(random, "scores", score, 0.05),
               bytes_of(random, "shares", score, 1.0 / 255),
               bytes_of(random, "v", {batch, keys, heads * values}, 0.03),
               bytes_of(random, "context", {batch, queries, heads * values}, 0.01)};
  g.tensors[3].q.zero_point = pick(random, 0, 3) == 0 ? 20 : 0;
  const std::vector<Layer> layers{
      {"scores", "scores", first, {0, 1}, 2},
      {"shares", "shares", Softmax{keys, {}, {}, {}}, {2}, 3},
      {"context", "context", MatMul{batch, queries, heads, keys, values, false, 1, {}}, {3, 4}, 5}};
  const std::size_t count = pick(random, 0, 3) > 0 ? 3 : 2;
  for (std::size_t i = 0; i < count; ++i) {
    boost::add_vertex(layers[i], g.dag);
    if (i > 0) boost::add_edge(i - 1, i, Flow{layers[i - 1].output}, g.dag);
  }
  g.inputs = {{"q", 0, g.tensors[0].view}, {"k", 1, g.tensors[1].view}};
  if (count == 3) g.inputs.push_back({"v", 4, g.tensors[4].view});
  g.tensors.resize(count == 3 ? 6 : 4);
  g.outputs = {{"out", layers[count - 1].output, {}}};
  if (const auto done = requantise(state); !done) throw std::logic_error(done.error().what);
  return g;
}

}  // namespace

LayerGraph random_chain(Random& random) {
  if (pick(random, 0, 7) == 0) return random_attention(random);
  constexpr Family families[] = {Family::conv,     Family::conv,         Family::depthwise, Family::linear,
                                 Family::max_pool, Family::average_pool, Family::add,       Family::table};
  for (;;) {
    const bool accelerated = pick(random, 0, 2) == 0;
    LayerGraph first = accelerated ? accelerated_network(random)
                                   : random_network(random, families[pick(random, 0, std::size(families) - 1)]);
    const bool linear = is_linear(first);
    Chain chain(std::move(first));
    const int tails = pick(random, 1, 2);
    for (int i = 0; i < tails; ++i) append_random(random, chain, linear);
    LayerGraph whole = chain.finish();
    const std::vector<Group> groups = make_groups(whole);
    Partition all;
    for (int i = 1; i <= tails; ++i) all.push_back(i);
    if (fuse(whole, groups, all)) return whole;
  }
}

std::vector<uint8_t> reference_output(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs) {
  std::vector<TensorData> data;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& t = network.tensors[static_cast<size_t>(network.inputs[i].tensor)];
    data.push_back(from_stored_bytes(t.type, inputs[i]));
  }
  return stored_bytes(run(network, data)[static_cast<size_t>(network.outputs.front().tensor)]);
}

}  // namespace ares::test
