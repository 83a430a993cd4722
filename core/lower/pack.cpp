#include "core/lower/pack.hpp"

#include <algorithm>
#include <span>

#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/fused.hpp"

namespace ares {
namespace {

void append_int32(std::vector<uint8_t>& bytes, int32_t v) {
  const auto u = static_cast<uint32_t>(v);
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(u >> shift));
}

/// Records of {m, B}, or {m, B, z_w} where zero points are given.
std::vector<uint8_t> pack_params(const Requant& r, std::span<const int32_t> zeros = {}) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < r.B.size(); ++i) {
    append_int32(bytes, r.form == RequantForm::raw ? 1 : r.m[i]);
    append_int32(bytes, r.B[i]);
    if (!zeros.empty()) append_int32(bytes, zeros[i]);
  }
  return bytes;
}

PackedOperands pack_weighted(const Weighted& layer, const GroupShape& shape) {
  PackedOperands packed;
  const auto channels = static_cast<size_t>(shape.out.c);
  const auto row = static_cast<size_t>(shape.channel_bytes());
  const size_t taps = layer.weights.size() / channels;
  packed.weights.assign(channels * row, 0);
  const auto zero = [&](size_t c) { return layer.weight_zero.empty() ? 0 : layer.weight_zero[c]; };
  for (size_t c = 0; c < channels; ++c)
    for (size_t i = 0; i < taps; ++i)
      packed.weights[c * row + i] =
          static_cast<uint8_t>(layer.weights[c * taps + i] - (shape.asymmetric() ? 0 : zero(c)));
  packed.params = shape.asymmetric() ? pack_params(layer.requant, layer.weight_zero) : pack_params(layer.requant);
  return packed;
}

/// `count` channels, 16 or those left, of a depthwise layer as bit planes; `least`: of all its weights.
void pack_depthwise_group(const Weighted& layer, int32_t least, size_t first, size_t count,
                          std::vector<uint8_t>& bytes) {
  constexpr size_t taps = 9;
  constexpr int32_t bits = 8;
  for (int32_t bit = 0; bit < bits; ++bit)
    for (size_t tap = 0; tap < taps; ++tap) {
      uint32_t word = 0;
      for (size_t i = 0; i < count; ++i)
        word |= (static_cast<uint32_t>(layer.weights[(first + i) * taps + tap] - least) >> bit & 1) << i;
      bytes.push_back(static_cast<uint8_t>(word));
      bytes.push_back(static_cast<uint8_t>(word >> 8));
    }
}

/// One output channel's weights as bit planes; `least`: of all its layer's weights.
void pack_job_channel(const Weighted& layer, int32_t least, const GroupShape& shape, size_t channel,
                      std::vector<uint8_t>& bytes) {
  const int32_t taps = shape.window.kh * shape.window.kw, in = shape.in.c, bits = shape.accelerator.weight_bits;
  const int8_t* weights = layer.weights.data() + channel * static_cast<size_t>(taps * in);
  for (int32_t first = 0; first < in; first += job_channels_in)
    for (int32_t bit = 0; bit < bits; ++bit)
      for (int32_t tap = 0; tap < taps; ++tap) {
        uint32_t word = 0;
        for (int32_t i = 0; i < std::min(job_channels_in, in - first); ++i) {
          const auto stored = static_cast<uint32_t>(weights[tap * in + first + i] - least);
          word |= (stored >> bit & 1) << i;
        }
        bytes.push_back(static_cast<uint8_t>(word));
        bytes.push_back(static_cast<uint8_t>(word >> 8));
      }
}

/// The parameters of channels [begin, end), which one job reads.
void pack_job_params(const Requant& r, const AcceleratorForm& form, int32_t begin, int32_t end,
                     std::vector<uint8_t>& bytes) {
  for (int32_t c = begin; c < end; ++c) append_int32(bytes, r.B[static_cast<size_t>(c)]);
  for (int32_t c = begin; c < end; ++c)
    for (int shift = 0; shift < form.scale_bits; shift += 8)
      bytes.push_back(static_cast<uint8_t>(r.m[static_cast<size_t>(c)] >> shift));
}

/// The least of a layer's weights, as they are stored.
int32_t least_weight(const Weighted& layer) {
  return (layer.weight_zero.empty() ? 0 : layer.weight_zero.front()) + job_weight_offset(layer);
}

/// A depthwise layer's channels from `first` on.
void pack_depthwise_job(const Weighted& layer, size_t first, std::vector<uint8_t>& bytes) {
  const size_t channels = layer.requant.B.size();
  for (size_t c = first; c < channels; c += size_t{job_channels_in})
    pack_depthwise_group(layer, least_weight(layer), c, std::min(size_t{job_channels_in}, channels - c), bytes);
}

/// The workers' channels, then the accelerator's.
PackedOperands pack_shared(const Weighted& layer, const GroupShape& shape, int32_t share) {
  const SharedConstants at = shared_constants(shape, share);
  PackedOperands packed = pack_weighted(layer, shape);
  packed.weights.resize(static_cast<size_t>(share * shape.channel_bytes()));
  packed.params.resize(static_cast<size_t>(share * shape.param_bytes()));
  packed.weights.resize(static_cast<size_t>(at.weights_at));
  packed.params.resize(static_cast<size_t>(at.params_at));
  pack_depthwise_job(layer, static_cast<size_t>(share), packed.weights);
  pack_job_params(layer.requant, shape.accelerator, share, shape.in.c, packed.params);
  return packed;
}

PackedOperands pack_job(const Weighted& layer, const GroupShape& shape, const Config& config) {
  if (config[Knob::share] > 0) return pack_shared(layer, shape, config[Knob::share]);
  PackedOperands packed;
  const auto channels = static_cast<size_t>(shape.out.c);
  const int32_t least = least_weight(layer);
  if (shape.family == Family::depthwise)
    pack_depthwise_job(layer, 0, packed.weights);
  else
    for (size_t c = 0; c < channels; ++c) pack_job_channel(layer, least, shape, c, packed.weights);
  const int32_t chunk = tile_of(config, Knob::tile_l2, shape.out.c), tile = tile_of(config, Knob::tile_co, chunk);
  for (int32_t from = 0; from < shape.out.c; from += chunk) {
    const int32_t to = std::min(from + chunk, shape.out.c);
    for (int32_t c = from; c < to; c += tile)
      pack_job_params(layer.requant, shape.accelerator, c, std::min(c + tile, to), packed.params);
  }
  return packed;
}

std::vector<uint8_t> words(std::initializer_list<int32_t> values) {
  std::vector<uint8_t> bytes;
  for (const int32_t v : values) append_int32(bytes, v);
  return bytes;
}

PackedOperands pack_norm(const Norm& norm) {
  const NormTerms& t = norm.terms;
  const auto low = static_cast<int32_t>(t.epsilon & 0xffffffff), high = static_cast<int32_t>(t.epsilon >> 32);
  return {words({t.count, t.zero, t.fraction, low, high, t.headroom, t.shift, static_cast<int32_t>(t.inverse)}),
          pack_params(norm.requant)};
}

PackedOperands pack_softmax(const Softmax& softmax) {
  PackedOperands packed;
  for (const uint16_t entry : softmax.table) {
    packed.weights.push_back(static_cast<uint8_t>(entry));
    packed.weights.push_back(static_cast<uint8_t>(entry >> 8));
  }
  const SoftmaxTerms& t = softmax.terms;
  packed.params = words({static_cast<int32_t>(t.factor), t.shift, t.most, t.zero});
  return packed;
}

/// Per channel its rates and its skip weight; what all channels share (scan_words).
PackedOperands pack_scan(const Scan& scan) {
  const ScanTerms& t = scan.terms;
  const auto states = static_cast<size_t>(t.states);
  PackedOperands packed;
  for (size_t d = 0; d < t.skip.size(); ++d) {
    for (size_t n = 0; n < states; ++n) append_int32(packed.weights, t.log_rate[d * states + n]);
    append_int32(packed.weights, t.skip[d]);
  }
  packed.params = words({scan.requant.m[0], scan.requant.B[0], t.zero_x, t.zero_b, t.zero_c, t.input_shift,
                         t.state_shift, scan_stays_in_table(t) ? 1 : 0});
  for (size_t i = 0; i < t.log_step.size(); ++i) {
    append_int32(packed.params, t.log_step[i]);
    append_int32(packed.params, t.input[i]);
  }
  for (const uint32_t word : t.decay) append_int32(packed.params, static_cast<int32_t>(word));
  return packed;
}

void append_int16(std::vector<uint8_t>& bytes, int16_t v) {
  const auto u = static_cast<uint16_t>(v);
  bytes.push_back(static_cast<uint8_t>(u));
  bytes.push_back(static_cast<uint8_t>(u >> 8));
}

PackedOperands pack_transform(const Transform& op, const GroupShape& shape) {
  PackedOperands packed;
  const auto columns = static_cast<size_t>(op.columns), row = static_cast<size_t>(shape.channel_bytes());
  for (size_t o = 0; o < static_cast<size_t>(op.outputs); ++o) {
    for (size_t n = 0; n < columns; ++n) append_int16(packed.weights, op.coefficients[o * columns + n]);
    packed.weights.resize((o + 1) * row);
  }
  packed.params = pack_params(op.requant);
  return packed;
}

PackedOperands pack_rotary(const Rotary& op, int zero) {
  PackedOperands packed;
  for (const int16_t factor : op.factors) append_int16(packed.weights, factor);
  packed.params = words({op.requant.m[0], op.requant.B[0], zero, 0});
  return packed;
}

/// {m, B, z_a, z_b} of a product of two tensors.
PackedOperands pack_product(const LayerGraph& graph, const Group& group, const Requant& requant) {
  const auto zero = [&](size_t i) { return graph.tensors[static_cast<size_t>(group.inputs[i])].q.zero_point; };
  return {{}, words({requant.m[0], requant.B[0], zero(0), zero(1)})};
}

PackedOperands pack_layer(const LayerGraph& graph, const Group& group, const Config& config) {
  const Operation& op = graph.dag[group.layers.front()].op;
  if (const auto* weighted = std::get_if<Weighted>(&op))
    return on_accelerator(config) ? pack_job(*weighted, group.shape, config) : pack_weighted(*weighted, group.shape);
  if (const auto* table = std::get_if<Table>(&op)) return {{table->map.begin(), table->map.end()}, {}};
  if (const auto* pool = std::get_if<AveragePool>(&op)) return {{}, pack_params(pool->requant)};
  if (const auto* curve = std::get_if<Curve>(&op)) {
    PackedOperands packed;
    for (const int32_t p : curve->points) append_int32(packed.weights, p);
    append_int32(packed.weights, curve->lo);
    append_int32(packed.weights, curve->hi);
    return packed;
  }
  if (const auto* add = std::get_if<Add>(&op)) {
    const std::vector<TensorId>& in = graph.dag[group.layers.front()].inputs;
    const size_t first = !group.inputs.empty() && group.inputs.front() == in.back() && in.front() != in.back();
    return {{}, words({add->requant.m[first], add->requant.B[0], add->requant.m[1 - first], 0})};
  }
  if (const auto* product = std::get_if<Multiply>(&op)) return pack_product(graph, group, product->requant);
  if (const auto* product = std::get_if<MatMul>(&op)) return pack_product(graph, group, product->requant);
  if (const auto* norm = std::get_if<Norm>(&op)) return pack_norm(*norm);
  if (const auto* softmax = std::get_if<Softmax>(&op)) return pack_softmax(*softmax);
  if (const auto* scan = std::get_if<Scan>(&op)) return pack_scan(*scan);
  if (const auto* transform = std::get_if<Transform>(&op)) return pack_transform(*transform, group.shape);
  if (const auto* rotary = std::get_if<Rotary>(&op))
    return pack_rotary(*rotary, graph.tensors[static_cast<size_t>(group.inputs[0])].q.zero_point);
  if (const auto* lookup = std::get_if<Lookup>(&op)) return {lookup->table, {}};
  if (const auto* moved = std::get_if<Rearrange>(&op)) return {moved->pieces[static_cast<size_t>(group.piece)].map, {}};
  return {};
}

void append_padded(std::vector<uint8_t>& bytes, const std::vector<uint8_t>& part) {
  bytes.insert(bytes.end(), part.begin(), part.end());
  bytes.resize((bytes.size() + 15) & ~size_t{15});
}

}  // namespace

PackedOperands pack(const LayerGraph& graph, const Group& group, const Config& config) {
  PackedOperands packed = pack_layer(graph, group, first_config(group.shape, config));
  for (size_t i = 0; i < group.shape.tail_count; ++i) {
    Group tail;
    tail.layers = {group.layers[i + 1]};
    tail.shape = shape_of(group.shape.tails[i]);
    tail.inputs = {graph.dag[group.layers[i]].output};
    if (tail.shape.family == Family::matmul) tail.inputs = graph.dag[group.layers[i + 1]].inputs;
    Config own = config;
    own[Knob::kernel] = config[Knob::kernel2];
    own[Knob::share] = 0;
    const PackedOperands constants = pack_layer(graph, tail, own);
    append_padded(packed.tails, constants.weights);
    append_padded(packed.tails, constants.params);
  }
  return packed;
}

}  // namespace ares
