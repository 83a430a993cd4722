#include "core/group/group.hpp"
#include "core/arithmetic/curve.hpp"
#include "core/arithmetic/softmax.hpp"
#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"

#include <algorithm>
#include <cassert>

namespace ares {
namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;  // clang 14 needs it

/// Bits of w - z_w: those of the weights where all z_w are 0, else 8 where that holds them, else 9 for "more than 8".
uint8_t centred_bits(const Weighted& w) {
  if (std::all_of(w.weight_zero.begin(), w.weight_zero.end(), [](int32_t z) { return z == 0; }))
    return static_cast<uint8_t>(w.weight_bits);
  const size_t taps = w.weights.size() / w.weight_zero.size();
  for (size_t i = 0; i < w.weights.size(); ++i) {
    const int64_t centred = int64_t{w.weights[i]} - w.weight_zero[i / taps];
    if (centred < INT8_MIN || centred > INT8_MAX) return 9;
  }
  return 8;
}

/// Two stored tensors: equal in size, or the second a row of channels for every position of the first.
void set_elementwise(const LayerGraph& graph, const Layer& layer, Family family, GroupShape& s) {
  const Dims& first = graph.tensors.at(static_cast<size_t>(layer.inputs.at(0))).dims;
  const Dims& second = graph.tensors.at(static_cast<size_t>(layer.inputs.at(1))).dims;
  const auto row = static_cast<int32_t>(second.count());
  s.family = family;
  s.in = s.out = Dims{1, static_cast<int32_t>(first.count() / row), row};
}

void set_norm(const Norm& n, int64_t count, GroupShape& s) {
  s.family = Family::norm;
  s.in = s.out = Dims{1, static_cast<int32_t>(count / n.channels), n.channels};
  s.heads = n.groups;
  s.centred = n.centred;
  s.across = n.across;
}

void set_matmul(const MatMul& p, GroupShape& s) {
  s.family = Family::matmul;
  s.in = {p.batch, p.rows, p.heads * p.depth};
  s.out = {p.batch, p.rows, p.heads * p.columns};
  s.heads = p.heads;
  s.transposed = p.transposed;
}

void set_scan(const Scan& op, const Dims& third, GroupShape& s) {
  s.family = Family::scan;
  s.in = s.out = Dims{1, op.steps, op.channels};
  s.heads = op.states;
  s.third_row = static_cast<int32_t>(third.count() / op.steps);
  s.third_offset = op.offset;
}

GroupShape shape_of(const LayerGraph& graph, LayerId id, int piece) {
  const Layer& layer = graph.dag[id];
  const Tensor& in = graph.tensors.at(static_cast<size_t>(layer.inputs.at(0)));
  const Tensor& out = graph.tensors.at(static_cast<size_t>(layer.output));
  GroupShape s;
  s.in = input_dims(graph, id);
  s.out = out.dims;
  s.in_type = in.type;
  s.in2_type = graph.tensors.at(static_cast<size_t>(layer.inputs.back())).type;
  s.out_type = out.type;
  if (const Requant* r = requant_of(layer.op)) {
    s.form = r->form;
    s.rounding = r->rounding;
  }
  std::visit(overloaded{[&](const Weighted& w) {
                          assert(w.groups == 1 || (w.groups == s.in.c && w.groups == s.out.c));
                          s.family = w.linear ? Family::linear : w.groups > 1 ? Family::depthwise : Family::conv;
                          s.window = w.window;
                          s.weight_bits = centred_bits(w);
                          s.accelerator = accelerator_form(w, in, out);
                        },
                        [&](const MaxPool& p) {
                          s.family = Family::max_pool;
                          s.window = p.window;
                        },
                        [&](const AveragePool& p) {
                          s.family = Family::average_pool;
                          s.window = p.window;
                        },
                        [&](const Table&) {
                          s.family = Family::table;
                          const auto bytes = static_cast<int32_t>(in.dims.count());
                          s.in = s.out = Dims{1, 1, bytes};
                        },
                        [&](const Curve&) {
                          s.family = Family::curve;
                          s.in = s.out = Dims{1, 1, static_cast<int32_t>(in.dims.count())};
                        },
                        [&](const Add&) { set_elementwise(graph, layer, Family::add, s); },
                        [&](const Multiply&) { set_elementwise(graph, layer, Family::multiply, s); },
                        [&](const Norm& n) { set_norm(n, in.dims.count(), s); },
                        [&](const Softmax& m) {
                          s.family = Family::softmax;
                          s.in = s.out = Dims{1, static_cast<int32_t>(in.dims.count() / m.columns), m.columns};
                        },
                        [&](const MatMul& p) { set_matmul(p, s); },
                        [&](const Scan& op) {
                          set_scan(op, graph.tensors.at(static_cast<size_t>(layer.inputs.at(2))).dims, s);
                        },
                        [&](const Transform& op) {
                          const auto rows = static_cast<int32_t>(in.dims.count() / op.columns);
                          s.family = Family::transform;
                          s.in = {1, rows, op.columns};
                          s.out = {1, rows, op.outputs};
                        },
                        [&](const Rotary& op) {
                          s.family = Family::rotary;
                          s.in = s.out = Dims{1, op.rows, op.heads * op.depth};
                          s.heads = op.heads;
                          s.transposed = op.interleaved;
                        },
                        [&](const Lookup& op) {
                          s.family = Family::lookup;
                          s.in = {1, static_cast<int32_t>(in.dims.count()), 1};
                          s.out = {1, s.in.w, op.columns};
                          s.heads = op.rows;
                        },
                        [&](const Rearrange& r) {
                          const Piece& p = r.pieces.at(static_cast<size_t>(piece));
                          s.family = Family::rearrange;
                          s.in = graph.tensors.at(static_cast<size_t>(layer.inputs.at(size_t(p.input)))).dims;
                          s.in = seen_by(r, s.in);
                          s.out = seen_by(r, s.out);
                          s.movement = p.movement;
                          s.mapped = !p.map.empty();
                        }},
             layer.op);
  return s;
}

/// The groups of a Rearrange: one for each piece.
void add_pieces(const LayerGraph& graph, LayerId id, const Rearrange& r, std::vector<Group>& groups) {
  const Layer& layer = graph.dag[id];
  const auto count = static_cast<int>(r.pieces.size());
  for (int i = 0; i < count; ++i) {
    const TensorId input = layer.inputs.at(static_cast<size_t>(r.pieces[static_cast<size_t>(i)].input));
    const std::string name = count == 1 ? layer.name : layer.name + "_part" + std::to_string(i + 1);
    groups.push_back({name, {id}, {input}, layer.output, shape_of(graph, id, i), i, i + 1 == count});
  }
}

}  // namespace

const char* name_of(Family f) {
  constexpr const char* names[] = {"conv",   "linear",   "max_pool",  "table",  "average_pool", "depthwise",
                                   "add",    "multiply", "rearrange", "curve",  "norm",         "softmax",
                                   "matmul", "scan",     "transform", "rotary", "lookup"};
  return names[static_cast<size_t>(f)];
}

const char* name_of(Level l) {
  constexpr const char* names[] = {"L1", "L2", "L3"};
  return names[static_cast<size_t>(l)];
}

GroupShape shape_of(const Tail& t) {
  GroupShape s;
  s.family = t.family;
  s.in = t.in;
  s.out = t.out;
  s.window = t.window;
  s.weight_bits = t.weight_bits;
  s.form = t.form;
  s.rounding = t.rounding;
  s.in_type = t.in_type;
  s.in2_type = t.in2_type;
  s.out_type = t.out_type;
  s.accelerator = t.accelerator;
  return s;
}

int64_t GroupShape::macs() const {
  int64_t all = 0;
  for (size_t i = 0; i < tail_count; ++i) {
    GroupShape tail = shape_of(tails[i]);
    if (tail.family == Family::matmul) tail.heads = heads;
    all += tail.macs();
  }
  if (family == Family::conv) return all + out.count() * window.kh * window.kw * in.c;
  if (family == Family::depthwise) return all + out.count() * window.kh * window.kw;
  if (family == Family::linear) return all + int64_t{in.w} * in.c * out.c;
  if (family == Family::matmul) return all + in.count() * out.c / heads;
  if (family == Family::transform) return all + int64_t{in.w} * in.c * out.c;
  if (family == Family::scan) return all + 3 * in.count() * heads;
  return all;
}

uint32_t GroupShape::tails_size(bool job) const {
  uint32_t bytes = 0;
  for (size_t i = 0; i < tail_count; ++i) {
    const GroupShape tail = shape_of(tails[i]);
    const bool on_job = job && has_weights(tail.family);
    for (const uint32_t part : {tail.weights_size(on_job), tail.params_size(on_job)}) bytes += (part + 15u) & ~15u;
  }
  return bytes;
}

static int32_t whole_words(int32_t bytes) { return (bytes + 3) & ~3; }

/// A pitch at which the same word of neighbouring channels lies in different banks of L1: the workers read those of
/// four channels at once. Short rows, which kernels take as one stream, stay as they are.
static int32_t conflict_free(int32_t bytes) {
  constexpr int32_t half_the_banks = 32, short_row = 32;
  return bytes > short_row && bytes % half_the_banks == 0 ? bytes + 4 : bytes;
}

int32_t GroupShape::channel_bytes(bool job) const {
  if (family == Family::scan) return 4 * (heads + 1);
  if (family == Family::norm || family == Family::rotary || family == Family::softmax) return in.c / heads;
  if (family == Family::transform) return (2 * in.c + 3) & ~3;
  if (family == Family::matmul) return out.c / heads;
  if (job && family == Family::depthwise) return job_depthwise_channel_bytes(in.c);
  if (job) return job_channel_bytes(accelerator, window.kh * window.kw, in.c);
  if (family == Family::depthwise) return whole_words(window.kh * window.kw);
  const int32_t bytes = whole_words(window.kh * window.kw * in.c);
  return window.kh * window.kw == 1 ? conflict_free(bytes) : bytes;
}

uint32_t GroupShape::weights_size(bool job) const {
  if (family == Family::table || (family == Family::rearrange && mapped)) return 256;
  if (family == Family::curve) return 4 * curve_words;
  if (family == Family::norm) return 4 * norm_words;
  if (family == Family::rotary) return static_cast<uint32_t>(in.w * 2 * channel_bytes());
  if (family == Family::lookup) return static_cast<uint32_t>(heads * out.c);
  if (family == Family::transform) return static_cast<uint32_t>(out.c * channel_bytes());
  if (family == Family::softmax) return static_cast<uint32_t>(2 * softmax_entries(in_type == ElementType::s16));
  return has_weights(family) || family == Family::scan ? static_cast<uint32_t>(out.c * channel_bytes(job)) : 0;
}

uint32_t GroupShape::params_size(bool job) const {
  if (is_elementwise(family) || family == Family::matmul || family == Family::rotary) return 16;
  if (family == Family::transform) return static_cast<uint32_t>(8 * out.c);
  if (family == Family::scan) return 4 * scan_words;
  if (family == Family::softmax) return 4 * softmax_words;
  if (family == Family::norm) return static_cast<uint32_t>(8 * in.c);
  if (family == Family::average_pool) return static_cast<uint32_t>(8 * requant_elements(window));
  return has_weights(family) ? static_cast<uint32_t>(out.c * param_bytes(job)) : 0;
}

std::vector<Group> make_groups(const LayerGraph& graph) {
  std::vector<Group> groups;
  for (const LayerId id : execution_order(graph)) {
    const Layer& layer = graph.dag[id];
    if (const auto* r = std::get_if<Rearrange>(&layer.op))
      add_pieces(graph, id, *r, groups);
    else
      groups.push_back({layer.name, {id}, layer.inputs, layer.output, shape_of(graph, id, 0)});
  }
  return groups;
}

}  // namespace ares
