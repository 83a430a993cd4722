#include "tests/support/synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/arithmetic/average_terms.hpp"
#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"
#include "tests/support/synthetic_moves.hpp"
#include "tests/support/synthetic_rows.hpp"

namespace ares::test {
namespace {

double real(Random& random, double lo, double hi) { return std::uniform_real_distribution<double>(lo, hi)(random); }

Quantisation random_quantisation(Random& random) {
  Quantisation q;
  q.scale = std::exp2(real(random, -9, -3));
  q.is_signed = pick(random, 0, 1) == 1;
  q.zero_point = q.is_signed ? 128 : pick(random, 0, 3) == 0 ? pick(random, 0, 255) : 0;
  if (pick(random, 0, 3) == 0) {
    q.lo = pick(random, 0, 100);
    q.hi = pick(random, q.lo + 20, 255);
  }
  return q;
}

/// Requantisation with an output scale that uses the output's range for typical accumulators.
void set_requant(Random& random, Weighted& w, const Tensor& in, Tensor& out, bool raw) {
  const size_t taps = w.weights.size() / w.weight_scale.size();
  const bool padded = w.window.pt + w.window.pl + w.window.pb + w.window.pr > 0;
  const WeightTerms terms{w.weights, w.weight_zero, w.weight_scale, w.bias};
  if (raw) {
    out.type = ElementType::s32;
    w.requant = make_raw_requant(raw_channel_terms(terms, in.q, padded).value(), in.q.zero_point).value();
    return;
  }
  if (pick(random, 0, 5) == 0) {
    out.type = ElementType::s16;
    out.q.zero_point = 0;
    out.q.lo = pick(random, -32768, -1);
    out.q.hi = pick(random, 100, 32767);
  }
  const double spread = 60 * 60 * std::sqrt(static_cast<double>(taps)) * in.q.scale * w.weight_scale.front();
  out.q.scale = spread / (out.type == ElementType::s16 ? 10000 : 60) * real(random, 0.5, 2);
  const RequantPolicy policy = pick(random, 0, 1) == 0 ? RequantPolicy::fast : RequantPolicy::exact;
  const RequantSpec spec{in.q.zero_point, out.q.zero_point, out.q.lo, out.q.hi, policy, false};
  w.requant = make_requant(channel_terms(terms, in.q, padded, out.q.scale).value(), spec).value();
}

LayerGraph one_layer(Operation op, Dims in, const Quantisation& q, Dims out_dims, Quantisation out_q) {
  LayerGraph g;
  g.name = "synthetic";
  Tensor input, output;
  input.name = "in";
  input.dims = in;
  input.q = q;
  input.view.shape = {1, in.c, in.h, in.w};
  output.name = "out";
  output.dims = out_dims;
  output.q = out_q;
  output.view.shape = {1, out_dims.c, out_dims.h, out_dims.w};
  g.tensors = {input, output};
  boost::add_vertex(Layer{"layer", "layer", std::move(op), {0}, 1}, g.dag);
  g.inputs = {{"in", 0, {}}};
  g.outputs = {{"out", 1, {}}};
  return g;
}

/// Weights around a zero point per tensor or per channel: half of the time narrow ones whose distance to it fits 8
/// bits.
void make_asymmetric(Random& random, Weighted& w, size_t channels) {
  const bool narrow = pick(random, 0, 1) == 0;
  const int32_t reach = narrow ? 60 : 128, common = pick(random, -reach, reach - 1);
  const bool per_channel = pick(random, 0, 1) == 0;
  for (size_t c = 0; c < channels; ++c) w.weight_zero.push_back(per_channel ? pick(random, -reach, reach - 1) : common);
  for (int8_t& v : w.weights) v = static_cast<int8_t>(pick(random, -reach, reach - 1));
}

LayerGraph weighted_network(Random& random, Weighted w, Dims in, Dims out, bool raw, bool asymmetric = false,
                            int bits = 8) {
  const auto channels = static_cast<size_t>(out.c);
  w.weights.resize(channels * static_cast<size_t>(w.window.kh * w.window.kw * in.c / w.groups));
  for (int8_t& v : w.weights) v = static_cast<int8_t>(pick(random, -127, 127) >> (8 - bits));
  if (asymmetric) make_asymmetric(random, w, channels);
  const double scale = std::exp2(real(random, -9, -5));
  for (size_t c = 0; c < channels; ++c) {
    w.weight_scale.push_back(scale * real(random, 0.5, 1));
    w.bias.push_back(real(random, -1, 1));
  }
  LayerGraph g = one_layer(w, in, random_quantisation(random), out, random_quantisation(random));
  Layer& layer = g.dag[0];
  set_requant(random, std::get<Weighted>(layer.op), g.tensors[0], g.tensors[1], raw);
  return g;
}

int32_t outputs_along(int32_t in, int before, int after, int kernel, int stride, int dilation) {
  return (in + before + after - ((kernel - 1) * dilation + 1)) / stride + 1;
}

Window random_window(Random& random, Dims in, bool dilate) {
  Window w;
  const auto small = [&](int lo, int hi) { return static_cast<int16_t>(pick(random, lo, hi)); };
  w.kh = small(1, std::min(5, in.h));
  w.kw = small(1, std::min(5, in.w));
  w.sh = small(1, 3);
  w.sw = small(1, 3);
  if (dilate && pick(random, 0, 4) == 0) {
    w.dh = in.h >= 2 * w.kh ? 2 : 1;
    w.dw = in.w >= 2 * w.kw ? 2 : 1;
  }
  w.pt = small(0, w.kh - 1);
  w.pl = small(0, w.kw - 1);
  w.pb = small(0, w.kh - 1);
  w.pr = small(0, w.kw - 1);
  return w;
}

Dims window_output(const Window& w, Dims in, int32_t channels) {
  return {outputs_along(in.h, w.pt, w.pb, w.kh, w.sh, w.dh), outputs_along(in.w, w.pl, w.pr, w.kw, w.sw, w.dw),
          channels};
}

LayerGraph random_conv(Random& random) {
  const Dims in{pick(random, 1, 18), pick(random, 1, 18), pick(random, 1, 20)};
  Weighted w;
  w.window = random_window(random, in, true);
  return weighted_network(random, w, in, window_output(w.window, in, pick(random, 1, 24)), false,
                          pick(random, 0, 2) == 0);
}

LayerGraph random_depthwise(Random& random) {
  const Dims in{pick(random, 1, 18), pick(random, 1, 18), pick(random, 2, 40)};
  Weighted w;
  w.window = random_window(random, in, true);
  w.groups = in.c;
  const bool raw = pick(random, 0, 5) == 0, asymmetric = pick(random, 0, 2) == 0;
  return weighted_network(random, w, in, window_output(w.window, in, in.c), raw, asymmetric);
}

LayerGraph random_linear(Random& random) {
  const int32_t tokens = pick(random, 0, 1) == 0 ? 1 : pick(random, 2, 12);
  const Dims in{1, tokens, pick(random, 1, 200)}, out{1, tokens, pick(random, 1, 48)};
  Weighted w;
  w.linear = true;
  return weighted_network(random, w, in, out, pick(random, 0, 3) == 0, pick(random, 0, 2) == 0);
}

LayerGraph random_pool(Random& random) {
  const Dims in{pick(random, 1, 18), pick(random, 1, 18), pick(random, 1, 40)};
  const MaxPool pool{random_window(random, in, false)};
  const Quantisation q = random_quantisation(random);
  return one_layer(pool, in, q, window_output(pool.window, in, in.c), q);
}

/// A third of them global; scales often equal or a power of two apart, where ties are common.
LayerGraph random_average_pool(Random& random) {
  const Dims in{pick(random, 1, 18), pick(random, 1, 18), pick(random, 1, 40)};
  AveragePool pool;
  if (pick(random, 0, 2) == 0) {
    pool.window.kh = pool.window.sh = static_cast<int16_t>(in.h);
    pool.window.kw = pool.window.sw = static_cast<int16_t>(in.w);
  } else {
    pool.window = random_window(random, in, true);
    pool.counts_padding = is_padded(pool.window) && pick(random, 0, 1) == 1;
  }
  const Quantisation q = random_quantisation(random);
  Quantisation out = random_quantisation(random);
  out.scale = q.scale * (pick(random, 0, 1) == 0 ? std::exp2(pick(random, -1, 1)) : real(random, 0.3, 2));
  const RequantPolicy policy = pick(random, 0, 1) == 0 ? RequantPolicy::fast : RequantPolicy::exact;
  pool.requant =
      make_requant(average_terms(pool, q, out.scale), {q.zero_point, out.zero_point, out.lo, out.hi, policy, false})
          .value();
  return one_layer(pool, in, q, window_output(pool.window, in, in.c), out);
}

LayerGraph random_table(Random& random) {
  Table t;
  for (uint8_t& v : t.map) v = static_cast<uint8_t>(pick(random, 0, 255));
  const Dims dims{pick(random, 1, 12), pick(random, 1, 12), pick(random, 1, 24)};
  return one_layer(t, dims, random_quantisation(random), dims, random_quantisation(random));
}

int32_t one_sum(const Weighted& w, const Tensor& in, std::span<const uint8_t> a, int32_t row, int32_t column,
                int32_t c) {
  const Window& k = w.window;
  const auto out_channels = static_cast<int32_t>(w.weight_scale.size());
  const int32_t part = in.dims.c / w.groups, first = c / (out_channels / w.groups) * part;
  const auto* weight = w.weights.data() + int64_t{c} * k.kh * k.kw * part;
  const int32_t zero = w.weight_zero.empty() ? 0 : w.weight_zero[static_cast<size_t>(c)];
  int32_t acc = 0;
  for (int32_t y = 0; y < k.kh; ++y)
    for (int32_t x = 0; x < k.kw; ++x)
      for (int32_t i = first; i < first + part; ++i) {
        const int32_t r = row * k.sh + y * k.dh - k.pt, s = column * k.sw + x * k.dw - k.pl;
        const bool inside = r >= 0 && r < in.dims.h && s >= 0 && s < in.dims.w;
        const int32_t v = inside ? a[static_cast<size_t>((r * in.dims.w + s) * in.dims.c + i)] : in.q.zero_point;
        acc += v * (*weight++ - zero);
      }
  return acc;
}

uint8_t one_maximum(const Window& k, const Dims& in, std::span<const uint8_t> a, int32_t row, int32_t column,
                    int32_t c) {
  uint8_t best = 0;
  for (int32_t r = row * k.sh - k.pt; r < row * k.sh - k.pt + k.kh; ++r)
    for (int32_t s = column * k.sw - k.pl; s < column * k.sw - k.pl + k.kw; ++s)
      if (r >= 0 && r < in.h && s >= 0 && s < in.w)
        best = std::max(best, a[static_cast<size_t>((r * in.w + s) * in.c + c)]);
  return best;
}

uint8_t one_average(const AveragePool& pool, const Dims& in, std::span<const uint8_t> a, int32_t row, int32_t column,
                    int32_t c) {
  const Window& k = pool.window;
  int32_t sum = 0;
  size_t count = 0;
  for (int32_t y = 0; y < k.kh; ++y)
    for (int32_t x = 0; x < k.kw; ++x) {
      const int32_t r = row * k.sh + y * k.dh - k.pt, s = column * k.sw + x * k.dw - k.pl;
      if (r < 0 || r >= in.h || s < 0 || s >= in.w) continue;
      sum += a[static_cast<size_t>((r * in.w + s) * in.c + c)];
      ++count;
    }
  return static_cast<uint8_t>(requantise(pool.requant, is_padded(k) ? count - 1 : 0, sum));
}

}  // namespace

int32_t pick(Random& random, int32_t lo, int32_t hi) { return std::uniform_int_distribution<int32_t>(lo, hi)(random); }

LayerGraph random_network(Random& random, Family family) {
  switch (family) {
    case Family::conv:
      return random_conv(random);
    case Family::linear:
      return random_linear(random);
    case Family::max_pool:
      return random_pool(random);
    case Family::table:
      return random_table(random);
    case Family::average_pool:
      return random_average_pool(random);
    case Family::depthwise:
      return random_depthwise(random);
    case Family::add:
    case Family::multiply:
      return random_elementwise(random, family);
    case Family::curve:
      return random_curve(random);
    case Family::rearrange:
      return random_rearrange(random);
    case Family::norm:
    case Family::softmax:
    case Family::matmul:
    case Family::scan:
    case Family::transform:
    case Family::rotary:
    case Family::lookup:
      return random_rows(random, family);
  }
  throw std::logic_error("no such family");
}

LayerGraph accelerated_network(Random& random) {
  for (;;) {
    Weighted w;
    w.linear = pick(random, 0, 2) == 0;
    const bool depthwise = !w.linear && pick(random, 0, 3) == 0;
    const Dims tokens{1, pick(random, 1, 30), pick(random, 1, 100)};
    Dims in = w.linear ? tokens : Dims{pick(random, 1, 14), pick(random, 1, 14), pick(random, 1, 40)};
    if (depthwise) in.c = 8 * pick(random, 1, 6);
    const int32_t channels = depthwise ? in.c : pick(random, 1, 80);
    const int32_t most_pad = w.linear ? 0 : pick(random, 1, 2);  // the engine itself pads by at most one
    const auto pad = [&] { return static_cast<int16_t>(pick(random, 0, most_pad)); };
    w.groups = depthwise ? in.c : 1;
    w.window.kh = w.window.kw = !w.linear && in.h >= 3 && in.w >= 3 && pick(random, 0, 2) != 0 ? 3 : 1;
    w.window.sh = w.window.sw = static_cast<int16_t>(w.linear ? 1 : pick(random, 1, 2));
    w.window.pt = pad(), w.window.pl = pad(), w.window.pb = pad(), w.window.pr = pad();
    const Dims out = w.linear ? Dims{1, in.w, channels} : window_output(w.window, in, channels);
    LayerGraph g = weighted_network(random, w, in, out, false, pick(random, 0, 3) == 0, pick(random, 2, 8));
    const auto& layer = std::get<Weighted>(g.dag[0].op);
    if (accelerator_form(layer, g.tensors[0], g.tensors[1]).weight_bits > 0) return g;
  }
}

LayerGraph grouped_network(Random& random, bool asymmetric) {
  const int32_t groups = pick(random, 2, 4);
  const Dims in{pick(random, 1, 8), pick(random, 1, 8), groups * pick(random, 1, 4)};
  Weighted w;
  w.groups = groups;
  w.window = random_window(random, in, true);
  return weighted_network(random, w, in, window_output(w.window, in, groups * pick(random, 1, 4)), false, asymmetric);
}

LayerGraph conv_network(Random& random, Dims in, int32_t out_channels, int16_t kernel, int16_t stride) {
  Weighted w;
  w.window.kh = w.window.kw = kernel;
  w.window.sh = w.window.sw = stride;
  w.window.pt = w.window.pl = w.window.pb = w.window.pr = static_cast<int16_t>((kernel - 1) / 2);
  return weighted_network(random, w, in, window_output(w.window, in, out_channels), false);
}

LayerGraph linear_network(Random& random, int32_t tokens, int32_t in_features, int32_t out_features) {
  Weighted w;
  w.linear = true;
  return weighted_network(random, w, {1, tokens, in_features}, {1, tokens, out_features}, false);
}

std::vector<uint8_t> random_input(Random& random, const LayerGraph& network) {
  return random_inputs(random, network).front();
}

std::vector<std::vector<uint8_t>> random_inputs(Random& random, const LayerGraph& network) {
  std::vector<std::vector<uint8_t>> all;
  for (const NetworkInput& input : network.inputs) {
    const Tensor& in = network.tensors[static_cast<size_t>(input.tensor)];
    const auto element = static_cast<size_t>(element_bytes(in.type));
    std::vector<uint8_t>& bytes = all.emplace_back(static_cast<size_t>(in.dims.count()) * element);
    for (size_t at = 0; at < bytes.size(); at += element) {
      const int32_t v = pick(random, in.q.lo, in.q.hi);
      std::memcpy(bytes.data() + at, &v, element);
    }
  }
  return all;
}

std::vector<uint8_t> straight_output(const LayerGraph& network, std::span<const std::vector<uint8_t>> inputs) {
  const Operation& op = network.dag[0].op;
  const bool wide = std::any_of(network.tensors.begin(), network.tensors.end(),
                                [](const Tensor& t) { return t.type != ElementType::u8; });
  if (wide && (std::holds_alternative<Add>(op) || std::holds_alternative<AveragePool>(op)))
    return straight_rows(network, inputs);
  const bool pair =
      std::holds_alternative<Add>(op) || std::holds_alternative<Multiply>(op) || std::holds_alternative<Curve>(op);
  if (pair || std::holds_alternative<Rearrange>(op)) return straight_moves(network, inputs);
  if (std::holds_alternative<Norm>(op) || std::holds_alternative<Softmax>(op) || std::holds_alternative<MatMul>(op) ||
      std::holds_alternative<Scan>(op) || std::holds_alternative<Transform>(op) || std::holds_alternative<Rotary>(op) ||
      std::holds_alternative<Lookup>(op))
    return straight_rows(network, inputs);
  return straight_output(network, inputs.front());
}

std::vector<uint8_t> straight_output(const LayerGraph& network, std::span<const uint8_t> input) {
  const Tensor &in = network.tensors[0], &out = network.tensors[1];
  const Operation& op = network.dag[0].op;
  const auto element = static_cast<size_t>(element_bytes(out.type));
  std::vector<uint8_t> bytes(static_cast<size_t>(out.dims.count()) * element);
  size_t at = 0;
  for (int32_t y = 0; y < out.dims.h; ++y)
    for (int32_t x = 0; x < out.dims.w; ++x)
      for (int32_t c = 0; c < out.dims.c; ++c, at += element) {
        if (const auto* w = std::get_if<Weighted>(&op)) {
          const int32_t v = requantise(w->requant, static_cast<size_t>(c), one_sum(*w, in, input, y, x, c));
          std::memcpy(bytes.data() + at, &v, element);
        } else if (const auto* p = std::get_if<MaxPool>(&op)) {
          bytes[at] = one_maximum(p->window, in.dims, input, y, x, c);
        } else if (const auto* average = std::get_if<AveragePool>(&op)) {
          bytes[at] = one_average(*average, in.dims, input, y, x, c);
        } else {
          bytes[at] = std::get<Table>(op).map[input[at]];
        }
      }
  return bytes;
}

Context l2_context(uint32_t l1_bytes, int cores) {
  Context c;
  c.l1_bytes = l1_bytes;
  c.cores = cores;
  return c;
}

}  // namespace ares::test
