#include "tests/support/random_models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace ares::test {
namespace {

using namespace builder;

/// The model under construction and the tensors that a later step may join.
struct Maker {
  ModelBuilder& b;
  Draws& d;
  Value x;
  std::vector<Value> earlier;
  int& modules;

  std::string path(const char* kind) { return fmt::format("{}{}", kind, ++modules); }
  bool signal = false;  ///< x is [1, channels, width]
  bool image() const { return x.shape.size() == 4; }
};

QuantSpec random_quant(Draws& d) {
  QuantSpec spec;
  spec.bits = d.chance(0.6) ? 8 : static_cast<int>(d.integer(2, 7));
  spec.is_signed = d.chance(0.5);
  spec.asymmetric = d.chance(0.25);
  spec.narrow = !spec.asymmetric && d.chance(0.2);
  spec.power_of_two = d.chance(0.15);
  spec.range = d.uniform(0.4, 1.2);
  if (!spec.is_signed && !spec.asymmetric && !spec.narrow && d.chance(0.05)) spec.bits = 1;
  return spec;
}

WeightSpec random_weights(Draws& d) {
  if (d.chance(0.06)) return {.bits = 1, .per_channel = d.chance(0.4), .power_of_two = d.chance(0.15)};
  return {.bits = d.chance(0.6) ? 8 : static_cast<int>(d.integer(2, 7)),
          .per_channel = d.chance(0.4),
          .asymmetric = d.chance(0.2),
          .power_of_two = d.chance(0.15)};
}

/// What ends a layer whose sums are not quantised yet: perhaps a ReLU or a clip, then a quantiser.
Value quantised(Maker& m, const Value& y) {
  const std::string path = m.path("act");
  QuantSpec spec = random_quant(m.d);
  if (m.d.chance(0.4)) return m.b.relu(path, y, {.bits = spec.bits, .is_signed = false, .range = spec.range});
  if (m.d.chance(0.15)) return m.b.quant(path, m.b.clip(m.path("clip"), y, -0.5, m.d.uniform(0.2, 2)), spec);
  return m.b.quant(path, y, spec);
}

struct Extent {
  int64_t kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;
};

/// A window along an axis of `in` that fits; padding stays below the kernel's span.
Extent random_extent(Draws& d, int64_t in, bool dilates) {
  Extent e;
  e.kernel = d.integer(1, std::min<int64_t>(4, in + 1));
  e.dilation = dilates && d.chance(0.2) ? 2 : 1;
  e.stride = d.chance(0.6) ? 1 : d.integer(2, 3);
  const int64_t span = e.dilation * (e.kernel - 1) + 1;
  if (d.chance(0.6)) e.begin = d.integer(0, span / 2), e.end = d.integer(0, span / 2);
  while (in + e.begin + e.end < span) e.begin < e.end ? ++e.begin : ++e.end;
  return e;
}

Bias random_bias(Maker& m) {
  if (m.d.chance(0.2)) return Bias::none;
  return m.d.chance(0.25) ? Bias::quantised : Bias::real;
}

bool convolve(Maker& m, int64_t groups, int64_t out) {
  const Extent h = random_extent(m.d, m.x.shape[2], true), w = random_extent(m.d, m.x.shape[3], true);
  const ConvSpec spec{.out = out,
                      .kernel = {h.kernel, w.kernel},
                      .stride = {h.stride, w.stride},
                      .dilation = {h.dilation, w.dilation},
                      .pads = {h.begin, w.begin, h.end, w.end},
                      .groups = groups,
                      .bias = random_bias(m),
                      .weights = random_weights(m.d)};
  Value y = m.b.conv(m.path("conv"), m.x, spec);
  if (m.d.chance(0.25)) y = m.b.batch_norm(m.path("bn"), y);
  m.x = quantised(m, y);
  return true;
}

bool conv(Maker& m) { return m.image() && convolve(m, 1, m.d.integer(1, 9)); }

bool depthwise(Maker& m) { return m.image() && convolve(m, m.x.shape[1], m.x.shape[1]); }

bool grouped_conv(Maker& m) {
  if (!m.image()) return false;
  const int64_t channels = m.x.shape[1];
  for (int64_t groups = channels - 1; groups > 1; --groups) {
    if (channels % groups == 0) return convolve(m, groups, groups * m.d.integer(1, 3));
  }
  return false;
}

/// Two convolutions without a quantiser between them: few bits, so that their products are no large weights.
bool conv_pair(Maker& m) {
  if (!m.image() || m.x.shape[2] * m.x.shape[3] == 1) return false;
  const Extent h = random_extent(m.d, m.x.shape[2], true), w = random_extent(m.d, m.x.shape[3], true);
  const Value y = m.b.conv(m.path("conv"), m.x,
                           {.out = m.d.integer(1, 6),
                            .kernel = {h.kernel, w.kernel},
                            .stride = {h.stride, w.stride},
                            .dilation = {h.dilation, w.dilation},
                            .pads = {h.begin, w.begin, h.end, w.end},
                            .bias = random_bias(m),
                            .weights = {.bits = static_cast<int>(m.d.integer(1, 2))}});
  const auto fitting = [&](std::size_t axis) { return m.d.integer(1, std::min<int64_t>(3, y.shape[axis])); };
  const ConvSpec second{.out = m.d.integer(1, 6),
                        .kernel = {fitting(2), fitting(3)},
                        .stride = {m.d.integer(1, 2), m.d.integer(1, 2)},
                        .bias = m.d.chance(0.5) ? Bias::real : Bias::none,
                        .weights = {.bits = static_cast<int>(m.d.integer(2, 4)), .per_channel = m.d.chance(0.4)}};
  m.x = quantised(m, m.b.conv(m.path("conv"), y, second));
  return true;
}

bool conv_1d(Maker& m) {
  if (!m.signal) return false;
  const Extent w = random_extent(m.d, m.x.shape[2], true);
  const int64_t channels = m.x.shape[1], groups = m.d.chance(0.3) ? channels : 1;
  m.x = quantised(m, m.b.conv(m.path("conv"), m.x,
                              {.out = groups == 1 ? m.d.integer(1, 9) : channels,
                               .kernel = {1, w.kernel},
                               .stride = {1, w.stride},
                               .dilation = {1, w.dilation},
                               .pads = {0, w.begin, 0, w.end},
                               .groups = groups,
                               .bias = random_bias(m),
                               .weights = random_weights(m.d)}));
  return true;
}

/// A function of a sum that no quantiser separates from it.
bool curve(Maker& m) {
  if (!m.image() && !m.signal) return false;
  constexpr const char* kFunctions[] = {"Sigmoid", "Tanh", "HardSwish", "Softplus", "Elu"};
  const Value sum =
      m.b.conv(m.path("conv"), m.x, {.out = m.d.integer(1, 9), .bias = random_bias(m), .weights = random_weights(m.d)});
  const std::string path = m.path("function");
  const int64_t kind = m.d.integer(0, 6);
  const Value y = kind < 5    ? m.b.function(kFunctions[kind], path, sum)
                  : kind == 5 ? m.b.silu(path, sum)
                              : m.b.gelu(path, sum);
  m.x = m.b.quant(m.path("act"), y, random_quant(m.d));
  return true;
}

bool linear(Maker& m) {
  if (m.signal) m.x = m.b.flatten(m.x), m.signal = false;
  if (m.image()) m.x = m.d.chance(0.5) ? m.b.flatten(m.x) : m.b.view_flat(m.x);
  const LinearSpec spec{.out = m.d.integer(1, 12), .bias = random_bias(m), .weights = random_weights(m.d)};
  m.x = quantised(m, m.b.linear(m.path("fc"), m.x, spec));
  return true;
}

PoolSpec random_pool(Maker& m) {
  PoolSpec spec;
  const auto extent = [&](std::size_t axis) {
    Extent e{m.d.integer(1, std::min<int64_t>(4, m.x.shape[axis + 2]))};
    e.stride = m.d.integer(1, 3);
    if (m.d.chance(0.4)) e.begin = m.d.integer(0, e.kernel / 2), e.end = m.d.integer(0, e.kernel / 2);
    spec.kernel[axis] = e.kernel;
    spec.stride[axis] = e.stride;
    spec.pads[axis] = e.begin;
    spec.pads[axis + 2] = e.end;
  };
  extent(0);
  extent(1);
  spec.count_pads = m.d.chance(0.5);
  spec.ceil = m.d.chance(0.5);
  return spec;
}

bool max_pool(Maker& m) {
  if (!m.image()) return false;
  m.x = m.b.max_pool(m.path("pool"), m.x, random_pool(m));
  if (m.d.chance(0.5)) m.x = m.b.quant(m.path("act"), m.x, random_quant(m.d));
  return true;
}

bool average_pool(Maker& m) {
  if (!m.image()) return false;
  m.x = quantised(m, m.b.average_pool(m.path("pool"), m.x, random_pool(m)));
  return true;
}

bool truncated_average_pool(Maker& m) {
  if (!m.image()) return false;
  PoolSpec spec = random_pool(m);
  spec.ceil = false;
  spec.count_pads = true;
  const Value x = m.b.quant(m.path("act"), m.x, {.is_signed = m.d.chance(0.5), .range = m.d.uniform(0.4, 1.2)});
  m.x = m.b.truncated_average_pool(m.path("pool"), x, spec);
  return true;
}

bool global_average_pool(Maker& m) {
  if (!m.image()) return false;
  m.x = quantised(m, m.b.global_average_pool(m.path("gap"), m.x));
  return true;
}

bool requantise(Maker& m) {
  constexpr std::string_view kRoundings[] = {"ROUND", "ROUND", "FLOOR", "CEIL", "ROUND_TO_ZERO"};
  QuantSpec spec = random_quant(m.d);
  spec.rounding = kRoundings[m.d.integer(0, 4)];
  m.x = m.b.quant(m.path("act"), m.x, spec);
  return true;
}

bool function(Maker& m) {
  const std::string path = m.path("function");
  const auto plain = [&](const char* op) { return m.b.function(op, path, m.x); };
  const std::function<Value()> functions[] = {
      [&] { return plain("Sigmoid"); },
      [&] { return plain("Tanh"); },
      [&] { return plain("HardSwish"); },
      [&] { return plain("Elu"); },
      [&] { return plain("Softplus"); },
      [&] { return plain("Relu"); },
      [&] { return m.b.leaky_relu(path, m.x, 0.1); },
      [&] { return m.b.clip(path, m.x, 0, 6); },
      [&] { return m.b.silu(path, m.x); },
      [&] { return m.b.gelu(path, m.x); },
      [&] { return m.b.add(path, m.x, plain("Tanh")); },
  };
  const auto last = static_cast<int64_t>(std::size(functions)) - 1;
  m.x = m.b.quant(m.path("act"), functions[static_cast<std::size_t>(m.d.integer(0, last))](), random_quant(m.d));
  return true;
}

/// Another tensor of x's shape: an earlier one, or a layer of x that keeps it.
Value partner(Maker& m) {
  std::vector<Value> fitting;
  for (const Value& v : m.earlier) {
    if (v.shape == m.x.shape && v.name != m.x.name) fitting.push_back(v);
  }
  if (!fitting.empty() && m.d.chance(0.5)) {
    return fitting[static_cast<std::size_t>(m.d.integer(0, static_cast<int64_t>(fitting.size()) - 1))];
  }
  const Value y = m.image() || m.signal
                      ? m.b.conv(m.path("conv"), m.x, {.out = m.x.shape[1], .weights = random_weights(m.d)})
                      : m.b.linear(m.path("fc"), m.x, {.out = m.x.shape.back(), .weights = random_weights(m.d)});
  return quantised(m, y);
}

/// The two at one scale or each at its own.
std::vector<Value> at_scales(Maker& m, const Value& a, const Value& c) {
  return m.d.chance(0.5) ? m.b.quant_shared(m.path("shared"), {a, c}, random_quant(m.d)) : std::vector{a, c};
}

bool add(Maker& m) {
  const auto both = at_scales(m, m.x, partner(m));
  m.x = quantised(m, m.b.add("", both[0], both[1]));
  return true;
}

bool multiply(Maker& m) {
  const auto both = at_scales(m, m.x, partner(m));
  m.x = quantised(m, m.b.mul("", both[0], both[1]));
  return true;
}

/// Tokens of features in which an axis of 1 leaves the layout open; the importer may take two such for different ones.
bool is_ambiguous(const Shape& shape) { return shape.size() == 3 && std::count(shape.begin(), shape.end(), 1) > 1; }

bool concat(Maker& m) {
  if (m.signal || is_ambiguous(m.x.shape)) return false;
  const auto both = at_scales(m, m.x, partner(m));
  const int64_t axis = m.image() && m.d.chance(0.3) ? m.d.integer(2, 3) : 1;
  m.x = m.b.quant(m.path("act"), m.b.concat("", both, axis), random_quant(m.d));
  return true;
}

bool split(Maker& m) {
  const int64_t extent = m.x.shape[1];
  if (m.signal || extent < 2) return false;
  const int64_t first = m.d.integer(1, extent - 1);
  const auto parts = m.b.split("", m.x, {first, extent - first});
  m.earlier.push_back(parts[0]);
  m.x = m.b.quant(m.path("act"), parts[1], random_quant(m.d));
  return true;
}

bool slice(Maker& m) {
  if (m.signal) return false;
  const auto axis = m.d.integer(1, static_cast<int64_t>(m.x.shape.size()) - 1);
  const int64_t extent = m.x.shape[static_cast<std::size_t>(axis)];
  const int64_t start = m.d.integer(0, extent - 1), end = m.d.integer(start + 1, extent);
  m.x = m.b.quant(m.path("act"), m.b.slice("", m.x, axis, start, end, m.d.integer(1, 2)), random_quant(m.d));
  return true;
}

bool pad(Maker& m) {
  if (!m.image()) return false;
  const auto amount = [&] { return m.d.integer(0, 2); };
  m.x = m.b.quant(m.path("act"), m.b.pad("", m.x, {amount(), amount(), amount(), amount()}), random_quant(m.d));
  return true;
}

bool upsample(Maker& m) {
  if (!m.image() || m.x.shape[2] * m.x.shape[3] > 64) return false;
  m.x = m.b.quant(m.path("act"), m.b.upsample("", m.x, m.d.integer(2, 3)), random_quant(m.d));
  return true;
}

bool transpose(Maker& m) {
  if (!m.image()) return false;
  std::vector<int64_t> axes{0, 2, 3, 1};
  for (int64_t i = m.d.integer(0, 4); i > 0; --i) std::next_permutation(axes.begin() + 1, axes.end());
  m.x = m.b.quant(m.path("act"), m.b.transpose("", m.x, axes), random_quant(m.d));
  return true;
}

struct StepRow {
  Step step;
  const char* name;
  bool (*take)(Maker&);  ///< false, and nothing done, where the tensor's shape does not suit it
};

const StepRow kSteps[] = {
    {Step::conv, "conv", conv},
    {Step::depthwise, "depthwise", depthwise},
    {Step::grouped_conv, "grouped_conv", grouped_conv},
    {Step::conv_pair, "conv_pair", conv_pair},
    {Step::conv_1d, "conv_1d", conv_1d},
    {Step::linear, "linear", linear},
    {Step::max_pool, "max_pool", max_pool},
    {Step::average_pool, "average_pool", average_pool},
    {Step::truncated_average_pool, "truncated_average_pool", truncated_average_pool},
    {Step::global_average_pool, "global_average_pool", global_average_pool},
    {Step::requantise, "requantise", requantise},
    {Step::function, "function", function},
    {Step::curve, "curve", curve},
    {Step::add, "add", add},
    {Step::multiply, "multiply", multiply},
    {Step::concat, "concat", concat},
    {Step::split, "split", split},
    {Step::slice, "slice", slice},
    {Step::pad, "pad", pad},
    {Step::upsample, "upsample", upsample},
    {Step::transpose, "transpose", transpose},
};

const StepRow& row_of(Step step) {
  return *std::find_if(std::begin(kSteps), std::end(kSteps), [&](const StepRow& r) { return r.step == step; });
}

}  // namespace

const char* name_of(Step step) { return row_of(step).name; }

namespace {

/// One chain of steps from an input of its own; gives what they were.
std::string random_part(Maker& m, const std::string& input, std::span<const Step> allowed) {
  const auto extent = [&] { return m.d.integer(1, 9); };
  const double kind = m.d.unit();  // mostly images, else features, tokens of features, signals
  const Shape shape = kind < 0.75   ? Shape{1, extent(), extent(), extent()}
                      : kind < 0.85 ? Shape{1, m.d.integer(1, 40)}
                                    : Shape{1, extent(), m.d.integer(1, 12)};
  m.signal = kind >= 0.92;
  m.x = m.b.quant(m.path("input_quant"), m.b.input(input, shape), random_quant(m.d));
  std::string steps;
  const int64_t wanted = m.d.integer(1, 6);
  int64_t taken = 0;
  for (int tries = 0; taken < wanted && tries < 40; ++tries) {
    const Step step = allowed[static_cast<std::size_t>(m.d.integer(0, static_cast<int64_t>(allowed.size()) - 1))];
    const Value before = m.x;
    if (!row_of(step).take(m)) continue;
    m.earlier.push_back(before);
    steps += fmt::format("{}{}", taken ? ", " : "", name_of(step));
    ++taken;
  }
  if (taken == 0) requantise(m);
  if (m.d.chance(0.5)) return steps;
  // The other half ends in logits that are not quantised.
  const Value x = m.x.shape.size() > 2 ? m.b.flatten(m.x) : m.x;
  const LinearSpec spec{.out = m.d.integer(1, 10), .bias = random_bias(m), .weights = random_weights(m.d)};
  m.x = m.b.linear(m.path("classifier"), x, spec);
  return steps + ", logits";
}

}  // namespace

RandomModel random_model(uint64_t seed, std::span<const Step> allowed, int parts) {
  ModelBuilder b("random", {.seed = seed});
  Draws d(seed ^ 0x5EED);
  int modules = 0;
  RandomModel result;
  std::vector<Value> outputs;
  for (int i = 0; i < parts; ++i) {
    Maker m{b, d, {}, {}, modules, false};
    result.steps += (i ? "; " : "") + random_part(m, parts == 1 ? "input" : fmt::format("input_{}", i), allowed);
    outputs.push_back(m.x);
  }
  result.model = b.finish(outputs);
  return result;
}

qonnx::Evaluation::Tensors random_sample(uint64_t seed, const qonnx::ModelGraph& model) {
  Draws d(seed);
  qonnx::Evaluation::Tensors inputs;
  for (const std::string& name : model.inputs) {
    const Shape& shape = model.shapes.at(name);
    std::vector<float> values(static_cast<std::size_t>(qonnx::element_count(shape).value()));
    for (float& v : values) v = static_cast<float>(d.uniform(-1.2, 1.2));
    inputs[name] = qonnx::real_tensor(shape, values);
  }
  return inputs;
}

}  // namespace ares::test
