#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "core/arithmetic/curve.hpp"
#include "core/arithmetic/softmax.hpp"
#include "core/import/host_graph.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

bool valid_id(const LayerGraph& g, TensorId id) { return id >= 0 && static_cast<std::size_t>(id) < g.tensors.size(); }

// Far beyond any scratchpad or memory ARES plans for, and small enough for sizes never to overflow.
constexpr int64_t kMaxElements = int64_t{1} << 28;

bool valid_dims(const Dims& d) {
  if (d.h < 1 || d.w < 1 || d.c < 1 || d.h > kMaxElements || d.w > kMaxElements / d.h) return false;
  return d.c <= kMaxElements / (int64_t{d.h} * d.w);
}

bool valid_view(const ModelView& view, const Dims& dims) {
  int64_t count = 1;
  for (const int64_t d : view.shape) {
    if (d < 1 || count > dims.count() / d) return false;
    count *= d;
  }
  if (count != dims.count()) return false;
  if (view.order.empty()) return true;
  if (static_cast<int64_t>(view.order.size()) != count) return false;
  std::vector<bool> seen(view.order.size());
  for (const int32_t offset : view.order) {
    if (offset < 0 || offset >= count || seen[static_cast<std::size_t>(offset)]) return false;
    seen[static_cast<std::size_t>(offset)] = true;
  }
  return true;
}

bool valid_quantisation(const Tensor& t) {
  const Quantisation& q = t.q;
  if (!(q.scale > 0) && t.channel_scale.empty()) return false;
  if (t.type != ElementType::u8) return t.channel_scale.empty() || t.channel_scale.size() == size_t(t.dims.c);
  return t.channel_scale.empty() && q.zero_point >= 0 && q.zero_point <= 255 && q.lo >= 0 && q.lo <= q.hi &&
         q.hi <= 255;
}

Result<void> check_tensor(const Tensor& t) {
  if (!valid_dims(t.dims)) return fail(fmt::format("tensor '{}': empty or absurd dims", t.name));
  if (!valid_view(t.view, t.dims)) {
    return fail(fmt::format("tensor '{}': its view does not match its {} elements", t.name, t.dims.count()));
  }
  if (is_constant(t) && t.constant.size() != static_cast<std::size_t>(t.dims.count() * element_bytes(t.type)))
    return fail(fmt::format("tensor '{}': {} bytes of constants do not match its dims", t.name, t.constant.size()));
  if (!valid_quantisation(t)) return fail(fmt::format("tensor '{}': invalid scale, zero point or clip range", t.name));
  return {};
}

/// Positions that a window visits along one axis, 0 where it does not fit.
int positions(int in, int kernel, int stride, int dilation, int pad) {
  const int64_t span = int64_t{dilation} * (kernel - 1) + 1;
  const int64_t room = int64_t{in} + pad - span;
  return room < 0 ? 0 : static_cast<int>(room / stride + 1);
}

bool valid_window(const Window& w, const Dims& in, const Dims& out) {
  if (w.kh < 1 || w.kw < 1 || w.sh < 1 || w.sw < 1 || w.dh < 1 || w.dw < 1) return false;
  if (w.pt < 0 || w.pl < 0 || w.pb < 0 || w.pr < 0) return false;
  return out.h == positions(in.h, w.kh, w.sh, w.dh, w.pt + w.pb) &&
         out.w == positions(in.w, w.kw, w.sw, w.dw, w.pl + w.pr);
}

const char* requant_problem(const Requant& r, std::size_t elements, ElementType type) {
  if (r.B.empty() && r.m.empty()) return nullptr;
  if (r.B.size() != elements) return "number of requantisation offsets";
  if (r.form != RequantForm::raw && r.m.size() != elements) return "number of requantisation multipliers";
  if (r.shift < 0 || r.shift > 31 || r.pre_shift < 0 || r.pre_shift > 31) return "requantisation shift";
  if ((r.form == RequantForm::raw) != (type == ElementType::s32)) return "requantisation form and output type";
  return nullptr;
}

const char* problem(const Weighted& op, const Dims& in, const Dims& out, ElementType type) {
  const auto channels = static_cast<std::size_t>(out.c);
  if (op.groups < 1 || in.c % op.groups || out.c % op.groups) return "groups do not divide the channels";
  const std::size_t columns = std::size_t(op.window.kh) * op.window.kw * std::size_t(in.c / op.groups);
  if (op.weights.size() != columns * channels) return "number of weights does not match the shapes";
  if (!op.weight_zero.empty() && op.weight_zero.size() != channels) return "number of weight zero points";
  if (op.weight_scale.size() != channels) return "number of weight scales";
  if (!op.bias.empty() && op.bias.size() != channels) return "number of biases";
  if (op.weight_bits < 1 || op.weight_bits > 8) return "weight bits outside 1..8";
  if (op.linear ? op.window != Window{} : !valid_window(op.window, in, out)) return "window does not match the shapes";
  return requant_problem(op.requant, channels, type);
}

const char* problem(const MaxPool& op, const Dims& in, const Dims& out, ElementType type) {
  if (in.c != out.c || !valid_window(op.window, in, out)) return "window does not match the shapes";
  const Window& w = op.window;
  if (std::max(w.pt, w.pb) > w.dh * (w.kh - 1) || std::max(w.pl, w.pr) > w.dw * (w.kw - 1)) {
    return "padding as large as the window";
  }
  return type == ElementType::u8 ? nullptr : "output type";
}

/// Whether every window along one axis holds a position inside.
bool never_empty(int outputs, int stride, int pad, int kernel, int dilation, int extent) {
  for (int o = 0; o < outputs; ++o) {
    if (taps_inside(o * stride - pad, kernel, dilation, extent) == 0) return false;
  }
  return true;
}

const char* problem(const AveragePool& op, const Dims& in, const Dims& out, ElementType type) {
  const Window& w = op.window;
  if (in.c != out.c || !valid_window(w, in, out)) return "window does not match the shapes";
  if (is_padded(w) &&
      (!never_empty(out.h, w.sh, w.pt, w.kh, w.dh, in.h) || !never_empty(out.w, w.sw, w.pl, w.kw, w.dw, in.w))) {
    return "a window that holds nothing but padding";
  }
  if (requant_elements(w) > kMaxPaddedWindow && is_padded(w)) return "a padded window of too many positions";
  return type == ElementType::u8 ? requant_problem(op.requant, requant_elements(w), type) : "output type";
}

const char* problem(const Table&, const Dims& in, const Dims& out, ElementType type) {
  if (in.count() != out.count()) return "input and output differ in size";
  return type == ElementType::u8 ? nullptr : "output type";
}

const char* problem(const Curve& op, const Dims& in, const Dims& out, ElementType type) {
  if (in.count() != out.count()) return "input and output differ in size";
  if (op.points.size() != curve_segments + 1) return "number of points";
  return type == ElementType::u8 ? nullptr : "output type";
}

const char* problem(const Norm& op, const Dims& in, const Dims& out, ElementType) {
  if (in.count() != out.count()) return "input and output differ in size";
  if (op.channels < 1 || in.count() % op.channels) return "its input is no whole number of positions";
  if (op.groups < 1 || op.channels % op.groups) return "groups do not divide the channels";
  const auto channels = static_cast<std::size_t>(op.channels);
  if (!op.gain.empty() && op.gain.size() != channels) return "number of gains";
  if (!op.bias.empty() && op.bias.size() != channels) return "number of biases";
  if (op.terms.shift > 30 || op.terms.fraction < 0 || op.terms.fraction > 16) return "its terms";
  return requant_problem(op.requant, channels, ElementType::u8);
}

const char* problem(const Softmax& op, const Dims& in, const Dims& out, ElementType type) {
  if (in.count() != out.count()) return "input and output differ in size";
  if (op.columns < 1 || in.count() % op.columns) return "its input is no whole number of rows";
  if (type != ElementType::u8) return "output type";
  if (!op.table.empty() && op.table.size() != softmax_entries(false) && op.table.size() != softmax_entries(true))
    return "entries of its table";
  if (op.columns > softmax_most_columns) return "elements of a row";
  const SoftmaxTerms& t = op.terms;
  if (t.shift < 17 || t.shift > 60 || t.most < 1 || t.most > 31 || t.zero < 0 || t.zero > 255) return "its terms";
  return nullptr;
}

constexpr std::size_t kMaxPieces = 4096;

/// Whether a moved axis stays inside an output axis of `to` elements, and its source inside, or (where `paddable`)
/// around, an input axis of `from`.
bool valid_axis(const MovedAxis& a, int32_t from, int32_t to, bool paddable) {
  if (a.step < 0) {  // backwards: all inside
    const bool inside = a.first >= 0 && a.first < from && a.count >= 1 && a.first + int64_t{a.count - 1} * a.step >= 0;
    return inside && a.repeat >= 1 && a.to >= 0 && a.to + int64_t{a.count} * a.repeat <= to;
  }
  if (a.count < 1 || a.step < 1 || a.repeat < 1 || a.to < 0) return false;
  if (a.to + int64_t{a.count} * a.repeat > to) return false;
  if (a.first < -kMaxElements || a.first > kMaxElements || int64_t{a.count - 1} * a.step > kMaxElements) return false;
  const int64_t last = a.first + int64_t{a.count - 1} * a.step;
  return paddable || (a.first >= 0 && last < from) || a.first >= from;
}

bool overlap(const Movement& a, const Movement& b) {
  for (std::size_t i = 0; i < 3; ++i) {
    const MovedAxis &x = a.axes[i], &y = b.axes[i];
    if (x.to + x.count * x.repeat <= y.to || y.to + y.count * y.repeat <= x.to) return false;
  }
  return true;
}

const char* problem(const Piece& p, const Dims& in, const Dims& out) {
  const std::array<int32_t, 3> from{in.h, in.w, in.c}, to{out.h, out.w, out.c};
  std::array<bool, 3> seen{};
  int backwards = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t source = p.movement.source[a];
    if (source > 2 || std::exchange(seen[source], true)) return "a piece's source axes are no permutation";
    if (p.movement.axes[a].step < 0 && ++backwards > 1) return "a piece that runs backwards along two axes";
    if (!valid_axis(p.movement.axes[a], from[source], to[a], source != 2)) return "a piece outside of its tensors";
  }
  return p.map.empty() || p.map.size() == 256 ? nullptr : "a piece's table has not 256 bytes";
}

/// The boxes must cover the output exactly once.
const char* cover_problem(const Rearrange& op, const Dims& out) {
  int64_t covered = 0;
  for (std::size_t i = 0; i < op.pieces.size(); ++i) {
    const auto& axes = op.pieces[i].movement.axes;
    covered +=
        int64_t{axes[0].count} * axes[0].repeat * axes[1].count * axes[1].repeat * axes[2].count * axes[2].repeat;
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(op.pieces[i].movement, op.pieces[j].movement)) return "two pieces overlap";
    }
  }
  return covered == out.count() ? nullptr : "the pieces do not cover the output";
}

const char* problem(const Transform& op, const Dims& in, const Dims& out, ElementType type) {
  for (const int32_t size : {op.columns, op.outputs})
    if (size < 1 || size > kMaxElements) return "empty or absurd sizes";
  if (in.count() % op.columns || double(in.count() / op.columns) * op.outputs != double(out.count()))
    return "its input and output are no rows of its sizes";
  if (double(op.coefficients.size()) != double(op.columns) * op.outputs) return "number of coefficients";
  return requant_problem(op.requant, static_cast<std::size_t>(op.outputs), type);
}

const char* problem(const Rotary& op, const Dims& in, const Dims& out, ElementType type) {
  for (const int32_t size : {op.rows, op.heads, op.depth})
    if (size < 1 || size > kMaxElements) return "empty or absurd sizes";
  const double elements = double(op.rows) * op.heads * op.depth;
  if (op.depth % 2 || double(in.count()) != elements || double(out.count()) != elements)
    return "its input or output are not as large as its heads say";
  if (double(op.factors.size()) != double(op.rows) * op.depth) return "number of factors";
  return requant_problem(op.requant, 1, type);
}

/// What is wrong with a layer's operation, or null; the first input is `in`.
template <class Op>
const char* problem_of(const LayerGraph&, const Layer&, const Op& op, const Dims& in, const Tensor& out) {
  return problem(op, in, out.dims, out.type);
}

const char* elementwise_problem(const LayerGraph& g, const Layer& l, const Requant& r, std::size_t multipliers,
                                const Dims& in, const Tensor& out) {
  const Dims& second = g.tensors[static_cast<std::size_t>(l.inputs[1])].dims;
  if (in.count() != out.dims.count()) return "input and output differ in size";
  if (second.count() != in.count() && second != Dims{1, 1, in.c})
    return "the second input is neither as large nor a row of channels";
  if (r.B.empty() && r.m.empty()) return nullptr;
  if (r.B.size() != 1 || r.m.size() != multipliers) return "number of requantisation constants";
  return r.shift < 0 || r.shift > 31 || r.pre_shift < 0 || r.pre_shift > 31 ? "requantisation shift" : nullptr;
}

const char* problem_of(const LayerGraph& g, const Layer& l, const Add& op, const Dims& in, const Tensor& out) {
  return elementwise_problem(g, l, op.requant, 2, in, out);
}

const char* problem_of(const LayerGraph& g, const Layer& l, const Multiply& op, const Dims& in, const Tensor& out) {
  return elementwise_problem(g, l, op.requant, 1, in, out);
}

const char* problem_of(const LayerGraph& g, const Layer& l, const MatMul& op, const Dims& in, const Tensor& out) {
  for (const int32_t size : {op.batch, op.rows, op.heads, op.depth, op.columns})
    if (size < 1 || size > kMaxElements) return "empty or absurd sizes";
  const double sequences = double(op.batch) * op.heads;
  const auto is = [&](const Dims& d, int32_t rows, int32_t columns) {
    return double(d.count()) == sequences * rows * columns;
  };
  if (!is(in, op.rows, op.depth) || !is(out.dims, op.rows, op.columns) ||
      !is(g.tensors[static_cast<std::size_t>(l.inputs[1])].dims, op.depth, op.columns))
    return "sizes of the factors and the product do not match";
  return requant_problem(op.requant, 1, out.type);
}

/// The terms are there as a whole or not at all.
const char* terms_problem(const Scan& op) {
  const ScanTerms& t = op.terms;
  if (t.log_rate.empty()) return nullptr;
  if (t.states != op.states || t.log_rate.size() != op.rates.size() ||
      t.skip.size() != static_cast<std::size_t>(op.channels) || t.log_step.size() != 256 || t.input.size() != 256 ||
      t.decay.size() != 2 * scan_segments)
    return "number of its constants";
  const auto byte = [](int32_t zero) { return zero >= 0 && zero <= 255; };
  if (!byte(t.zero_x) || !byte(t.zero_b) || !byte(t.zero_c)) return "a zero point outside 0..255";
  // A checkpoint of someone else's must not lead the reference engine outside of its table.
  constexpr int32_t most = 1 << 30;
  const auto [slow, fast] = std::minmax_element(t.log_rate.begin(), t.log_rate.end());
  const auto [shortest, longest] = std::minmax_element(t.log_step.begin(), t.log_step.end());
  if (*slow < -most || *fast > most || *longest > most || *shortest < -*slow) return "its rates and steps";
  return t.input_shift < 0 || t.input_shift > 30 || t.state_shift < 0 || t.state_shift > 30 ? "its shifts" : nullptr;
}

const char* problem_of(const LayerGraph& g, const Layer& l, const Scan& op, const Dims& in, const Tensor& out) {
  for (const int32_t size : {op.steps, op.channels, op.states})
    if (size < 1 || size > kMaxElements) return "empty or absurd sizes";
  const int64_t elements = int64_t{op.steps} * op.channels;
  const auto dims = [&](std::size_t i) -> const Dims& { return g.tensors[static_cast<std::size_t>(l.inputs[i])].dims; };
  if (in.count() != elements || dims(1).count() != elements || out.dims.count() != elements)
    return "its input, steps or output are not as large as its channels say";
  const int64_t third = dims(2).count();
  if (third % op.steps || op.offset < 0 || op.offset + 2 * int64_t{op.states} > third / op.steps)
    return "its third input does not hold B and C";
  if (static_cast<int64_t>(op.rates.size()) != int64_t{op.channels} * op.states) return "number of rates";
  if (!op.skip.empty() && op.skip.size() != static_cast<std::size_t>(op.channels)) return "number of skip weights";
  if (const char* what = terms_problem(op)) return what;
  return requant_problem(op.requant, 1, out.type);
}

const char* problem_of(const LayerGraph& g, const Layer& l, const Lookup& op, const Dims& in, const Tensor& out) {
  for (const int32_t size : {op.rows, op.columns})
    if (size < 1 || size > kMaxElements) return "empty or absurd sizes";
  if (double(op.table.size()) != double(op.rows) * op.columns) return "size of its table";
  if (double(out.dims.count()) != double(in.count()) * op.columns) return "its output has not a row per number";
  const Quantisation& q = g.tensors[static_cast<std::size_t>(l.inputs[0])].q;
  return q.lo < 0 || q.hi >= op.rows ? "its numbers reach beyond the table" : nullptr;
}

const char* problem_of(const LayerGraph& g, const Layer& l, const Rearrange& op, const Dims&, const Tensor& out) {
  if (op.pieces.empty() || op.pieces.size() > kMaxPieces) return "no pieces, or too many";
  if (out.type != ElementType::u8) return "output type";
  for (const Piece& p : op.pieces) {
    if (p.input < 0 || static_cast<std::size_t>(p.input) >= l.inputs.size()) return "a piece of no input";
    const Dims& in = g.tensors[static_cast<std::size_t>(l.inputs[static_cast<std::size_t>(p.input)])].dims;
    if (const char* what = problem(p, seen_by(op, in), seen_by(op, out.dims))) return what;
  }
  return cover_problem(op, seen_by(op, out.dims));
}

/// Whether an operation takes that many inputs.
bool takes(const Operation& op, std::size_t inputs) {
  if (std::holds_alternative<Rearrange>(op)) return inputs >= 1;
  const bool two =
      std::holds_alternative<Add>(op) || std::holds_alternative<Multiply>(op) || std::holds_alternative<MatMul>(op);
  return inputs == (std::holds_alternative<Scan>(op) ? 3 : two ? 2 : 1);
}

/// Whether an operation reads and writes tensors of these types.
bool reads(const Operation& op, ElementType type) {
  if (std::holds_alternative<Curve>(op)) return type == ElementType::s16;
  if (type == ElementType::u8) return true;
  const auto* pool = std::get_if<AveragePool>(&op);
  const bool any = std::holds_alternative<Add>(op) || std::holds_alternative<Norm>(op) ||
                   std::holds_alternative<Softmax>(op) || std::holds_alternative<Lookup>(op);
  if (type == ElementType::s32) return std::holds_alternative<Norm>(op) || std::holds_alternative<Add>(op);
  return type == ElementType::s16 && (any || (pool && !is_padded(pool->window)));
}

bool writes(const Operation& op, ElementType type) {
  if (std::holds_alternative<Weighted>(op) || type == ElementType::u8) return true;
  const bool inner =
      std::holds_alternative<Add>(op) || std::holds_alternative<Norm>(op) || std::holds_alternative<MatMul>(op);
  if (type == ElementType::s32) return std::holds_alternative<Add>(op);
  return type == ElementType::s16 && inner;
}

Result<void> check_layer(const LayerGraph& g, LayerId id, std::vector<int>& producers) {
  const Layer& l = g.dag[id];
  const auto wrong = [&](std::string_view what) { return fail(fmt::format("layer '{}': {}", l.name, what)); };
  if (l.name.empty()) return fail(fmt::format("layer {}: has no name", id));
  if (!takes(l.op, l.inputs.size())) return wrong("wrong number of inputs");
  const bool known = std::all_of(l.inputs.begin(), l.inputs.end(), [&](TensorId t) { return valid_id(g, t); });
  if (!known || !valid_id(g, l.output)) return wrong("invalid tensor id");
  if (++producers[static_cast<std::size_t>(l.output)] > 1) return wrong("its output has another producer");
  const Tensor& in = g.tensors[static_cast<std::size_t>(l.inputs[0])];
  const auto stored = [&](TensorId t) { return reads(l.op, g.tensors[static_cast<std::size_t>(t)].type); };
  const Tensor& out = g.tensors[static_cast<std::size_t>(l.output)];
  if (!std::all_of(l.inputs.begin(), l.inputs.end(), stored)) return wrong("it cannot read inputs of that many bits");
  if (!writes(l.op, out.type)) return wrong("it cannot write outputs of that many bits");
  if (in.dims.count() % (int64_t{out.dims.h} * out.dims.w) && std::holds_alternative<Weighted>(l.op)) {
    if (std::get<Weighted>(l.op).linear) return wrong("its input is no whole number of tokens");
  }
  const Dims seen = input_dims(g, id);
  const char* what = std::visit([&](const auto& op) { return problem_of(g, l, op, seen, out); }, l.op);
  if (what) return wrong(what);
  return {};
}

Result<void> check_edges(const LayerGraph& g) {
  std::multiset<TensorId> wanted, present;
  std::vector<LayerId> producer(g.tensors.size(), LayerDag::null_vertex());
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) producer[size_t(g.dag[*v].output)] = *v;
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) {
    wanted.clear(), present.clear();
    for (const TensorId t : g.dag[*v].inputs) {
      if (producer[static_cast<std::size_t>(t)] != LayerDag::null_vertex()) wanted.insert(t);
    }
    for (auto [e, last] = boost::in_edges(*v, g.dag); e != last; ++e) {
      const TensorId t = g.dag[*e].tensor;
      if (valid_id(g, t) && producer[static_cast<std::size_t>(t)] == boost::source(*e, g.dag)) present.insert(t);
    }
    if (wanted != present || present.size() != boost::in_degree(*v, g.dag)) {
      return fail(fmt::format("layer '{}': its edges do not match its inputs", g.dag[*v].name));
    }
  }
  if (execution_order(g).size() != boost::num_vertices(g.dag)) return fail("the layers form a cycle");
  return {};
}

template <class Ends>
Result<void> check_ends(const LayerGraph& g, const Ends& ends, const char* what) {
  if (ends.empty()) return fail(fmt::format("the graph has no {}", what));
  for (const auto& end : ends) {
    if (!valid_id(g, end.tensor)) return fail(fmt::format("{} '{}': invalid tensor id", what, end.name));
    if (!valid_view(end.view, g.tensors[static_cast<std::size_t>(end.tensor)].dims)) {
      return fail(fmt::format("{} '{}': its view does not match its tensor", what, end.name));
    }
  }
  return {};
}

/// The float nodes of an input or output can be computed, from its shape, to `count` elements (0: any number).
template <class End>
Result<void> check_host(const End& end, int64_t count) {
  if (!end.host) return {};
  const auto shape = qonnx::host_shape(*end.host, end.view.shape);
  if (!shape) return fail(fmt::format("'{}': {}", end.name, shape.error().what));
  if (count && *qonnx::element_count(*shape) != count) {
    return fail(
        fmt::format("'{}': its float nodes give {} elements, not {}", end.name, qonnx::to_string(*shape), count));
  }
  return {};
}

}  // namespace

std::vector<int64_t> output_shape(const NetworkOutput& output) {
  return output.host ? output.host->shapes.at(output.host->outputs[0]) : output.view.shape;
}

Result<void> validate(const LayerGraph& g) {
  for (const Tensor& t : g.tensors) {
    if (auto ok = check_tensor(t); !ok) return ok;
  }
  std::vector<int> producers(g.tensors.size());
  std::set<std::string> names;
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) {
    if (auto ok = check_layer(g, *v, producers); !ok) return ok;
    if (!names.insert(g.dag[*v].name).second) return fail(fmt::format("two layers named '{}'", g.dag[*v].name));
  }
  if (auto ok = check_ends(g, g.inputs, "input"); !ok) return ok;
  if (auto ok = check_ends(g, g.outputs, "output"); !ok) return ok;
  for (const NetworkInput& in : g.inputs) {
    if (auto ok = check_host(in, g.tensors[static_cast<std::size_t>(in.tensor)].dims.count()); !ok) return ok;
  }
  for (const NetworkOutput& out : g.outputs) {
    if (auto ok = check_host(out, 0); !ok) return ok;
  }
  for (const NetworkInput& in : g.inputs) ++producers[static_cast<std::size_t>(in.tensor)];
  for (std::size_t t = 0; t < producers.size(); ++t) {
    if (producers[t] + is_constant(g.tensors[t]) != 1) {
      return fail(fmt::format("tensor '{}': has {} producers", g.tensors[t].name, producers[t]));
    }
  }
  return check_edges(g);
}

}  // namespace ares
