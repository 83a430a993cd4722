#include "tests/support/synthetic_rows.hpp"

#include <cmath>
#include <stdexcept>

#include "core/arithmetic/rotary.hpp"
#include "core/arithmetic/transform.hpp"
#include "core/passes/pass.hpp"
#include "core/reference/engine.hpp"

namespace ares::test {
namespace {

double real(Random& random, double lo, double hi) { return std::uniform_real_distribution<double>(lo, hi)(random); }

Tensor tensor(Random& random, const char* name, Dims dims, bool wide) {
  Tensor t;
  t.name = name;
  t.dims = dims;
  t.q.scale = std::exp2(real(random, -7, -4));
  t.q.zero_point = pick(random, 0, 1) == 0 ? 128 : pick(random, 0, 255);
  if (wide) {
    t.type = ElementType::s16;
    t.q.scale /= 256;
    t.q.zero_point = 0;
    t.q.lo = -32768;
    t.q.hi = 32767;
  }
  t.view.shape = {1, dims.c, dims.h, dims.w};
  return t;
}

/// What a norm or a sum reads, or a sum writes, in 32 bits.
Tensor fine_tensor(Random& random, const char* name, Dims dims) {
  Tensor t = tensor(random, name, dims, true);
  t.type = ElementType::s32;
  t.q.scale /= 16;
  t.q.lo = -(1 << 19);
  t.q.hi = 1 << 19;
  return t;
}

/// One layer whose inputs are all tensors but the last, with its constants.
LayerGraph network_of(Random& random, Operation op, std::vector<Tensor> tensors) {
  NetworkState state;
  state.notice = [](const std::string&) {};
  LayerGraph& g = state.layers;
  g.name = "synthetic";
  g.policy = pick(random, 0, 1) == 0 ? RequantPolicy::fast : RequantPolicy::exact;
  g.tensors = std::move(tensors);
  Layer layer{"layer", "layer", std::move(op), {}, static_cast<TensorId>(g.tensors.size()) - 1};
  for (TensorId t = 0; t < layer.output; ++t) {
    layer.inputs.push_back(t);
    g.inputs.push_back({g.tensors[static_cast<size_t>(t)].name, t, g.tensors[static_cast<size_t>(t)].view});
  }
  g.outputs.push_back({"out", layer.output, g.tensors.back().view});
  boost::add_vertex(std::move(layer), g.dag);
  if (const auto done = requantise(state); !done) throw std::logic_error(done.error().what);
  if (const auto valid = validate(g); !valid) throw std::logic_error(valid.error().what);
  return g;
}

LayerGraph random_norm(Random& random) {
  Norm op;
  op.centred = pick(random, 0, 2) > 0;
  op.across = pick(random, 0, 2) == 0;
  op.groups = op.across ? pick(random, 1, 4) : 1;
  op.channels = op.groups * pick(random, 1, 40);
  for (int32_t c = 0; c < op.channels; ++c) {
    op.gain.push_back(real(random, -2, 2));
    op.bias.push_back(real(random, -1, 1));
  }
  const Dims dims{pick(random, 1, 3), pick(random, 1, 9), op.channels};
  const int32_t width = pick(random, 0, 2);
  Tensor in = width == 2 ? fine_tensor(random, "in", dims) : tensor(random, "in", dims, width == 1);
  return network_of(random, op, {std::move(in), tensor(random, "out", dims, pick(random, 0, 2) == 0)});
}

LayerGraph random_softmax(Random& random) {
  Softmax op;
  op.columns = pick(random, 1, 70);
  const Dims dims{1, pick(random, 1, 12), op.columns * pick(random, 1, 3)};
  Tensor out = tensor(random, "out", dims, false);
  out.q.scale = 1.0 / 255;
  out.q.zero_point = 0;
  return network_of(random, op, {tensor(random, "in", dims, pick(random, 0, 1) == 1), out});
}

LayerGraph random_matmul(Random& random) {
  MatMul op;
  op.batch = pick(random, 1, 3);
  op.rows = pick(random, 1, 12);
  op.heads = pick(random, 1, 4);
  op.depth = pick(random, 1, 40);
  op.columns = pick(random, 1, 40);
  op.transposed = pick(random, 0, 1) == 1;
  op.factor = real(random, 0.1, 1);
  const Dims a{op.batch, op.rows, op.heads * op.depth}, y{op.batch, op.rows, op.heads * op.columns};
  const Dims b = op.transposed ? Dims{op.batch, op.columns, a.c} : Dims{op.batch, op.depth, y.c};
  Tensor out = tensor(random, "out", y, pick(random, 0, 2) == 0);
  out.q.scale *= 4;
  return network_of(random, op, {tensor(random, "a", a, false), tensor(random, "b", b, false), out});
}

/// Rates and steps as trained models have them; B and C lie somewhere in wider rows.
LayerGraph random_scan(Random& random) {
  Scan op;
  op.steps = pick(random, 1, 24);
  op.channels = pick(random, 1, 40);
  op.states = pick(random, 1, 9);
  op.offset = pick(random, 0, 7);
  op.softplus = pick(random, 0, 3) > 0;
  for (int32_t i = 0; i < op.channels * op.states; ++i) op.rates.push_back(-real(random, 0.3, 16));
  for (int32_t i = 0; i < op.channels; ++i) op.skip.push_back(real(random, -2, 2));
  const Dims dims{1, op.steps, op.channels}, third{1, op.steps, op.offset + 2 * op.states + pick(random, 0, 5)};
  Tensor delta = tensor(random, "delta", dims, false), out = tensor(random, "out", dims, false);
  out.q.scale *= 4;
  return network_of(random, op, {tensor(random, "x", dims, false), delta, tensor(random, "bc", third, false), out});
}

/// A transform of an odd or even number of columns, its coefficients made of a random matrix.
LayerGraph random_transform(Random& random) {
  Transform op;
  op.columns = pick(random, 1, 50);
  op.outputs = pick(random, 1, 30);
  std::vector<double> matrix;
  for (int32_t i = 0; i < op.columns * op.outputs; ++i) matrix.push_back(real(random, -2, 2));
  Coefficients c = make_coefficients(matrix, static_cast<std::size_t>(op.outputs));
  op.scale = c.scale;
  op.coefficients = std::move(c.values);
  const int32_t rows = pick(random, 1, 20);
  Tensor out = tensor(random, "out", {1, rows, op.outputs}, false);
  out.q.scale *= 8;
  return network_of(random, op, {tensor(random, "in", {1, rows, op.columns}, false), out});
}

LayerGraph random_rotary(Random& random) {
  Rotary op;
  op.rows = pick(random, 1, 20);
  op.heads = pick(random, 1, 5);
  op.depth = 2 * pick(random, 1, 12);
  op.interleaved = pick(random, 0, 1) == 1;
  std::vector<double> cosines, sines;
  for (int32_t i = 0; i < op.rows * op.depth / 2; ++i) {
    const double angle = real(random, -4, 4);
    cosines.push_back(std::cos(angle));
    sines.push_back(std::sin(angle));
  }
  RotaryFactors f = rotary_factors(cosines, sines);
  op.scale = f.scale;
  op.factors = std::move(f.values);
  const Dims dims{1, op.rows, op.heads * op.depth};
  return network_of(random, op, {tensor(random, "in", dims, false), tensor(random, "out", dims, false)});
}

/// Of up to 256 rows by bytes, of more by 16 bits.
LayerGraph random_lookup(Random& random) {
  Lookup op;
  const bool wide = pick(random, 0, 1) == 1;
  op.rows = wide ? pick(random, 257, 900) : pick(random, 1, 256);
  op.columns = pick(random, 1, 30);
  for (int32_t i = 0; i < op.rows * op.columns; ++i) op.table.push_back(static_cast<uint8_t>(pick(random, 0, 255)));
  const int32_t count = pick(random, 1, 40);
  Tensor numbers = tensor(random, "numbers", {1, count, 1}, wide);
  numbers.q = {1, 0, 0, op.rows - 1, false, wide ? 16 : 8};
  return network_of(random, op, {numbers, tensor(random, "out", {1, count, op.columns}, false)});
}

/// A sum of which at least one tensor is of 16 bits, or of bytes to 32 bits, or of 32 and 16 to 32; the second input is
/// one row now and then.
LayerGraph random_sum(Random& random) {
  Add op;
  op.subtract = pick(random, 0, 1) == 0;
  const Dims dims{pick(random, 1, 9), pick(random, 1, 9), pick(random, 1, 30)};
  const bool row = pick(random, 0, 1) == 0;
  const int32_t wide = pick(random, 0, 7);
  if (pick(random, 0, 3) == 0)
    return network_of(
        random, op,
        {fine_tensor(random, "a", dims), tensor(random, "b", dims, true), fine_tensor(random, "out", dims)});
  return network_of(
      random, op,
      {tensor(random, "a", dims, wide & 1), tensor(random, "b", row ? Dims{1, 1, dims.c} : dims, wide & 2),
       wide == 0 ? fine_tensor(random, "out", dims) : tensor(random, "out", dims, wide & 4)});
}

/// A mean of 16-bit elements.
LayerGraph random_wide_pool(Random& random) {
  AveragePool op;
  const Dims dims{pick(random, 1, 9), pick(random, 1, 12), pick(random, 1, 30)};
  Window& w = op.window;
  w.kh = static_cast<int16_t>(pick(random, 1, dims.h));
  w.kw = static_cast<int16_t>(pick(random, 1, dims.w));
  w.sh = static_cast<int16_t>(pick(random, 1, 3));
  w.sw = static_cast<int16_t>(pick(random, 1, 3));
  const Dims out{(dims.h - w.kh) / w.sh + 1, (dims.w - w.kw) / w.sw + 1, dims.c};
  return network_of(random, op, {tensor(random, "in", dims, true), tensor(random, "out", out, false)});
}

}  // namespace

LayerGraph random_rows(Random& random, Family family) {
  if (family == Family::add) return random_sum(random);
  if (family == Family::average_pool) return random_wide_pool(random);
  if (family == Family::norm) return random_norm(random);
  if (family == Family::scan) return random_scan(random);
  if (family == Family::transform) return random_transform(random);
  if (family == Family::rotary) return random_rotary(random);
  if (family == Family::lookup) return random_lookup(random);
  return family == Family::softmax ? random_softmax(random) : random_matmul(random);
}

std::vector<uint8_t> straight_rows(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs) {
  std::vector<TensorData> data;
  for (std::size_t i = 0; i < inputs.size(); ++i) data.push_back(from_stored_bytes(network.tensors[i].type, inputs[i]));
  return stored_bytes(run(network, data).back());
}

}  // namespace ares::test
